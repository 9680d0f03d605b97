"""Every choice of a CNV."""

from dataclasses import dataclass

from finn_build.errors import ConfigError


@dataclass(frozen=True)
class CNVConfig:
    """Every choice of a `CNV`.

    Attributes:
        in_channels: 3 for RGB, 1 for grey.
        image_size: height and width of the input in pixels, a multiple of 4 from 32 on.
        num_classes: size of the output.
        width: channels of the first convolution; the others have 1, 2 or 4 times, the dense layers 8 times
            as many.
        weight_bits: 1 for ±1; 32 is step 1 of the training.
        act_bits: bits k of every activation (1…8; 16 and 32 for training comparisons).
        act_signed: whether activations have negative levels; 1 bit signed is bipolar.
    """

    in_channels: int = 3
    image_size: int = 32
    num_classes: int = 10
    width: int = 64
    weight_bits: int = 1
    act_bits: int = 1
    act_signed: bool = True

    def check(self) -> None:
        """Reject sizes that do not fit, with the nearest that does.

        Raises:
            ConfigError: of a field that is not legal.
        """
        if self.image_size < 32 or self.image_size % 4:
            near = max(32, round(self.image_size / 4) * 4)
            raise ConfigError(f"image_size={self.image_size} is not a multiple of 4 from 32 on; nearest: {near}")
