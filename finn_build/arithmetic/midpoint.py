"""Step functions by midpoint displacement: thresholds as what they are off the middle of their neighbours.

A binary search asks for threshold T[m] when it knows T[l] <= x < T[r], l and r the nearest indices on either side that
it has asked for. Of a smooth activation T[m] is near the middle of T[l] and T[r], and the nearer the closer these are:
the displacement takes few bits, above all in the last stages, which have most thresholds. It is exact for all that
rises; only the bits depend on smoothness.

What is not smooth is RSiLU's bottom, where steps go down and up again. A channel's first 2^dip_bits - 1 steps stand
apart and in full (the dip). Up to the last of them (the knee) they alone give the level; the search counts from there
on, so that its thresholds below the knee may be whatever gives small displacements.

A channel that falls (a batch norm of negative scale) rises along the mirrored input, which has every bit inverted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from finn_build.arithmetic.step_function import StepFunction

_SLOPE_STEPS = 8  # steps whose mean distance goes on beyond the first and the last


@dataclass(frozen=True)
class MidpointSteps:
    """A step function of every channel.

    `bias + #{j >= 1 : v >= T[c, j]}` with v = min(x - starts[c], caps[c]), T[c, 0] = 0 and T[c, 2^S] = spans[c]; before
    the knee `floors[c] + |d - turns[c]|`, d the steps reached of the dip. Where mirrored, x is `ends - x`.

    Attributes:
        bias: lowest level.
        window: what is below and above these two integers need not be told from them.
        starts, spans, caps: int64 [C].
        displacements: int64 [C, 2^k] of stage k: T of the middle, less half of what lies between its neighbours.
        dip: int64 [C, 2^dip_bits - 1], ascending; above the window what is never reached.
        turns, floors: int64 [C], how many steps go down first, and the level they go down to.
        mirrored: bool [C].
        ends: sum of the ends of the input's type.
    """

    bias: int
    window: tuple[int, int]
    starts: np.ndarray
    spans: np.ndarray
    caps: np.ndarray
    displacements: tuple[np.ndarray, ...]
    dip: np.ndarray
    turns: np.ndarray
    floors: np.ndarray
    mirrored: np.ndarray
    ends: int

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Evaluate on integers [N, C], stage by stage as the hardware does."""
        channels, x = np.arange(x.shape[1]), np.where(self.mirrored, self.ends - x, x)
        x = np.clip(x, *self.window)
        v, span = np.minimum(np.maximum(x - self.starts, 0), self.caps), np.broadcast_to(self.spans, x.shape)
        count = np.zeros(x.shape, np.int64)
        for displaced in self.displacements:
            middle = (span >> 1) + displaced[channels, count]
            reached = v >= middle
            v, span = np.where(reached, v - middle, v), np.where(reached, span - middle, middle)
            count = 2 * count + reached
        dipped = sum((x >= step).astype(np.int64) for step in self.dip.T)
        return np.where(dipped < self.dip.shape[1], self.floors + abs(dipped - self.turns), self.bias + count)

    def span_bits(self) -> list[int]:
        """Bits of what lies between two neighbours, stage by stage."""
        bits, spans = [], self.spans[:, None]
        for displaced in self.displacements:
            bits.append(max(1, int(spans.max()).bit_length()))
            left = (spans >> 1) + displaced
            spans = np.stack((left, spans - left), axis=2).reshape(len(spans), -1)
        return bits


