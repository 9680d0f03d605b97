"""Every choice of the networks that the paper compares with."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from brevitas_models.layers.values import SHORTCUT_BITS
from finn_build.errors import ConfigError

LIBRARY = {
    "resnet18": "conv1",
    "resnet34": "conv1",
    "mobilenet_v2": "features.0.0",
    "shufflenet_v2_x0_5": "conv1.0",
}
"""Networks of torchvision, and the name of their first convolution."""
RESIDUAL_WIDTHS = (64, 64, 128, 256, 512)
_SMALLEST = 32


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
    legal_bits: ClassVar[tuple[int, ...]] = (32,)
    """Of what is in the units."""

    def check(self) -> None:
        """Reject sizes and bits that a network does not have.

        Raises:
            ConfigError: of a field that is not legal.
        """
        if self.image_size < _SMALLEST:
            raise ConfigError(f"image_size={self.image_size} is below {_SMALLEST}, its smallest")
        bits = {"weight_bits": self.legal_bits, "act_bits": self.legal_bits, "shortcut_bits": SHORTCUT_BITS}
        for key, choices in bits.items():
            if (value := getattr(self, key, 32)) not in choices:
                raise ConfigError(f"{key}={value} is not legal; choose {' or '.join(map(str, choices))}")


@dataclass(frozen=True)
class BinaryRivalConfig(RivalConfig):
    """Every choice of a ReActNet-A or Bi-RealNet.

    Attributes:
        shortcut_bits: bits r of the integers between the units, 4 to 8; 32 for float.
        edge_weight_bits: weight bits of the first layer, of 1x1 convolutions in shortcuts and of the classifier; 32 for
            float.
    """

    shortcut_bits: int = 32
    edge_weight_bits: int = 32
    legal_bits: ClassVar[tuple[int, ...]] = (1, 32)


@dataclass(frozen=True)
class ResidualConfig(BinaryRivalConfig):
    """Every choice of a Bi-RealNet.

    Attributes:
        blocks: pairs of 3x3 convolutions in each stage: (2, 2, 2, 2) for 18 layers, (3, 4, 6, 3) for 34.
    """

    blocks: tuple[int, ...] = (2, 2, 2, 2)

    def check(self) -> None:
        """Reject stages that a Bi-RealNet does not have as well.

        Raises:
            ConfigError: of a field that is not legal.
        """
        super().check()
        if len(self.blocks) != len(RESIDUAL_WIDTHS) - 1 or min(self.blocks) < 1:
            raise ConfigError(f"blocks={self.blocks} is not legal; give four numbers from 1 on, as in (2, 2, 2, 2)")


_BINARY: dict[str, Any] = {"weight_bits": 1, "act_bits": 1}
_HARDWARE: dict[str, Any] = {**_BINARY, "shortcut_bits": 6, "edge_weight_bits": 8}
_NET_18, _NET_34 = ResidualConfig(), ResidualConfig(blocks=(3, 4, 6, 3))

RIVALS: Mapping[str, RivalConfig] = {
    **dict.fromkeys(LIBRARY, RivalConfig()),
    "reactnet_a": BinaryRivalConfig(**_BINARY),
    "reactnet_a_real": BinaryRivalConfig(),
    "reactnet_a_hardware": BinaryRivalConfig(**_HARDWARE),
    "birealnet18": replace(_NET_18, **_BINARY),
    "birealnet18_real": _NET_18,
    "birealnet18_hardware": replace(_NET_18, **_HARDWARE),
    "birealnet34": replace(_NET_34, **_BINARY),
    "birealnet34_real": _NET_34,
}
"""Each name in the zoo: its default configuration."""
