"""The gate: every level of the same network, compared for equality at every tap, on real frames.

Levels: 0 PyTorch, or ONNX Runtime on a whole file, 1 QONNX, node by node, 2 hardware graph in integers, 3 each op alone
in rtlsim, 4 the stitched design in rtlsim, 5 the C++ for HLS in csim.
Each tensor is compared with the lowest level that has it. The first difference in dataflow order is reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from finn_build.errors import GateError

LEVELS = (
    "PyTorch, or ONNX Runtime on the whole file",
    "QONNX",
    "integer hardware graph",
    "each op in rtlsim",
    "stitched design in rtlsim",
    "C++ in csim",
)
CSIM = 5

_ROUNDING = (1e-5, 1e-6)  # relative and absolute, of float functions of two libraries
_STREAMED = (2, 3, 4, CSIM)  # levels whose channels come in the order of the stream


@dataclass(frozen=True)
class Tap:
    """A place where levels are compared: a tensor, the op that makes it, and the layer that op belongs to.

    Attributes:
        tensor, op, layer: their names.
        channels: logical channel at each position of the stream; empty where that is 0, 1, 2, ...
        rounded: floats of functions whose last bits depend on who computes them; compared but for those.
        noise: of floats that follow from sums which carry rounding noise, as a part of the largest.
    """

    tensor: str
    op: str
    layer: str
    channels: Sequence[int] = ()
    rounded: bool = False
    noise: float = 0.0


@dataclass(frozen=True)
class Difference:
    """The first place where a level differs from the lowest one that has the tensor."""

    layer: str
    op: str
    tensor: str
    level: int
    reference_level: int
    frame: int
    channel: int
    row: int
    column: int
    expected: float
    got: float

    def __str__(self) -> str:
        return (
            f"layer {self.layer} ({self.op}): frame {self.frame}, channel {self.channel}, row {self.row}, "
            f"column {self.column}: level {self.reference_level} ({LEVELS[self.reference_level]}) has {self.expected}, "
            f"level {self.level} ({LEVELS[self.level]}) has {self.got}; tensor {self.tensor}"
        )


@dataclass(frozen=True)
class Verdict:
    """Outcome of the gate.

    Attributes:
        passed: True when all levels agree everywhere.
        frames: frames compared.
        taps: tensors compared at two levels or more.
        comparisons: taps by level above the reference, summed up.
        values: integers compared.
        levels: numbers of the levels that took part.
        first_difference: None when passed.
    """

    passed: bool
    frames: int
    taps: int
    comparisons: int
    values: int
    levels: tuple[int, ...]
    first_difference: Difference | None

    def require(self) -> None:
        """Raise unless passed.

        Raises:
            GateError: names layer, op, frame, channel, row, column and both values.
        """
        if self.first_difference is not None:
            raise GateError(f"the gate failed at {self.first_difference}")

    def as_dict(self) -> dict:
        """For `report.json`."""
        return asdict(self)


def compare(taps: Sequence[Tap], levels: Mapping[int, Mapping[str, np.ndarray]]) -> Verdict:
    """Compare all levels at all taps.

    Args:
        taps: in dataflow order.
        levels: by level number, integers by tensor name, [frames, H, W, C] or [frames, C], channels last; of levels of
            hardware in the order of the stream.

    Returns:
        The verdict, with the first difference in the order of taps, then of levels.
    """
    first, compared, comparisons, values, frames = None, 0, 0, 0, 0
    for tap in taps:
        having = [n for n in sorted(levels) if tap.tensor in levels[n]]
        compared += len(having) > 1
        for level in having[1:]:
            expected, got = (_by_channel(tap, n, levels[n][tap.tensor]) for n in (having[0], level))
            comparisons, values, frames = comparisons + 1, values + expected.size, max(frames, len(expected))
            if first is None:
                first = _difference(tap, having[0], level, expected, got)
    return Verdict(first is None, frames, compared, comparisons, values, tuple(sorted(levels)), first)


def _same(got: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Equal, or both no number."""
    return (got == expected) | (np.isnan(got) & np.isnan(expected))


def _alike(tap: Tap, got: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Equal but for what the tap leaves to rounding."""
    largest = np.abs(expected, where=np.isfinite(expected), out=np.zeros(expected.shape)).max()
    relative, absolute = _ROUNDING
    return np.isclose(got, expected, relative, max(absolute, tap.noise * largest), equal_nan=True)


def _by_channel(tap: Tap, level: int, values: np.ndarray) -> np.ndarray:
    """Values with their logical channels ascending."""
    if level not in _STREAMED or not tap.channels:
        return values
    pixels = values.reshape(len(values), -1, len(tap.channels))  # of a flattened map, too
    return pixels[..., np.argsort(tap.channels)].reshape(values.shape)


def _difference(tap: Tap, reference: int, level: int, expected: np.ndarray, got: np.ndarray) -> Difference | None:
    got = got.reshape(expected.shape) if got.size == expected.size else got
    if expected.shape != got.shape:
        raise GateError(
            f"the gate failed at layer {tap.layer} ({tap.op}): shapes {expected.shape} and {got.shape} differ"
        )
    differs = ~_alike(tap, got, expected) if tap.rounded or tap.noise else ~_same(got, expected)
    if not differs.any():
        return None
    index = np.unravel_index(int(np.argmax(differs)), expected.shape)
    frame, *place, channel = (int(i) for i in index)
    row, column = (0, *place)[-2:] if place else (0, 0)
    channel = sorted(tap.channels)[channel] if len(tap.channels) == expected.shape[-1] else channel
    return Difference(
        tap.layer, tap.op, tap.tensor, level, reference, frame, channel, row, column,
        expected[index].item(), got[index].item(),
    )  # fmt: skip
