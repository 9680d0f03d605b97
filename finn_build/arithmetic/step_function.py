"""The activation compiler's core: any function on a bounded integer range becomes thresholds, or a table.

Nothing is solved for: the function is evaluated on every integer of its range, so the result is exact by construction
for whatever it is made of (batch norm of either sign, RSign's shift, RPReLU, RSiLU, ...). Wide ranges have too many;
there each is halved until the function is known to be one level on all of a piece.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from finn_build.arithmetic.datatypes import integer_range_dtype

_CHUNK_ELEMENTS = 1 << 22  # bounds the memory of one evaluation

_MOST_PIECES = 1 << 24  # times channels, of one range that is halved

LevelFunction = Callable[[np.ndarray], np.ndarray]
LevelBounds = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
_Changes = tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]


@dataclass(frozen=True)
class StepFunction:
    """A per-channel function from integers to integer levels.

    `count = #{j : x >= thresholds[c, j]}`; the level is `bias + count`, or `table[c, count]` where there is a table.

    Attributes:
        thresholds: int64 [C, N], or [1, N] when all channels agree; ascending in each row. A threshold above
            the type of the range is never reached.
        table: int64 [C, N + 1] (or [1, N + 1]), or None where every channel rises one level at a time.
        bias: level below the first threshold when there is no table.
    """

    thresholds: np.ndarray
    table: np.ndarray | None
    bias: int

    @property
    def steps(self) -> int:
        """Thresholds per channel."""
        return int(self.thresholds.shape[1])

    @property
    def levels(self) -> tuple[int, int]:
        """Lowest and highest level it can give."""
        if self.table is None:
            return self.bias, self.bias + self.steps
        return int(self.table.min()), int(self.table.max())

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Evaluate on integers [..., C]; returns levels of the same shape."""
        thresholds = np.broadcast_to(self.thresholds, (x.shape[-1], self.steps))
        count = np.empty(x.shape, dtype=np.int64)
        for c, row in enumerate(thresholds):
            count[..., c] = np.searchsorted(row, x[..., c], side="right")
        if self.table is None:
            return count + self.bias
        rows = np.arange(x.shape[-1]) if self.table.shape[0] > 1 else 0
        return self.table[rows, count]


def compile_steps(
    function: LevelFunction, low: np.ndarray, high: np.ndarray, points: np.ndarray | None = None,
    bounds: LevelBounds | None = None,
) -> StepFunction:  # fmt: skip
    """Evaluate `function` on every integer of every channel's range and keep where it steps.

    Args:
        function: maps int64 [N, C] to integer levels [N, C], channel by channel.
        low: int64 [C], smallest input of each channel.
        high: int64 [C], largest input of each channel.
        points: the integers that can come, ascending, both ends of every range among them; None for all.
        bounds: levels that hold those of all integers between two, int64 [N, C] both; ranges are halved by it.

    Returns:
        The step function, exact on the whole range.

    Raises:
        ValueError: halving comes to no end.
    """
    low, high = np.asarray(low, np.int64), np.asarray(high, np.int64)
    found = _changes_by_halves(function, low, high, bounds) if bounds else _changes(function, low, high, points)
    first, where, values = found
    never = int(integer_range_dtype(int(low.min()), int(high.max())).max()) + 1
    rises = all(np.all(np.diff(np.concatenate(([f], v))) > 0) for f, v in zip(first, values, strict=True))
    if rises:
        base, top = int(first.min()), int(max(max(v, default=f) for f, v in zip(first, values, strict=True)))
        if top - base <= 2 * max(max(map(len, where)), 1):
            return _monotone(first, where, values, base, top, int(low.min()), never)
    return _tabled(first, where, values, never)


