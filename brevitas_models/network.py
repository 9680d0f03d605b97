"""What every network of the zoo carries besides its layers."""

from typing import Any, ClassVar, Literal

from torch import nn

Task = Literal["classification", "segmentation"]


class Network(nn.Module):
    """Base of the zoo's networks.

    Attributes:
        config: the frozen dataclass it was built from.
        name: its name in the zoo; empty when built directly.
        classes: class names in the order of the logits, of the defects in a mask; empty until it is trained.
        task: what its output is, logits of classes or a mask.
    """

    task: ClassVar[Task] = "classification"

    config: Any
    name: str = ""
    classes: tuple[str, ...] = ()
