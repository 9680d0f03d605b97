"""Every choice of a KeywordNet."""

from dataclasses import dataclass

from finn_build.errors import ConfigError


@dataclass(frozen=True)
class KeywordNetConfig:
    """Every choice of a `KeywordNet`.

    Attributes:
        in_channels: features of a frame.
        length: frames; a multiple of 2 to the number of units.
        num_classes: words.
        channels: of the first convolution, then of each unit, which halves the frames.
        kernel: frames that a depthwise convolution sees, odd.
        weight_bits: of pointwise convolutions: 1 for ±1.
        depthwise_bits: of depthwise convolutions.
        edge_bits: of the first convolution and the dense layer.
        act_bits: of what enters every layer but the first.
    """

    in_channels: int = 40
    length: int = 96
    num_classes: int = 12
    channels: tuple[int, ...] = (32, 48, 64, 96)
    kernel: int = 9
    weight_bits: int = 1
    depthwise_bits: int = 4
    edge_bits: int = 8
    act_bits: int = 4

    def check(self) -> None:
        """Reject lengths and kernels that do not fit.

        Raises:
            ConfigError: of a field that is not legal.
        """
        if not self.channels or self.length < self.shrinks or self.length % self.shrinks:
            raise ConfigError(f"length={self.length} is not a multiple of {self.shrinks}, 2 for each unit")
        if self.kernel < 1 or not self.kernel % 2:
            raise ConfigError(f"kernel={self.kernel} is not odd; nearest: {max(1, self.kernel + 1)}")

    @property
    def shrinks(self) -> int:
        """Frames at the begin for each at the end."""
        return 2 ** max(0, len(self.channels) - 1)
