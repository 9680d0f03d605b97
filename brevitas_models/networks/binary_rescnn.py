"""Residual binary CNN for small images: 8-bit first and last layer, 1-bit convolutions with shortcuts.

Trained weights of `binary_rescnn_w1a1` are in weights/, with data, protocol and recipe beside them (one seed;
NEU surface defects at 64×64, grouped split, hardware arithmetic; defaults of `signflow train`):

    model                 1-bit / 8-bit weights   train    val      test
    binary_rescnn_w1a1    71,424 / 6,288          0.985    0.982    0.969

Source: RSign, RPReLU, RSiLU and the two-step training of the Bi-ShuffleNet / U-BiNet paper; the network is ours.
"""

from itertools import pairwise

from brevitas.nn import QuantLinear
from torch import Tensor, nn

from brevitas_models.layers.activations import BatchNorm2d, RSign, activation
from brevitas_models.layers.conv_units import Conv2d, behind_conv
from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from brevitas_models.networks.configs.binary_rescnn import BinaryResCNNConfig
from brevitas_models.networks.network import Network


class Branch(nn.Module):
    """3×3 convolution, batch norm, activation function: what runs beside a shortcut.

    Shapes:
        [N, in_channels, H, W] on integers · scale to [N, out_channels, H, W] of reals.
    """

    def __init__(self, in_channels: int, out_channels: int, weight_bits: int, activation_name: str) -> None:
        super().__init__()
        self.conv = Conv2d(in_channels, out_channels, 3, bits=weight_bits)
        self.norm = BatchNorm2d(out_channels)
        self.activation = activation(activation_name, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, normalise, activate."""
        return behind_conv(self.conv(x), self.norm, self.activation)


class Stage(nn.Module):
    """One resolution: an entry branch opens an integer stream, then each block adds a binary branch to it.

    All branches go through `residual`, one quantizer of r bits, so that every add is an add of integers on
    one scale; the sum grows in width and is not quantized again.

    Shapes:
        [N, entry channels, H, W] to [N, channels, H, W], H and W halved if `pool` is set.
    """

    def __init__(self, config: BinaryResCNNConfig, entry: Branch, channels: int, blocks: int, pool: bool) -> None:
        super().__init__()
        self.entry = entry
        self.residual = act_quantizer(config.residual_bits)
        self.pool = nn.MaxPool2d(2) if pool else nn.Identity()
        self.signs = nn.ModuleList(_sign(config, channels) for _ in range(blocks))
        self.branches = nn.ModuleList(
            Branch(channels, channels, config.weight_bits, config.activation) for _ in range(blocks)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Open the stream, then add one branch per block."""
        stream = self.pool(self.residual(self.entry(x)))
        for sign, branch in zip(self.signs, self.branches, strict=True):
            stream = stream + self.residual(branch(sign(stream)))
        return stream


class BinaryResCNN(Network):
    """Residual binary CNN: stem, stages of identity shortcuts, one dense layer.

    Between stages the stream is first reduced to k bits and then max pooled, which gives the same integers
    as the other order (both are monotone) at a fraction of the width.

    Shapes:
        float32 images uint8 / 256, [N, in_channels, image_size, image_size], to logits [N, num_classes].

    Raises:
        ConfigError: a field of `config` is not legal.
    """

    def __init__(self, config: BinaryResCNNConfig) -> None:
        super().__init__()
        config.check()
        self.config = config
        self.pixels = pixel_quantizer()
        widths = (config.in_channels, *config.channels)
        stages = []
        for index, (before, channels) in enumerate(pairwise(widths)):
            bits = config.weight_bits if index else config.edge_weight_bits
            entry = Branch(before, channels, bits, config.activation)
            stages.append(Stage(config, entry, channels, config.blocks[index], pool=index == 0))
        self.stages = nn.ModuleList(stages)
        self.signs = nn.ModuleList(_sign(config, channels) for channels in config.channels)
        self.pool = nn.MaxPool2d(2)
        side = config.image_size // 2 ** (len(config.channels) + 1)
        self.classifier = QuantLinear(
            side * side * config.channels[-1],
            config.num_classes,
            bias=False,
            **weight_quantizer(config.edge_weight_bits),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Pixels to logits."""
        x = self.pixels(x)
        for stage, sign in zip(self.stages, self.signs, strict=True):
            x = self.pool(sign(stage(x)))
        return self.classifier(x.flatten(1))


def _sign(config: BinaryResCNNConfig, channels: int) -> RSign:
    return RSign(channels, config.act_bits, config.act_signed)
