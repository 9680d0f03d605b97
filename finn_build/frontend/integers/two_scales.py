"""Two tensors whose scales are no multiples of each other: two integer factors that keep all their floats in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from finn_build.frontend.integers.tensor import FLOAT32_EXACT, IntTensor

Points = tuple[np.ndarray, np.ndarray, np.ndarray]
_ROUNDING = 2.0**-22  # of the largest float, by which those of one integer may differ


def levels_of(operands: Sequence[IntTensor]) -> list[np.ndarray]:
    """Every integer of each operand, in a column."""
    return [np.arange(int(t.low.min()), int(t.high.max()) + 1)[:, None] for t in operands]


def units_of(operands: Sequence[IntTensor]) -> list[float]:
    """What a step of each operand is worth."""
    return [float(t.scale) / t.divisor for t in operands]


def factors_in_order(
    operands: Sequence[IntTensor], joined: Callable[[int, int], np.ndarray], floats: np.ndarray
) -> tuple[int, int, Points] | None:
    """The first of growing factors by which integers take the order of floats, and the points of `IntTensor`.

    So a step function of the floats is one of the integers, no matter how the scales relate. None below 2^24. Pairs
    whose sums are so near one another that float32 rounds the difference may become one integer.

    Args:
        operands: two, each on one scale.
        joined: from two factors to every integer that the joined operands can make.
        floats: the float32 value of each of them, as the network computes it.
    """
    one, other = units_of(operands)
    most = [max(1, int(np.abs(v).max())) for v in levels_of(operands)]
    for bits in range(2, 24):
        p, q = _nearest(one / other, 1 << bits)
        if not p or not q or p * most[0] + q * most[1] >= FLOAT32_EXACT:
            continue
        ints = joined(p, q).ravel()
        order = np.argsort(ints, kind="stable")
        points, first = np.unique(ints[order], return_index=True)
        low, high = (end.reduceat(floats[order], first) for end in (np.minimum, np.maximum))
        if np.all(high - low <= _ROUNDING * np.abs(floats).max()) and np.all(high[:-1] <= low[1:]):
            return p, q, (points, low, high)
    return None


def _nearest(ratio: float, most: int) -> tuple[int, int]:
    """The fraction nearest to a ratio, the larger of its parts up to `most`."""
    if ratio > 1:
        return _nearest(1 / ratio, most)[::-1]
    found = Fraction(ratio).limit_denominator(most)
    return found.numerator, found.denominator
