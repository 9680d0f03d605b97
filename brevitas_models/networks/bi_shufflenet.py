"""Bi-ShuffleNet: ShuffleNetV2 0.5x with 1-bit units, the classification network of the paper, in all its variants.

Two readings of the same module, with the same parameters. In float (`shortcut_bits`, `head_act_bits` and the weight
bits of edges and head 32) it is the network of the paper. In hardware form every tensor between convolutions is an
integer of r = `shortcut_bits` bits on one power-of-two scale, or one bit where nothing but the next RSign reads it; the
first and last layers have 8-bit weights.

What the paper leaves open, and the reading taken here (`signflow complexity` prints the accounts that
decided it; `variants.py` lists the rows of tables 5 and 6):

- 1-bit convolutions are full, not depthwise: rows III to V of table 5 differ by just what full ones add.
- Zero padding; a zero among +1 and -1 adds nothing.
- Two 3x3 convolutions in a down-sampling unit: the first at full resolution, the second with the stride. That gives
  2.20e8 binary operations, the paper's 0.22e9; with the stride first it would be 1.84e8.
- The shortcut joins the sum of the convolution, times a power of two near four times the spread of that sum, before
  batch norm and RPReLU. In integers it is an add into the accumulator, and one step function per convolution is all
  that follows.
- A max-pooled shortcut (2x2, stride 2) spans the two left convolutions of a down-sampling unit.
- The last 1x1 convolution (192 to 1024 channels) and the classifier come after the units, as in ShuffleNetV2. In
  hardware form the convolution has 1-bit weights on r-bit activations: 8 bits (`head_weight_bits=8`) take 88 RAMB18.

Source: section 3.1, figure 2, tables 1, 2, 5 and 6 of the paper.
"""

from collections.abc import Sequence
from math import log2, sqrt

import torch
from brevitas.nn import QuantLinear
from torch import Tensor, nn
from torch.nn import functional as F

from brevitas_models.layers import fused
from brevitas_models.layers.activations import BatchNorm2d, RSign, activation
from brevitas_models.layers.conv_units import Conv2d, ConvUnit, behind_conv
from brevitas_models.layers.quantizers import pixel_quantizer, shortcut_quantizer, weight_quantizer
from brevitas_models.networks.configs.bi_shufflenet import DOWNSAMPLING, STAGE_CHANNELS, BiShuffleNetConfig
from brevitas_models.networks.network import Network

STEM_CHANNELS = 24
BASIC_UNITS = (3, 7, 3)


class BinaryConv(nn.Module):
    """RSign, 1-bit convolution, the shortcut, batch norm, activation function, and the integers of the next stream.

    Shapes:
        x [N, channels, H, W]; shortcut and output [N, channels, H / stride, W / stride].
    """

    def __init__(
        self, config: BiShuffleNetConfig, channels: int, kernel: int, stream: nn.Module, stride: int = 1
    ) -> None:
        super().__init__()
        self.sign = RSign(channels)
        self.conv = Conv2d(channels, channels, kernel, stride, config.weight_bits)
        self.binary = config.weight_bits == 1
        self.gain = 4.0 * 2.0 ** round(log2(sqrt(channels) * kernel))
        self.norm = BatchNorm2d(channels)
        self.activation = activation(config.activation, channels)
        self.stream = stream

    def forward(self, x: Tensor, shortcut: Tensor | None = None) -> Tensor:
        """Convolve the signs of `x`, add `gain` times the shortcut, normalise, activate.

        Step 1 trains real weights at the magnitude that step 2 will have.
        """
        conv, signs = self.conv, self.sign(x)
        if self.binary:
            total = conv(signs)
        elif self.training and fused.usable(x):
            total = F.conv2d(signs, conv.weight / conv.weight.abs().mean(), None, conv.stride, conv.padding)
        else:
            total = conv(signs) / conv.weight.abs().mean()
        return behind_conv(total, self.norm, self.activation, self.stream, shortcut, self.gain)


class BasicUnit(nn.Module):
    """Half of the channels pass, the other half go through 1x1, k x k, 1x1 with a shortcut around each; then a shuffle.

    Shapes:
        [N, channels, H, W] to the same.

    Source: figure 2c of the paper.
    """

    def __init__(self, config: BiShuffleNetConfig, channels: int) -> None:
        super().__init__()
        self.width = channels // 2
        self.shortcuts = config.basic_shortcuts
        kernels = (1, *config.right_kernels, 1)
        streams = _streams(config, len(kernels), exposed=self.shortcuts)
        self.right = nn.ModuleList(BinaryConv(config, self.width, k, s) for k, s in zip(kernels, streams, strict=True))

    def forward(self, x: Tensor) -> Tensor:
        """Split, convolve, concatenate, shuffle."""
        left, right = x.split(self.width, 1)
        for conv in self.right:
            right = conv(right, right if self.shortcuts else None)
        return shuffle(left, right)


