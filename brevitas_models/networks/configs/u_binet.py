"""Every choice of a U-BiNet."""

from dataclasses import dataclass

from brevitas_models.layers.values import require_activation
from finn_build.errors import ConfigError

UPSAMPLES = ("transposed", "nearest")


@dataclass(frozen=True)
class UBiNetConfig:
    """Every choice of a `UBiNet`; the defaults are the paper's network with 4-bit activations.

    Attributes:
        in_channels: 1 for grey, 3 for RGB.
        image_size: height and width of image and mask in pixels, any size from 2^depth.
        width: channels at full resolution; each level down has twice those of the one above.
        depth: number of poolings.
        weight_bits: 1 for +1 and -1; 32 is step 1 of the training, and real weights at the edges too.
        edge_weight_bits: weight bits of the first and the last convolution.
        act_bits: bits k of every map, 1 to 8; 16 and 32 for training comparisons.
        act_signed: whether maps have negative levels; one signed bit is +1 and -1.
        activation: rsilu, silu, rprelu, relu or hardtanh.
        upsample: "transposed" for a transposed 2x2 convolution with stride 2, "nearest" for each pixel twice, then a
            3x3 convolution.
        skips: for each level, from full resolution down, whether its map skips to the other side; None for all.
    """

    in_channels: int = 1
    image_size: int = 224
    width: int = 32
    depth: int = 4
    weight_bits: int = 1
    edge_weight_bits: int = 1
    act_bits: int = 4
    act_signed: bool = False
    activation: str = "rsilu"
    upsample: str = "transposed"
    skips: tuple[bool, ...] | None = None

    @property
    def levels(self) -> tuple[bool, ...]:
        """`skips`, one for each level."""
        return (True,) * self.depth if self.skips is None else self.skips

    def check(self) -> None:
        """Reject what does not fit together."""
        if self.depth < 1 or self.width < 1 or self.in_channels < 1:
            raise ConfigError(
                f"in_channels={self.in_channels}, width={self.width}, depth={self.depth}; each must be at least 1"
            )
        if self.image_size < 1 << self.depth:
            raise ConfigError(
                f"image_size={self.image_size} is too small for {self.depth} poolings; "
                f"at least {1 << self.depth}, or a smaller depth"
            )
        if self.upsample not in UPSAMPLES:
            raise ConfigError(f"upsample={self.upsample!r}; legal: {', '.join(UPSAMPLES)}")
        if len(self.levels) != self.depth:
            raise ConfigError(f"skips={self.skips} must name {self.depth} levels, as many as depth")
        step = 1 << self.depth
        if self.act_bits == 1 and self.act_signed and self.image_size % step:
            raise ConfigError(
                f"image_size={self.image_size} is not a multiple of {step}, and maps of +1 and -1 have no zero "
                "to pad odd sizes with; choose a multiple, or act_signed=false"
            )
        require_activation(self.activation)
