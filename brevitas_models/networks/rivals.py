"""The networks that the paper compares with: ResNet, MobileNetV2, ShuffleNetV2 0.5x, Bi-RealNet and ReActNet-A.

The first three are torchvision's. Bi-RealNet and ReActNet-A are ours, with RPReLU as in section 4.3.1 of the
Bi-ShuffleNet paper, in three forms: real-valued without RSign; with 1-bit weights and activations in the units and all
else in float, as they were published; and in hardware form (`shortcut_bits` from 4 to 8, 8-bit edges), where every
tensor between convolutions is an integer on one power-of-two scale, as in Bi-ShuffleNet.

A strided unit of the two drops an odd last row and column, as its 2x2 average pool does; the paper's operations on NEU
(200 x 200 pixels, so maps of 25 x 25) say that it counts so.

Source: He et al. 2016, Sandler et al. 2018, Ma et al. 2018, Liu et al. 2018 (Bi-RealNet), Liu et al. 2020 (ReActNet).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from math import log2
from typing import Any

import torch
from brevitas.nn import QuantLinear
from torch import Tensor, nn

from brevitas_models.layers.activations import BatchNorm2d, RPReLU, RSign
from brevitas_models.layers.conv_units import Conv2d, ConvUnit
from brevitas_models.layers.quantizers import pixel_quantizer, shortcut_quantizer, weight_quantizer
from brevitas_models.networks.configs.rivals import (
    LIBRARY,
    RESIDUAL_WIDTHS,
    BinaryRivalConfig,
    ResidualConfig,
    RivalConfig,
)
from brevitas_models.networks.network import Network
from finn_build.errors import DataError


class LibraryNetwork(Network):
    """A network of torchvision, its first convolution for images of any number of channels.

    Shapes:
        float32 images uint8 / 256, [N, in_channels, image_size, image_size], to logits [N, num_classes].

    Raises:
        ConfigError: a field of `config` is not legal.
    """

    def __init__(self, library: str, config: RivalConfig) -> None:
        super().__init__()
        config.check()
        self.config = config
        self.library = library
        from torchvision.models import get_model  # here: slow to load, and builds do without

        self.net = get_model(library, num_classes=config.num_classes)
        first = self.net.get_submodule(LIBRARY[library])
        if config.in_channels != first.in_channels:
            conv = nn.Conv2d(
                config.in_channels, first.out_channels, first.kernel_size, first.stride, first.padding, bias=False
            )
            self.net.set_submodule(LIBRARY[library], conv)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels to logits."""
        return self.net(x)

    def load_imagenet(self) -> None:
        """Take over torchvision's ImageNet weights, all but the classifier; a grey image counts as R = G = B.

        Raises:
            DataError: the weights are not in torch's cache and cannot be fetched.
        """
        from torchvision.models import get_model_weights

        weights = get_model_weights(self.library).DEFAULT
        try:
            state = weights.get_state_dict(progress=False, map_location="cpu")
        except OSError as error:
            raise DataError(
                f"{self.library}: ImageNet weights cannot be fetched from {weights.url} ({error}); put that file into "
                f"{torch.hub.get_dir()}/checkpoints, or train from random weights"
            ) from error
        first = f"{LIBRARY[self.library]}.weight"
        if self.config.in_channels == 1:
            state[first] = state[first].sum(1, keepdim=True)
        own = self.net.state_dict()
        fitting = {name: value for name, value in state.items() if name in own and value.shape == own[name].shape}
        self.net.load_state_dict(own | fitting)


