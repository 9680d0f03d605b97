"""Step functions of evenly spaced steps: two lines a channel in place of its thresholds, where that is exact.

A quantizer behind batch norm and RPReLU is a staircase of two slopes. On each side of a knee, with P = 2^F and
H = 2^(r-1) for r bits of levels, the level is

    bias + #{j in 1..2^r-1 : x * P >= A + (j - H) * D / H},    "<" in place of ">=" where D < 0: the steps go down

for integers A and D. Each step of the function bounds A * H + (j - H) * D from both sides; pairs of bounds give an
interval of D, and each D in it an interval of A. Nothing is rounded: a line is taken if it gives every level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from finn_build.arithmetic.step_function import StepFunction

FRACTIONS = (0, 2, 3, 4, 5, 6, 8, 10)  # few, so that new weights seldom ask for another circuit
_SLOPES = 2048  # candidates of D on one line, the smallest first
_FAR = 1 << 40  # beyond every bound

Line = tuple[int, int]  # A, D
_Lines = tuple[int, tuple[Line, Line]]  # a knee and both its lines
_Bounds = tuple[np.ndarray, np.ndarray, np.ndarray, bool]  # i, lower, upper, whether levels fall
_Array = tuple[tuple[int, ...], bytes]
_Key = tuple[_Array, _Array | None, int]  # a step function, hashable


@dataclass(frozen=True)
class AffineSteps:
    """Two lines a channel.

    Attributes:
        fraction: F.
        bits: r, of the levels.
        bias: lowest level.
        knees: int64 [C]; x >= knee is on the second line.
        lines: int64 [C, 2, 2], A and D of both lines.
    """

    fraction: int
    bits: int
    bias: int
    knees: np.ndarray
    lines: np.ndarray

    @property
    def widths(self) -> tuple[int, int]:
        """Bits of A and of D in two's complement."""
        a, d = (1 + max(int(p.max()), int(~p.min()), 0).bit_length() for p in np.moveaxis(self.lines, 2, 0))
        return a, d

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Evaluate on integers [N, C] by comparison with every step."""
        half = 2 ** (self.bits - 1)
        a, d = np.moveaxis(self.lines[np.arange(x.shape[1]), (x >= self.knees).astype(int)], 2, 0)
        levels, falls = np.full(x.shape, self.bias, np.int64), d < 0
        scaled, step = (x << self.fraction) * half, a * half - half * d
        for _ in range(1, 2 * half):
            step += d
            levels += (scaled >= step) != falls
        return levels


def fit_affine(
    steps: StepFunction, low: np.ndarray, high: np.ndarray, bits: int, bias: int, fractions: tuple[int, ...] = FRACTIONS
) -> AffineSteps | None:
    """Find the lines of a step function with the smallest F that serves all channels.

    Args:
        steps: the function; it may hold one row for all channels.
        low, high: int64 [C], range of each channel's input: on every integer of it the lines give the function's level.
        bits, bias: the levels are bias to bias + 2^bits - 1.
        fractions: F to choose from, ascending.

    Returns:
        The lines, or None where some channel is no two lines.
    """
    key = (_packed(steps.thresholds), None if steps.table is None else _packed(steps.table), steps.bias)
    of = (key, _packed(low), _packed(high), bits, bias)
    if len(fractions) == 1 and (known := _fit(*of, FRACTIONS)) is not None and known.fraction in fractions:
        return known  # the lines' files ask for the fraction that was found
    return _fit(*of, fractions)


@lru_cache(maxsize=256)
def _fit(
    key: _Key, lowest: _Array, highest: _Array, bits: int, bias: int, fractions: tuple[int, ...]
) -> AffineSteps | None:
    low, high = _unpacked(lowest), _unpacked(highest)
    thresholds, table, first = key
    steps = StepFunction(_unpacked(thresholds), None if table is None else _unpacked(table), first)
    x = np.clip(np.arange(low.min(), high.max() + 1)[:, None], low, high)  # every integer of each channel's range
    counts = steps(x) - bias
    if counts.min() < 0 or counts.max() >= 2**bits:
        return None
    fits = [
        _Channel(counts[a - low.min() : b + 1 - low.min(), c], int(a), bits)
        for c, (a, b) in enumerate(zip(low, high, strict=True))
    ]
    if not all(f.window for f in fits):
        return None
    for fit in fits:  # what fits with some F fits with every larger one
        fractions = next((fractions[k:] for k, f in enumerate(fractions) if fit.lines(f)), ())
    found = [f.lines(fractions[0]) for f in fits] if fractions else [None]
    if not all(found):
        return None
    knees, lines = (np.array([f[k] for f in found if f], np.int64) for k in (0, 1))
    result = AffineSteps(fractions[0], bits, bias, knees, lines)
    assert np.array_equal(result(x) - bias, counts), "the bounds state every level"
    return result


def _packed(values: np.ndarray) -> _Array:
    return values.shape, values.astype(np.int64).tobytes()


def _unpacked(array: _Array) -> np.ndarray:
    return np.frombuffer(array[1], np.int64).reshape(array[0])


class _Channel:
    """The staircase of one channel, and the places where its knee may be."""

    def __init__(self, counts: np.ndarray, low: int, bits: int):
        self.counts, self.low, self.half = counts, low, 2 ** (bits - 1)
        rises = np.diff(counts, prepend=counts[:1])
        self._rises, self._falls = (np.cumsum(kind).tolist() for kind in (rises > 0, rises < 0))  # up to each place
        self._bounds_known: dict[tuple[int, int], _Bounds | None] = {}  # every F searches the same places
        self._slopes_known: dict[tuple[int, int], tuple[float, float] | None] = {}
        self._lines_known: dict[int, _Lines | None] = {}
        self.window = self._knees(lambda begin, end: self._slopes(begin, end) is not None, 0, len(counts))

    def lines(self, fraction: int) -> _Lines | None:
        """A knee and both its lines for one F."""
        if fraction not in self._lines_known:
            self._lines_known[fraction] = self._find_lines(fraction)
        return self._lines_known[fraction]

    def _find_lines(self, fraction: int) -> _Lines | None:
        assert self.window
        window = self._knees(lambda begin, end: self._line(begin, end, fraction) is not None, *self.window)
        if window is None:
            return None
        at = (window[0] + window[1]) // 2  # never the end: a line fits one integer
        left, right = self._line(0, at, fraction), self._line(at, len(self.counts), fraction)
        assert left is not None and right is not None
        return self.low + at, (left if at else right, right)

    def _knees(self, fits: Callable[[int, int], bool], first: int, last: int) -> tuple[int, int] | None:
        """Smallest and largest knee within first..last; what fits a line still does when it is cut shorter."""
        size = len(self.counts)
        if not fits(0, first) or not fits(last, size):
            return None
        high = _last(lambda at: fits(0, at), first, last)
        low = -_last(lambda at: fits(-at, size), -last, -first)
        return (low, high) if low <= high else None

    def _bounds(self, begin: int, end: int) -> _Bounds | None:
        """From the levels in begin..end - 1: i = j - H, and lower < (A + i * D / H) / P <= upper; whether they fall."""
        if (begin, end) not in self._bounds_known:
            self._bounds_known[begin, end] = self._find_bounds(begin, end)
        return self._bounds_known[begin, end]

    def _find_bounds(self, begin: int, end: int) -> _Bounds | None:
        falls = self._falls[end - 1] > self._falls[begin]
        if falls and self._rises[end - 1] > self._rises[begin]:
            return None
        counts = self.counts[begin:end]
        counts = counts[::-1] if falls else counts
        j = np.arange(max(1, counts[0]), min(2 * self.half - 1, counts[-1] + 1) + 1)
        at = np.searchsorted(counts, j)  # the first place to reach j, or the end
        lower = self.low + (end - 1 - at if falls else begin - 1 + at)  # falling ones are reached where x * P is less
        upper = lower + 1
        if len(j):
            if at[0] == 0:  # always, as no level but the first can be
                (upper if falls else lower)[0] = _FAR if falls else -_FAR
            if at[-1] == len(counts):  # never, nor but the last
                (lower if falls else upper)[-1] = -_FAR if falls else _FAR
        return j - self.half, lower, upper, falls

    def _slopes(self, begin: int, end: int) -> tuple[float, float] | None:
        """Real bounds of D / P from every pair of steps, or None where they contradict."""
        if begin >= end:
            return 0.0, 0.0
        if (begin, end) not in self._slopes_known:
            self._slopes_known[begin, end] = self._find_slopes(begin, end)
        return self._slopes_known[begin, end]

    def _find_slopes(self, begin: int, end: int) -> tuple[float, float] | None:
        bounds = self._bounds(begin, end)
        if bounds is None:
            return None
        i, lower, upper, falls = bounds
        first, second, apart = _pairs(len(i))
        least = max(((lower[second] - upper[first]) / apart).max(initial=-_FAR), -_FAR if falls else 0)
        most = min(((upper[second] - lower[first]) / apart).min(initial=_FAR), 0 if falls else _FAR)
        return (least, most) if least <= most else None

    def _line(self, begin: int, end: int, fraction: int) -> Line | None:
        """The least |A| + |D| of one line; 0, 0 of none."""
        slopes, bounds = self._slopes(begin, end), self._bounds(begin, end) if begin < end else None
        if slopes is None or bounds is None:
            return (0, 0) if begin >= end else None
        (i, lower, upper, falls), scale = bounds, self.half << fraction
        least, most = int(np.floor(slopes[0] * scale)), int(np.ceil(slopes[1] * scale))
        if falls:
            d = np.arange(most := min(most, -1), max(least, most - _SLOPES) - 1, -1)
        else:
            d = np.arange(least := max(least, 0), min(most, least + _SLOPES) + 1)
        offsets = i[:, None] * d
        low = -((offsets - lower[:, None] * scale - 1).min(axis=0, initial=_FAR * scale) // self.half)
        high = (upper[:, None] * scale - offsets).min(axis=0, initial=_FAR * scale) // self.half
        a = np.clip(0, low, high)
        cost = np.where(low <= high, np.abs(a) + np.abs(d), _FAR)
        best = int(cost.argmin()) if len(cost) else 0
        return (int(a[best]), int(d[best])) if len(cost) and low[best] <= high[best] else None


@lru_cache(maxsize=64)
def _pairs(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both numbers of each pair, the smaller first, and how far they are apart."""
    first, second = np.triu_indices(count, 1)
    return first, second, second - first


def _last(holds: Callable[[int], bool], first: int, last: int) -> int:
    """Largest integer up to which `holds` holds, which it does at `first`, and often at `last`."""
    if holds(last):
        return last
    last -= 1
    while first < last:
        middle = (first + last + 1) // 2
        first, last = (middle, last) if holds(middle) else (first, middle - 1)
    return first