class DownUnit(nn.Module):
    """Twice the channels at half the size: both branches see all channels, a pooled shortcut spans the left one.

    Shapes:
        [N, channels, H, W] to [N, 2 channels, H / 2, W / 2].

    Source: figure 2d of the paper.
    """

    def __init__(self, config: BiShuffleNetConfig, channels: int) -> None:
        super().__init__()
        right, left = config.right_down_kernels or config.right_kernels, config.left_kernels
        self.left = _branch(config, channels, (*left, 1), len(left) - 1)
        self.right = _branch(config, channels, (1, *right, 1), len(right))
        self.pool: nn.Module | None = None
        if config.down_shortcut:
            self.pool = (nn.MaxPool2d if config.shortcut_pool == "max" else nn.AvgPool2d)(2)

    def forward(self, x: Tensor) -> Tensor:
        """Two branches, concatenate, shuffle."""
        left = right = x
        for conv in self.left[:-1]:
            left = conv(left)
        left = self.left[-1](left, None if self.pool is None else self.pool(x))
        for conv in self.right:
            right = conv(right)
        return shuffle(left, right)


class BiShuffleNet(Network):
    """Stem, three stages of a down-sampling unit and basic units, 1x1 convolution to 1024 channels, mean, classifier.

    Shapes:
        float32 images uint8 / 256, [N, in_channels, image_size, image_size], to logits [N, num_classes].

    Raises:
        ConfigError: a field of `config` is not legal.
    """

    def __init__(self, config: BiShuffleNetConfig) -> None:
        super().__init__()
        config.check()
        self.config = config
        self.pixels = pixel_quantizer() if config.edge_weight_bits <= 8 else nn.Identity()
        self.stem = _stem(config)
        self.units = _units(config)
        self.head = _head(config)
        side = config.image_size // DOWNSAMPLING
        self.mean = 2.0 ** -round(log2(side * side))  # a power of two near 1 / pixels, so that sums stay exact
        self.classifier = QuantLinear(
            config.head_channels, config.num_classes, bias=False, **weight_quantizer(config.edge_weight_bits)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Pixels to logits."""
        x = self.head(self.units(self.stem(self.pixels(x))))
        return self.classifier(x.sum((2, 3)) * self.mean)


def shuffle(left: Tensor, right: Tensor) -> Tensor:
    """Concatenate two branches and shuffle their channels: left 0, right 0, left 1, right 1, ..."""
    if left.requires_grad and fused.usable(left):
        return fused.shuffle(left, right)
    n, channels, height, width = left.shape
    both = torch.cat((left, right), 1).reshape(n, 2, channels, height, width)
    return both.transpose(1, 2).reshape(n, 2 * channels, height, width)


def _stem(config: BiShuffleNetConfig) -> nn.Sequential:
    """A quarter of the size, 24 channels; the integers of the first stream come before the pool, which keeps them."""
    return ConvUnit(
        Conv2d(config.in_channels, STEM_CHANNELS, config.stem_kernel, 2, config.edge_weight_bits),
        BatchNorm2d(STEM_CHANNELS),
        activation(config.activation, STEM_CHANNELS),
        shortcut_quantizer(config.shortcut_bits),
        nn.MaxPool2d(3, 2, 1),
    )


def _units(config: BiShuffleNetConfig) -> nn.Sequential:
    """The three stages."""
    units: list[nn.Module] = []
    for channels, count in zip(STAGE_CHANNELS, BASIC_UNITS, strict=True):
        units.append(DownUnit(config, channels // 2))
        units.extend(BasicUnit(config, channels) for _ in range(count))
    return nn.Sequential(*units)


def _head(config: BiShuffleNetConfig) -> nn.Sequential:
    """The last 1x1 convolution."""
    return ConvUnit(
        Conv2d(STAGE_CHANNELS[-1], config.head_channels, 1, 1, config.head_weight_bits),
        BatchNorm2d(config.head_channels),
        activation(config.activation, config.head_channels),
        shortcut_quantizer(config.head_act_bits, signed=False),
    )


def _branch(config: BiShuffleNetConfig, channels: int, kernels: Sequence[int], strided: int) -> nn.ModuleList:
    """A branch of a down-sampling unit; the convolution at index `strided` has stride 2."""
    streams = _streams(config, len(kernels), exposed=False)
    return nn.ModuleList(
        BinaryConv(config, channels, k, s, stride=2 if i == strided else 1)
        for i, (k, s) in enumerate(zip(kernels, streams, strict=True))
    )


def _streams(config: BiShuffleNetConfig, count: int, exposed: bool) -> list[nn.Module]:
    """What follows each convolution of a branch: integers of r bits where something besides the next RSign reads it."""
    return [
        shortcut_quantizer(config.shortcut_bits) if exposed or i == count - 1 else nn.Identity() for i in range(count)
    ]
