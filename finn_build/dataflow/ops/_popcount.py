"""Registers within a popcount (`rtl/mvau/sf_mvau_signs.sv`): behind which of its levels, for the clock asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

# Of Yosys' netlists on the slow corner of a Zynq-7000, nets estimated, at 12 to 120 bits a popcount.
_REGISTER_NS, _LEVEL_NS = 1.5, 1.05
_ADDITION = 1.5  # levels that the carry chain at the end is worth


@dataclass(frozen=True)
class Popcount:
    """Registers of one popcount.

    Attributes:
        levels: those that have a register behind them; 1 is the full adders of three lanes each.
        bits: flip-flops of all of them.
    """

    levels: tuple[int, ...]
    bits: int

    @property
    def mask(self) -> int:
        """Parameter REGISTERS of sf_mvau_signs.sv."""
        return sum(1 << (level - 1) for level in self.levels)


@lru_cache(maxsize=1024)
def plan_popcount(simd: int, planes: int, path_ns: float) -> Popcount:
    """Registers where the levels so far take longer than a path may, as late as that allows: fewer bits are left there.

    Args:
        simd: lanes.
        planes: bits of an activation.
        path_ns: longest path between registers.
    """
    heaps = _heaps(simd, planes)
    span, count = max(1.0, (path_ns - _REGISTER_NS) / _LEVEL_NS), len(heaps)
    levels = [0]
    while count + _ADDITION - levels[-1] > span and levels[-1] < count:
        levels.append(min(levels[-1] + int(span), count))
    return Popcount(tuple(levels[1:]), sum(heaps[level - 1] for level in levels[1:]))


def _heaps(simd: int, planes: int) -> list[int]:
    """Bits left behind each level: full adders of three lanes, then the levels of sf_compressor.sv."""
    triples, singles = divmod(simd, 3)
    heap = [(triples + singles) * (j < planes) + triples * (j > 0) for j in range(planes + 1)]
    bits = [sum(heap)]
    while max(heap) > 2:
        below = [0] * (len(heap) + 2)
        for j, height in enumerate(heap):
            sixes, rest = divmod(height, 6)
            below[j] += sixes + rest // 3 + height % 3
            below[j + 1] += sixes + rest // 3
            below[j + 2] += sixes
        heap = below
        bits.append(sum(heap))
    return bits
