"""The networks that the paper compares with: ResNet, MobileNetV2, ShuffleNetV2 0.5x, Bi-RealNet and ReActNet-A.

Real-valued ones follow their papers. Bi-RealNet and ReActNet-A exist in two forms: 1-bit weights and activations in the
units, or real-valued ones without RSign. Both have RPReLU, as in section 4.3.1 of the Bi-ShuffleNet paper.

A strided unit of the two drops an odd last row and column, as its 2x2 average pool does; the paper's operations on NEU
(200 x 200 pixels, so maps of 25 x 25) say that it counts so. They are for training and for the account: depthwise
convolutions and real-valued activations have no hardware here.

Source: He et al. 2016, Sandler et al. 2018, Ma et al. 2018, Liu et al. 2018 (Bi-RealNet), Liu et al. 2020 (ReActNet).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from brevitas.nn import QuantConv2d
from torch import Tensor, nn

from brevitas_models.activations import BatchNorm2d, RPReLU, RSign
from brevitas_models.bi_shufflenet import shuffle
from brevitas_models.network import Network
from brevitas_models.quantizers import weight_quantizer
from finn_build.errors import ConfigError

MIN_SIZE = 32
_RESIDUAL_WIDTHS = (64, 64, 128, 256, 512)


@dataclass(frozen=True)
class RivalConfig:
    """Every choice of a rival.

    Attributes:
        in_channels: 1 for grey, 3 for RGB.
        image_size: height and width of the input in pixels, 32 or more.
        num_classes: size of the output.
        weight_bits: bits of the weights in the units of Bi-RealNet and ReActNet-A: 1, or 32 for real (which is also
            step 1 of the training); 32 elsewhere.
        act_bits: bits of what enters the convolutions of those units, 1 (RSign) or 32; 32 elsewhere.
    """

    in_channels: int = 1
    image_size: int = 224
    num_classes: int = 6
    weight_bits: int = 32
    act_bits: int = 32


@dataclass(frozen=True)
class ResidualConfig(RivalConfig):
    """Every choice of a ResNet or Bi-RealNet.

    Attributes:
        blocks: pairs of 3x3 convolutions in each stage: (2, 2, 2, 2) for 18 layers, (3, 4, 6, 3) for 34.
    """

    blocks: tuple[int, ...] = (2, 2, 2, 2)


class _Rival(Network):
    """Features, mean over the map, linear classifier.

    Shapes:
        float32 images uint8 / 256, [N, in_channels, image_size, image_size], to logits [N, num_classes].

    Raises:
        ConfigError: a field of `config` is not legal.
    """

    binarizes = False

    def __init__(self, config: RivalConfig, features: Sequence[nn.Module], channels: int) -> None:
        super().__init__()
        self._check(config)
        self.config = config
        self.features = nn.Sequential(*features)
        self.classifier = nn.Linear(channels, config.num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels to logits."""
        return self.classifier(self.features(x).mean((2, 3)))

    def _check(self, config: RivalConfig) -> None:
        name = type(self).__name__
        if config.image_size < MIN_SIZE:
            raise ConfigError(f"{name}: image_size={config.image_size} is below {MIN_SIZE}, its smallest")
        legal = (1, 32) if self.binarizes else (32,)
        for key, bits in (("weight_bits", config.weight_bits), ("act_bits", config.act_bits)):
            if bits not in legal:
                raise ConfigError(f"{name}: {key}={bits} is not legal; choose {' or '.join(map(str, legal))}")