class _Rival(Network):
    """Features, mean over the map, linear classifier.

    Shapes:
        float32 images uint8 / 256, [N, in_channels, image_size, image_size], to logits [N, num_classes].

    Raises:
        ConfigError: a field of `config` is not legal.
    """

    def __init__(self, config: BinaryRivalConfig, features: Sequence[nn.Module], channels: int, stride: int) -> None:
        super().__init__()
        config.check()
        self.config = config
        self.pixels = pixel_quantizer() if config.edge_weight_bits <= 8 else nn.Identity()
        self.features = nn.Sequential(*features)
        side = max(1, config.image_size // stride)
        self.mean = 2.0 ** -round(log2(side * side))  # a power of two near 1 / pixels, so that sums stay exact
        self.classifier = QuantLinear(
            channels, config.num_classes, bias=False, **weight_quantizer(config.edge_weight_bits)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Pixels to logits."""
        return self.classifier(self.features(self.pixels(x)).sum((2, 3)) * self.mean)


class BiRealNet(_Rival):
    """Bi-RealNet: a ResNet with a shortcut around every 3x3 convolution, average pooled and projected at strides."""

    def __init__(self, config: ResidualConfig) -> None:
        stem = [*_edge_conv(config, config.in_channels, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
        features: list[nn.Module] = [ConvUnit(*stem)]
        for before, channels, stride, count in _stages(config):
            features.append(_BiRealUnit(config, before, channels, stride))
            features.extend(_BiRealUnit(config, channels, channels, 1) for _ in range(2 * count - 1))
        super().__init__(config, features, RESIDUAL_WIDTHS[-1], stride=32)


class _BiRealUnit(nn.Module):
    def __init__(self, config: BinaryRivalConfig, before: int, channels: int, stride: int) -> None:
        super().__init__()
        self.branch = ConvUnit(*_unit_conv(config, before, channels, 3, stride))
        self.shortcut: nn.Module = nn.Identity()
        if stride == 2:
            self.shortcut = ConvUnit(*_pool(config), *_edge_conv(config, before, channels, 1))
        self.stride = stride
        self.activation = nn.Sequential(RPReLU(channels), shortcut_quantizer(config.shortcut_bits))

    def forward(self, x: Tensor) -> Tensor:
        """One convolution beside a shortcut."""
        x = _whole_strides(x, self.stride)
        return self.activation(self.branch(x) + self.shortcut(x))


class ReActNetA(_Rival):
    """ReActNet-A: MobileNetV1 with a full 3x3 convolution and a 1x1 convolution per block, a shortcut around each."""

    def __init__(self, config: BinaryRivalConfig) -> None:
        widths = (32, 64, 128, 128, 256, 256, *[512] * 6, 1024, 1024)
        features: list[nn.Module] = [ConvUnit(*_edge_conv(config, config.in_channels, widths[0], 3, 2))]
        for before, channels in pairwise(widths):
            features.append(_ReActBlock(config, before, channels, 2 if before != channels and channels > 64 else 1))
        super().__init__(config, features, widths[-1], stride=32)


class _ReActBlock(nn.Module):
    """3x3 and 1x1; to double the channels, two 1x1 run on the same input and are concatenated."""

    def __init__(self, config: BinaryRivalConfig, before: int, channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.spatial = ConvUnit(*_unit_conv(config, before, before, 3, stride))
        self.pool = nn.Sequential(*(_pool(config) if stride == 2 else ()))
        self.middle = nn.Sequential(RPReLU(before), shortcut_quantizer(config.shortcut_bits))
        self.pointwise = nn.ModuleList(
            ConvUnit(*_unit_conv(config, before, before, 1)) for _ in range(channels // before)
        )
        self.activation = nn.Sequential(RPReLU(channels), shortcut_quantizer(config.shortcut_bits))

    def forward(self, x: Tensor) -> Tensor:
        """Two convolutions, each beside a shortcut."""
        x = _whole_strides(x, self.stride)
        x = self.middle(self.spatial(x) + self.pool(x))
        return self.activation(torch.cat([conv(x) + x for conv in self.pointwise], 1))


def _stages(config: ResidualConfig) -> Iterator[tuple[int, int, int, int]]:
    """Channels before and in each stage of a residual network, the stride that enters it, its pairs of convolutions."""
    for stage, (before, channels) in enumerate(pairwise(RESIDUAL_WIDTHS)):
        yield before, channels, 2 if stage else 1, config.blocks[stage]


def _edge_conv(config: BinaryRivalConfig, before: int, channels: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """A convolution of `edge_weight_bits` on pixels or integers, its batch norm, and the integers of the stream."""
    conv = Conv2d(before, channels, kernel, stride, config.edge_weight_bits)
    return [conv, BatchNorm2d(channels), shortcut_quantizer(config.shortcut_bits)]


def _unit_conv(config: BinaryRivalConfig, before: int, channels: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """RSign, a convolution of `weight_bits`, its batch norm and the stream; no RSign before real-valued activations."""
    conv = Conv2d(before, channels, kernel, stride, config.weight_bits)
    sign = [RSign(before)] if config.act_bits == 1 else []
    return [*sign, conv, BatchNorm2d(channels), shortcut_quantizer(config.shortcut_bits)]


def _pool(config: BinaryRivalConfig) -> list[nn.Module]:
    """A shortcut to half the size, and the integers of the stream."""
    return [nn.AvgPool2d(2), shortcut_quantizer(config.shortcut_bits)]


def _whole_strides(x: Tensor, stride: int) -> Tensor:
    """Drop the rows and columns at the end that do not fill a stride."""
    height, width = (size // stride * stride for size in x.shape[2:])
    return x[:, :, :height, :width]


RIVALS: dict[str, Callable[[Any], Network]] = {
    **{name: partial(LibraryNetwork, name) for name in LIBRARY},
    **dict.fromkeys(("reactnet_a", "reactnet_a_real", "reactnet_a_hardware"), ReActNetA),
    **dict.fromkeys(
        ("birealnet18", "birealnet18_real", "birealnet18_hardware", "birealnet34", "birealnet34_real"), BiRealNet
    ),
}
"""The class of each name in the zoo."""