def _changes(function: LevelFunction, low: np.ndarray, high: np.ndarray, points: np.ndarray | None) -> _Changes:
    """Per channel: the level at `low`, the integers where the level changes, and the level from each of them on."""
    channels, start = len(low), int(low.min())
    count = int(high.max()) - start + 1 if points is None else len(points)
    chunk = max(1, _CHUNK_ELEMENTS // channels)
    previous = first = np.asarray(function(low[None])).astype(np.int64)[0]
    rows: list[np.ndarray] = []
    cols: list[np.ndarray] = []
    levels: list[np.ndarray] = []
    for begin in range(0, count, chunk):
        end = min(begin + chunk, count)
        x = (np.arange(start + begin, start + end) if points is None else points[begin:end])[:, None]
        y = np.asarray(function(np.clip(x, low, high))).astype(np.int64)
        changed = y != np.concatenate((previous[None], y[:-1]))
        r, c = np.nonzero(changed)
        for found, part in ((rows, x[r, 0]), (cols, c), (levels, y[r, c])):
            found.append(part)
        previous = y[-1]
    row, col, level = np.concatenate(rows), np.concatenate(cols), np.concatenate(levels)
    return first, [row[col == c] for c in range(channels)], [level[col == c] for c in range(channels)]


def _changes_by_halves(function: LevelFunction, low: np.ndarray, high: np.ndarray, bounds: LevelBounds) -> _Changes:
    """The same by pieces: one on which the bounds are one level is settled, any other is cut in two."""
    channels, settled = len(low), []
    of, begin, end = np.arange(channels), low, high  # pieces, ordered by channel
    while len(of):
        least, most = _on_pieces(bounds, of, begin, end, low)
        single = (begin == end) & (least != most)
        if single.any():
            (level,) = _on_pieces(lambda x, _: (function(x),), of[single], begin[single], end[single], low)
            least[single] = most[single] = level
        done = least == most
        settled.append(np.stack((of[done], begin[done], least[done])))
        middle = (begin + end) // 2
        ends = np.stack((begin, middle, middle + 1, end), axis=1)[~done].reshape(-1, 2)
        of, begin, end = of[~done].repeat(2), ends[:, 0], ends[:, 1]
        if np.bincount(of, minlength=1).max() * channels > _MOST_PIECES:
            raise ValueError("a function of a wide range that changes nearly everywhere")
    of, begin, level = np.concatenate(settled, axis=1)
    of, begin, level = (v[np.lexsort((begin, of))] for v in (of, begin, level))
    starts = np.searchsorted(of, np.arange(channels))
    changed = np.concatenate(([True], level[1:] != level[:-1]))
    changed[starts] = False
    ends = np.cumsum(np.bincount(of[changed], minlength=channels))[:-1]
    return level[starts], np.split(begin[changed], ends), np.split(level[changed], ends)


def _on_pieces(
    function: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, ...]], of: np.ndarray, begin: np.ndarray,
    end: np.ndarray, low: np.ndarray,
) -> list[np.ndarray]:  # fmt: skip
    """What a function of the ends [N, C] of pieces gives of each, though channels have unequally many."""
    row = np.arange(len(of)) - np.searchsorted(of, of)
    ends = np.tile(low, (2, row.max() + 1, 1))
    ends[0, row, of], ends[1, row, of] = begin, end
    return [np.asarray(v).astype(np.int64)[row, of] for v in function(*ends)]


def _monotone(
    first: np.ndarray,
    where: list[np.ndarray],
    values: list[np.ndarray],
    base: int,
    top: int,
    low: int,
    never: int,
) -> StepFunction:
    """One threshold per level from `base` to `top`: the first integer that reaches it."""
    wanted = np.arange(base + 1, top + 1)
    thresholds = np.full((len(first), max(len(wanted), 1)), never, dtype=np.int64)
    for c, (f, x, v) in enumerate(zip(first, where, values, strict=True)):
        reached = np.searchsorted(v, wanted, side="left")
        found = np.concatenate((x, [never]))[reached]
        thresholds[c, : len(wanted)] = np.where(wanted <= f, low, found)
    return StepFunction(_shared(thresholds), None, base)


def _tabled(first: np.ndarray, where: list[np.ndarray], values: list[np.ndarray], never: int) -> StepFunction:
    """Sorted breakpoints, and the level of each interval between them."""
    steps = max(max(map(len, where)), 1)
    thresholds = np.full((len(first), steps), never, dtype=np.int64)
    table = np.empty((len(first), steps + 1), dtype=np.int64)
    for c, (f, x, v) in enumerate(zip(first, where, values, strict=True)):
        thresholds[c, : len(x)] = x
        table[c] = np.concatenate(([f], v, np.full(steps - len(v), v[-1] if len(v) else f)))
    joint = _shared(np.concatenate((thresholds, table), axis=1))
    return StepFunction(joint[:, :steps], joint[:, steps:], 0)


def _shared(rows: np.ndarray) -> np.ndarray:
    """One row when all channels agree."""
    return rows[:1] if np.all(rows == rows[:1]) else rows
