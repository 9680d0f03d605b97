"""What every network of the zoo carries besides its layers."""

from typing import Any, ClassVar, Literal

from torch import Tensor, nn


class Network(nn.Module):
    """Base of the zoo's networks.

    Attributes:
        task: what it gives for an image: "classes", one logit each, or "mask", a logit per pixel; training, evaluation,
            inspection and experiments go by it.
        config: the frozen dataclass it was built from.
        name: its name in the zoo; empty when built directly.
        classes: class names in the order of the logits, of the defects in a mask; empty until it is trained.
        sign: of a network of masks, what makes the mask of its logits.
    """

    task: ClassVar[Literal["classes", "mask"]] = "classes"
    config: Any
    name: str = ""
    classes: tuple[str, ...] = ()
    sign: nn.Module

    def logits(self, x: Tensor) -> Tensor:
        """What training compares with its targets, in either mode."""
        logits: Tensor = self(x)
        return logits
