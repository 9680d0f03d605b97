"""What every network of the zoo carries besides its layers."""

from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from finn_build.errors import ConfigError


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

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(1, C, H, W), or (1, C, L) of what takes signals."""
        return 1, self.config.in_channels, self.config.image_size, self.config.image_size

    @property
    def image_size(self) -> int:
        """Height and width of its images in pixels.

        Raises:
            ConfigError: it takes signals, and the data sets here are images.
        """
        *_, size = self.input_shape
        if len(self.input_shape) != 4:
            taken = f"signals of shape {self.input_shape[1:]}, the data sets here are images"
            raise ConfigError(f"{self.name}: it takes {taken}; train and measure it by a loop of your own")
        return size

    def logits(self, x: Tensor) -> Tensor:
        """What training compares with its targets, in either mode."""
        logits: Tensor = self(x)
        return logits
