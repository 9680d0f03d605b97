"""Integer tensors: what every convolution, pool, add and quantizer of a quantized network really computes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from qonnx.core.datatype import BaseDataType, DataType

from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.errors import UnsupportedModelError

FLOAT32_EXACT = 1 << 24  # integers up to it are exact in float32
MOST_SCALE = 2.0**100  # and its inverse the least; float32 ends at 2^128, and below 2^-126 it has fewer bits
_NOISE = 0.25  # of a step; rounding errors of sums of 20 bits are far smaller
_NOISE_OF_SUMS = 2**-22  # of the widest: of 30,000 products


@dataclass(frozen=True)
class IntTensor:
    """An integer tensor, and how the float network reads it: `float32(n) * scale / divisor`.

    Attributes:
        name: tensor name, the same in the QONNX graph and in the integer graph.
        shape: (1, C, H, W) or (1, C).
        scale: float32, scalar or one per channel.
        low: int64 [C], smallest value each channel can take.
        high: int64 [C], largest value each channel can take.
        divisor: pixels of an average pool's window.
        bipolar: True when every value is -1 or +1.
        points: of a sum on two scales the integers that it takes, ascending, and the least and greatest float32 value
            of each, ascending too; they differ by rounding alone. `scale` is only about right then. None elsewhere.
    """

    name: str
    shape: tuple[int, ...]
    scale: np.ndarray
    low: np.ndarray
    high: np.ndarray
    divisor: int = 1
    bipolar: bool = False
    points: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    @property
    def channels(self) -> int:
        """Channels, dimension 1."""
        return self.shape[1]

    @property
    def dtype(self) -> BaseDataType:
        """Smallest type that holds all channels."""
        return DataType["BIPOLAR"] if self.bipolar else integer_range_dtype(int(self.low.min()), int(self.high.max()))

    @property
    def evaluations(self) -> int:
        """Integers in the common range of all channels, times the channels."""
        return (
            int(self.high.max() - self.low.min()) + 1 if self.points is None else len(self.points[0])
        ) * self.channels

    def every_integer(self) -> np.ndarray:
        """Every integer that it can take, clipped to each channel's own range: int64 [N, C]."""
        ints = np.arange(int(self.low.min()), int(self.high.max()) + 1) if self.points is None else self.points[0]
        return np.clip(ints[:, None], self.low, self.high)

    @property
    def exact(self) -> bool:
        """True when scales and divisor are powers of two: then the float network's sums are exact multiples of them."""
        return bool(np.all(np.frexp(self.scale)[0] == 0.5)) and not self.divisor & (self.divisor - 1)

    @property
    def has_room(self) -> bool:
        """Whether float32 holds its values, and the products and sums on the way to them, without an end or a hole."""
        steps = self.scale.astype(np.float64) / self.divisor
        return bool(np.all((steps >= 1 / MOST_SCALE) & (steps <= MOST_SCALE)))

    @property
    def noise(self) -> float:
        """How many integers float32 sums may be off, by rounding."""
        return 0.0 if self.exact else max(_NOISE, _NOISE_OF_SUMS * max(-int(self.low.min()), int(self.high.max())))

    @property
    def wide(self) -> bool:
        """Whether float32 sums do not say which integer they stand for."""
        return self.points is None and self.noise > _NOISE

    def undivided(self) -> IntTensor:
        """The same, a power-of-two divisor taken into the scale."""
        if self.divisor & (self.divisor - 1):
            return self
        return replace(self, scale=np.asarray(self.scale / np.float32(self.divisor)), divisor=1)

    def to_float(self, ints: np.ndarray, kind: type[np.floating] = np.float32) -> np.ndarray:
        """Values of integers, both (N, C, ...), as the float network computes them, which is in float32."""
        if self.points is not None:
            ints_taken, values, _ = self.points
            return values[np.searchsorted(ints_taken, ints)]
        values = ints.astype(kind) * self._scale_for(ints.ndim).astype(kind)
        return values if self.divisor == 1 else values / kind(self.divisor)

    def of_integers(self, values: np.ndarray) -> np.ndarray:
        """Float32 values as their integers have them, where rounding alone gives one integer several."""
        if self.points is None:
            return self.to_float(self.to_ints(values))
        _, least, most = self.points
        return values if np.array_equal(least, most) else least[np.searchsorted(most[:-1], values)]

    def to_ints(self, values: np.ndarray, near: np.ndarray | None = None) -> np.ndarray:
        """Integers of float values (N, C, ...); the inverse of `to_float`.

        Where the scale is no power of two, float sums carry rounding errors, far below one step where sums are not
        wide, and the nearest integer is taken.

        Args:
            values: float32 or float64.
            near: integers to take where the values are as near to them as rounding lets float32 sums be.

        Raises:
            ValueError: a value is no integer multiple of a power-of-two scale, or nowhere near one of another scale.
            UnsupportedModelError: an integer is beyond those that float32 tells apart.
        """
        steps = values.astype(np.float64) * self.divisor / self._scale_for(values.ndim)
        ints = np.rint(steps).astype(np.int64)
        if near is not None and near.shape == ints.shape:
            ints = np.where(np.abs(steps - near) <= self.noise, near, ints)
            steps = np.where(ints == near, near, steps)
        if np.abs(ints).max(initial=0) > FLOAT32_EXACT:
            why = f"a frame makes {self.name} larger than 2^24, where float32 rounds"
            raise UnsupportedModelError(f"{why}: use fewer bits in weights or activations")
        if not self.exact and np.any(np.abs(steps - ints) > _NOISE):
            raise ValueError(f"{self.name}: values are nowhere near integers times the scale")
        if self.exact and not np.array_equal(self.to_float(ints), values.astype(np.float32)):
            raise ValueError(f"{self.name}: values are not integers times the scale")
        return ints

    def _scale_for(self, rank: int) -> np.ndarray:
        """The scale, shaped to multiply (N, C, ...)."""
        return self.scale.reshape(-1, *(1,) * (rank - 2)) if self.scale.ndim else self.scale


def in_float32(thresholds: np.ndarray) -> np.ndarray:
    """Thresholds that float32 holds, and that no integer which it holds tells from those given: the next ones up."""
    held = thresholds.astype(np.float32)
    return np.where(held < thresholds, np.nextafter(held, np.float32(np.inf)), held).astype(np.int64)


def full_range(channels: int, low: int | np.ndarray, high: int | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same range for every channel."""
    return np.full(channels, low, np.int64), np.full(channels, high, np.int64)
