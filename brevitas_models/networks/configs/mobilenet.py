"""Every choice of a MobileNet."""

from dataclasses import dataclass

from finn_build.errors import ConfigError

SHRINKS = 32


@dataclass(frozen=True)
class MobileNetConfig:
    """Every choice of a `MobileNet`.

    Attributes:
        in_channels: 3 for RGB, 1 for grey.
        image_size: height and width of the input in pixels, a multiple of 32.
        num_classes: size of the output.
        width: channels of the first convolution; 32 in the paper, 8 at width 0.25.
        weight_bits: of pointwise convolutions: 1 for ±1; 32 is step 1 of the training.
        depthwise_bits: of depthwise convolutions.
        edge_bits: of the first convolution and the dense layer.
        act_bits: of what enters every layer but the first.
    """

    in_channels: int = 3
    image_size: int = 96
    num_classes: int = 2
    width: int = 8
    weight_bits: int = 1
    depthwise_bits: int = 4
    edge_bits: int = 8
    act_bits: int = 4

    def check(self) -> None:
        """Reject sizes that do not fit, with the nearest that does.

        Raises:
            ConfigError: of a field that is not legal.
        """
        if self.image_size < SHRINKS or self.image_size % SHRINKS:
            near = max(SHRINKS, round(self.image_size / SHRINKS) * SHRINKS)
            raise ConfigError(f"image_size={self.image_size} is not a multiple of 32; nearest: {near}")