class ResNet(_Rival):
    """ResNet of basic blocks: 7x7 stem, four stages of pairs of 3x3 convolutions with a shortcut around each pair."""

    def __init__(self, config: ResidualConfig) -> None:
        features: list[nn.Module] = [
            nn.Sequential(*_conv(config.in_channels, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        ]
        for before, channels, stride, count in _stages(config):
            features.append(_ResBlock(before, channels, stride))
            features.extend(_ResBlock(channels, channels, 1) for _ in range(count - 1))
        super().__init__(config, features, _RESIDUAL_WIDTHS[-1])


class _ResBlock(nn.Module):
    def __init__(self, before: int, channels: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(*_conv(before, channels, 3, stride), nn.ReLU(), *_conv(channels, channels, 3))
        project = stride != 1 or before != channels
        self.shortcut = nn.Sequential(*_conv(before, channels, 1, stride)) if project else nn.Identity()
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Two convolutions beside a shortcut."""
        return self.relu(self.branch(x) + self.shortcut(x))


class BiRealNet(_Rival):
    """Bi-RealNet: a ResNet with a shortcut around every 3x3 convolution, average pooled and projected at strides."""

    binarizes = True

    def __init__(self, config: ResidualConfig) -> None:
        features: list[nn.Module] = [nn.Sequential(*_conv(config.in_channels, 64, 7, 2), nn.MaxPool2d(3, 2, 1))]
        for before, channels, stride, count in _stages(config):
            features.append(_BiRealUnit(config, before, channels, stride))
            features.extend(_BiRealUnit(config, channels, channels, 1) for _ in range(2 * count - 1))
        super().__init__(config, features, _RESIDUAL_WIDTHS[-1])


class _BiRealUnit(nn.Module):
    def __init__(self, config: RivalConfig, before: int, channels: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(*_unit_conv(config, before, channels, 3, stride))
        self.shortcut: nn.Module = nn.Identity()
        if stride == 2:
            self.shortcut = nn.Sequential(nn.AvgPool2d(2), *_conv(before, channels, 1))
        self.stride = stride
        self.activation = RPReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        """One convolution beside a shortcut."""
        x = _whole_strides(x, self.stride)
        return self.activation(self.branch(x) + self.shortcut(x))


class ReActNetA(_Rival):
    """ReActNet-A: MobileNetV1 with a full 3x3 convolution and a 1x1 convolution per block, a shortcut around each."""

    binarizes = True

    def __init__(self, config: RivalConfig) -> None:
        widths = (32, 64, 128, 128, 256, 256, *[512] * 6, 1024, 1024)
        features: list[nn.Module] = [nn.Sequential(*_conv(config.in_channels, widths[0], 3, 2))]
        for before, channels in pairwise(widths):
            features.append(_ReActBlock(config, before, channels, 2 if before != channels and channels > 64 else 1))
        super().__init__(config, features, widths[-1])


class _ReActBlock(nn.Module):
    """3x3 and 1x1; to double the channels, two 1x1 run on the same input and are concatenated."""

    def __init__(self, config: RivalConfig, before: int, channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.spatial = nn.Sequential(*_unit_conv(config, before, before, 3, stride))
        self.pool = nn.AvgPool2d(2) if stride == 2 else nn.Identity()
        self.middle = RPReLU(before)
        self.pointwise = nn.ModuleList(
            nn.Sequential(*_unit_conv(config, before, before, 1)) for _ in range(channels // before)
        )
        self.activation = RPReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Two convolutions, each beside a shortcut."""
        x = _whole_strides(x, self.stride)
        x = self.middle(self.spatial(x) + self.pool(x))
        return self.activation(torch.cat([conv(x) + x for conv in self.pointwise], 1))


class MobileNetV2(_Rival):
    """MobileNetV2: inverted residuals of expansion 6 around depthwise convolutions."""

    def __init__(self, config: RivalConfig) -> None:
        rows = (
            (1, 16, 1, 1),
            (6, 24, 2, 2),
            (6, 32, 3, 2),
            (6, 64, 4, 2),
            (6, 96, 3, 1),
            (6, 160, 3, 2),
            (6, 320, 1, 1),
        )
        features: list[nn.Module] = [nn.Sequential(*_conv(config.in_channels, 32, 3, 2), nn.ReLU6())]
        before = 32
        for expansion, channels, count, stride in rows:
            for index in range(count):
                features.append(_InvertedResidual(before, channels, 1 if index else stride, expansion))
                before = channels
        features.append(nn.Sequential(*_conv(before, 1280, 1), nn.ReLU6()))
        super().__init__(config, features, 1280)


class _InvertedResidual(nn.Module):
    def __init__(self, before: int, channels: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = expansion * before
        expand = [*_conv(before, wide, 1), nn.ReLU6()] if expansion > 1 else []
        depthwise = [*_conv(wide, wide, 3, stride, groups=wide), nn.ReLU6()]
        self.branch = nn.Sequential(*expand, *depthwise, *_conv(wide, channels, 1))
        self.residual = stride == 1 and before == channels

    def forward(self, x: Tensor) -> Tensor:
        """Expand, filter, project."""
        return x + self.branch(x) if self.residual else self.branch(x)


class ShuffleNetV2(_Rival):
    """ShuffleNetV2 0.5x: halves of the channels pass by depthwise units; a shuffle mixes them."""

    def __init__(self, config: RivalConfig) -> None:
        widths, counts = (24, 48, 96, 192), (3, 7, 3)
        features: list[nn.Module] = [
            nn.Sequential(*_conv(config.in_channels, 24, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        ]
        for (before, channels), count in zip(pairwise(widths), counts, strict=True):
            features.append(_ShuffleUnit(before, channels, 2))
            features.extend(_ShuffleUnit(channels, channels, 1) for _ in range(count))
        features.append(nn.Sequential(*_conv(widths[-1], 1024, 1), nn.ReLU()))
        super().__init__(config, features, 1024)


class _ShuffleUnit(nn.Module):
    def __init__(self, before: int, channels: int, stride: int) -> None:
        super().__init__()
        self.width = channels // 2
        entry = before if stride == 2 else self.width
        depthwise = _conv(self.width, self.width, 3, stride, groups=self.width)
        ends = [[*_conv(width, self.width, 1), nn.ReLU()] for width in (entry, self.width)]
        self.right = nn.Sequential(*ends[0], *depthwise, *ends[1])
        self.left: nn.Module | None = None
        if stride == 2:
            pointwise = _conv(before, self.width, 1)
            self.left = nn.Sequential(*_conv(before, before, 3, 2, groups=before), *pointwise, nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Split, or both branches see all channels where the size is halved; then a shuffle."""
        left, right = x.split(self.width, 1) if self.left is None else (self.left(x), x)
        return shuffle(left, self.right(right))


def _stages(config: ResidualConfig) -> Iterator[tuple[int, int, int, int]]:
    """Channels before and in each stage of a residual network, the stride that enters it, its pairs of convolutions."""
    if len(config.blocks) != len(_RESIDUAL_WIDTHS) - 1 or min(config.blocks) < 1:
        raise ConfigError(f"blocks={config.blocks} is not legal; give four numbers from 1 on, as in (2, 2, 2, 2)")
    for stage, (before, channels) in enumerate(pairwise(_RESIDUAL_WIDTHS)):
        yield before, channels, 2 if stage else 1, config.blocks[stage]


def _conv(before: int, channels: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """A real-valued convolution and its batch norm."""
    conv = nn.Conv2d(before, channels, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, BatchNorm2d(channels)]


def _unit_conv(config: RivalConfig, before: int, channels: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """RSign, a convolution of `weight_bits` and its batch norm; no RSign before real-valued activations."""
    weights = weight_quantizer(config.weight_bits)
    conv = QuantConv2d(before, channels, kernel, stride, kernel // 2, bias=False, **weights)
    sign = [RSign(before)] if config.act_bits == 1 else []
    return [*sign, conv, BatchNorm2d(channels)]


def _whole_strides(x: Tensor, stride: int) -> Tensor:
    """Drop the rows and columns at the end that do not fill a stride."""
    height, width = (size // stride * stride for size in x.shape[2:])
    return x[:, :, :height, :width]


RIVALS: dict[str, tuple[type[Network], RivalConfig]] = {
    "resnet18": (ResNet, ResidualConfig()),
    "resnet34": (ResNet, ResidualConfig(blocks=(3, 4, 6, 3))),
    "mobilenet_v2": (MobileNetV2, RivalConfig()),
    "shufflenet_v2_x0_5": (ShuffleNetV2, RivalConfig()),
    "reactnet_a": (ReActNetA, RivalConfig(weight_bits=1, act_bits=1)),
    "reactnet_a_real": (ReActNetA, RivalConfig()),
    "birealnet18": (BiRealNet, ResidualConfig(weight_bits=1, act_bits=1)),
    "birealnet18_real": (BiRealNet, ResidualConfig()),
    "birealnet34": (BiRealNet, ResidualConfig(weight_bits=1, act_bits=1, blocks=(3, 4, 6, 3))),
    "birealnet34_real": (BiRealNet, ResidualConfig(blocks=(3, 4, 6, 3))),
}
"""Each name in the zoo: class and default configuration."""
