"""Every choice of a residual binary CNN."""

from dataclasses import dataclass

from brevitas_models.layers.values import require_activation
from finn_build.errors import ConfigError


@dataclass(frozen=True)
class BinaryResCNNConfig:
    """Every choice of a `BinaryResCNN`.

    Attributes:
        in_channels: 1 for grey, 3 for RGB.
        image_size: height and width of the input in pixels, a multiple of 2^(stages + 1).
        num_classes: size of the output.
        channels: channels of each stage; the first stage works at half the image size, each next one at
            half of that.
        blocks: binary convolutions with an identity shortcut in each stage. The convolution that enters a
            stage changes the channels and has no shortcut; it is the 8-bit one in the first stage, binary
            in the others.
        weight_bits: 1 for ±1; 32 is step 1 of the training.
        act_bits: bits k of what feeds the convolutions (1…8; 16 and 32 for training comparisons).
        act_signed: whether those have negative levels; 1 bit signed is RSign.
        residual_bits: bits r of each branch that enters a shortcut stream, 4…8.
        activation: rprelu, rsilu, silu, relu or hardtanh.
        edge_weight_bits: weight bits of the first and the last layer.
    """

    in_channels: int = 1
    image_size: int = 64
    num_classes: int = 6
    channels: tuple[int, ...] = (16, 32, 64)
    blocks: tuple[int, ...] = (1, 1, 1)
    weight_bits: int = 1
    act_bits: int = 1
    act_signed: bool = True
    residual_bits: int = 4
    activation: str = "rprelu"
    edge_weight_bits: int = 8

    def check(self) -> None:
        """Reject sizes that do not fit together, with the nearest ones that do."""
        if len(self.channels) != len(self.blocks) or not self.channels:
            raise ConfigError(f"channels={self.channels} and blocks={self.blocks} must be of equal length")
        step = 2 ** (len(self.channels) + 1)
        if self.image_size < step or self.image_size % step:
            near = max(step, round(self.image_size / step) * step)
            raise ConfigError(f"image_size={self.image_size} is not a multiple of {step}; nearest: {near}")
        if not 4 <= self.residual_bits <= 8 and self.residual_bits != 32:
            raise ConfigError(f"residual_bits={self.residual_bits} is not legal; choose 4 to 8 (or 32)")
        require_activation(self.activation)
