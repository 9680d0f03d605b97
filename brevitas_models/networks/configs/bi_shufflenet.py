"""Every choice of a Bi-ShuffleNet."""

from dataclasses import dataclass

from brevitas_models.layers.values import SHORTCUT_BITS, require_activation
from finn_build.errors import ConfigError

STAGE_CHANNELS = (48, 96, 192)
DOWNSAMPLING = 2 ** (2 + len(STAGE_CHANNELS))
POOLS = ("max", "average")


@dataclass(frozen=True)
class BiShuffleNetConfig:
    """Every choice of a `BiShuffleNet`; the defaults are the paper's final network (X of table 5).

    Attributes:
        in_channels: 1 for grey, 3 for RGB.
        image_size: height and width of the input in pixels.
        num_classes: size of the output.
        stem_kernel: kernel of the first convolution (ks_conv1): 3, 5, 7 or 9.
        right_kernels: kernels of the convolutions between the two 1x1 of the right branch in basic units (ks_DWr):
            (3,), (5,) or (3, 3).
        right_down_kernels: the same in down-sampling units; None for those of the basic units.
        left_kernels: kernels before the 1x1 in the left branch of down-sampling units (ks_DWl).
        basic_shortcuts: identity shortcuts around the convolutions of basic units (S_basic).
        down_shortcut: pooled shortcut over the left branch of down-sampling units (S_down).
        shortcut_pool: max or average.
        weight_bits: bits of the weights in the units: 1 for +1 and -1; 32 is step 1 of the training.
        shortcut_bits: bits r of the integers between the units, 4 to 8; 32 for float.
        activation: rprelu, rsilu, silu, relu or hardtanh.
        edge_weight_bits: weight bits of the first layer and the classifier.
        head_weight_bits: weight bits of the last convolution, from 192 to `head_channels` channels.
        head_channels: its output channels, which are the inputs of the classifier.
        head_act_bits: bits of its output, unsigned; 32 for float.
    """

    in_channels: int = 1
    image_size: int = 224
    num_classes: int = 6
    stem_kernel: int = 9
    right_kernels: tuple[int, ...] = (3, 3)
    right_down_kernels: tuple[int, ...] | None = None
    left_kernels: tuple[int, ...] = (5,)
    basic_shortcuts: bool = True
    down_shortcut: bool = True
    shortcut_pool: str = "max"
    weight_bits: int = 1
    shortcut_bits: int = 5
    activation: str = "rprelu"
    edge_weight_bits: int = 8
    head_weight_bits: int = 1
    head_channels: int = 1024
    head_act_bits: int = 3

    def check(self) -> None:
        """Reject what does not fit together, with the nearest that does."""
        if self.image_size < DOWNSAMPLING or self.image_size % DOWNSAMPLING:
            near = max(DOWNSAMPLING, round(self.image_size / DOWNSAMPLING) * DOWNSAMPLING)
            raise ConfigError(f"image_size={self.image_size} is not a multiple of {DOWNSAMPLING}; nearest: {near}")
        if self.shortcut_bits not in SHORTCUT_BITS:
            legal = ", ".join(map(str, SHORTCUT_BITS))
            raise ConfigError(f"shortcut_bits={self.shortcut_bits}; legal: {legal}")
        if self.shortcut_pool not in POOLS:
            raise ConfigError(f"shortcut_pool={self.shortcut_pool!r}; legal: {', '.join(POOLS)}")
        kernels = (self.stem_kernel, *self.right_kernels, *(self.right_down_kernels or ()), *self.left_kernels)
        if any(k < 1 or k % 2 == 0 for k in kernels):
            raise ConfigError(f"kernels {kernels}; legal: odd numbers, which keep the size of a map")
        require_activation(self.activation)