def fit_midpoint(steps: StepFunction, channels: int, low: int, high: int, dip_bits: int) -> MidpointSteps | None:
    """Find the displacements of a step function.

    Args:
        steps: the function; it may hold one row for all channels.
        channels: how many there are.
        low, high: ends of the input's type: on every integer between them the result gives the function's level.
        dip_bits: bits of the steps that stand apart, 0 for none.

    Returns:
        The displacements, or None where a channel turns more than once, or goes down beyond the dip.
    """
    rows = [_Channel.of(steps, c, low, high) for c in range(channels)]
    bias, top = min(r.floor for r in rows), max(r.level(len(r.places)) for r in rows)
    knee = 2**dip_bits - 1
    unlike = any(r.turn < 0 or r.turn > knee or (not knee and r.floor > bias) for r in rows)
    if unlike or max(top, *(r.level(0) for r in rows)) == bias:
        return None
    size = 1 << (top - bias).bit_length()
    found = [r.thresholds(knee, size, bias, high) for r in rows]
    thresholds, caps = np.stack([f[0] for f in found]), np.array([f[1] for f in found], np.int64)
    dip = np.full((channels, knee), high + 1, np.int64)
    for row, r in zip(dip, rows, strict=True):
        row[: len(r.places)] = r.places[:knee]
    starts = thresholds[:, 0]
    window = (
        min(int(starts.min()), int(dip.min(initial=high)) - 1),
        max(int((starts + caps).max()), int(dip[dip <= high].max(initial=low))),
    )
    dip[dip > high] = window[1] + 1
    displaced = []
    for half in (size >> k + 1 for k in range(size.bit_length() - 1)):
        ends, middle = thresholds[:, :: 2 * half], thresholds[:, half :: 2 * half]
        displaced.append(middle - ends[:, :-1] - (np.diff(ends) >> 1))
    turns, floors = (np.array([getattr(r, name) for r in rows], np.int64) for name in ("turn", "floor"))
    spans, mirrored = thresholds[:, -1] - starts, np.array([r.mirrored for r in rows])
    result = MidpointSteps(
        bias, window, starts, spans, caps, tuple(displaced), dip, turns, floors, mirrored, low + high
    )
    rises = bool((np.diff(thresholds) >= 0).all())
    return result if rises and _equal(steps, result, np.concatenate((thresholds, dip), axis=1), low, high) else None


def _equal(steps: StepFunction, result: MidpointSteps, found: np.ndarray, low: int, high: int) -> bool:
    """Whether both give the same levels from `low` to `high`: they are constant between the places compared."""
    given = np.broadcast_to(steps.thresholds, (len(found), steps.steps))
    found = np.where(result.mirrored[:, None], low + high + 1 - found, found)
    places = np.concatenate((given, found, np.full((len(found), 1), low)), axis=1)
    x = np.clip(np.concatenate((places, places - 1), axis=1), low, high).T
    return np.array_equal(steps(x), result(x))


@dataclass(frozen=True)
class _Channel:
    """The steps of one channel, each by one level: `turn` down to `floor`, then up; turn is -1 where that is not so.

    Mirrored where fewer go down that way.
    """

    places: np.ndarray
    turn: int
    floor: int
    mirrored: bool = False

    @classmethod
    def of(cls, steps: StepFunction, channel: int, low: int, high: int) -> _Channel:
        """From one row; what is always reached or never is no step."""
        row = steps.thresholds[channel % len(steps.thresholds)]
        count = np.arange(steps.steps + 1)
        levels = steps.bias + count if steps.table is None else steps.table[channel % len(steps.table)].astype(np.int64)
        first, last = np.searchsorted(row, (low, high), side="right")
        heights = np.diff(levels[first : last + 1])
        size = np.abs(heights).astype(np.int64)
        signs = np.repeat(np.sign(heights), size)
        places = np.repeat(row[first:last], size).astype(np.int64)
        plain = cls._along(places, signs, int(levels[first]))
        other = cls._along(low + high + 1 - places[::-1], -signs[::-1], int(levels[last]))
        if other.turn < 0 or 0 <= plain.turn <= other.turn:
            return plain
        return replace(other, mirrored=True)

    @classmethod
    def _along(cls, places: np.ndarray, signs: np.ndarray, start: int) -> _Channel:
        """From steps in order, each up (1) or down (-1), and the level before the first."""
        turn = int((signs < 0).sum())
        return cls(places, turn if (signs[:turn] < 0).all() else -1, start - turn)

    def level(self, count: int) -> int:
        """Level behind so many steps."""
        return self.floor + abs(count - self.turn)

    def thresholds(self, knee: int, size: int, bias: int, high: int) -> tuple[np.ndarray, int]:
        """T[0] to T[size], counted from 0, and how far beyond T[0] inputs are told apart.

        Those that are no step behind the knee go on at the distance of their neighbours.
        """
        known = self.places[max(knee - 1, 0) :]  # the knee itself is a place to go on from
        if not len(known):
            return np.arange(size + 1, dtype=np.int64), size
        first = self.level(max(knee, 1)) - bias
        last = first + len(known) - 1
        before, behind = (max(1.0, (part[-1] - part[0]) / max(len(part) - 1, 1)) for part in _ends(known))
        below, above = np.arange(-first, 0), np.arange(1, size + 1 - last)
        t = np.concatenate((np.rint(known[0] + before * below), known, np.rint(known[-1] + behind * above)))
        t = t.astype(np.int64)
        beyond = int(t[last + 1])
        return t, int((t[-1] if last == size - 1 or beyond > high else beyond - 1) - t[0])


def _ends(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return places[: _SLOPE_STEPS + 1], places[-_SLOPE_STEPS - 1 :]
