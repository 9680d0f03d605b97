"""Registers within a popcount (`rtl/mvau/sf_mvau_signs.sv`): behind which of its levels, for the clock asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

# Of Yosys' netlists on the slow corner of a Zynq-7000, nets estimated, at 12 to 120 bits a popcount, counters mapped
# together; mapped alone, a level takes 0.5 to 0.6 ns at 96 bits, and the rest is room.
_REGISTER_NS, _LEVEL_NS = 1.5, 1.05
_ADDITION = 1.5  # levels that the carry chain at the end is worth
# LUTs of a counter of six bits, and of a full adder, whose outputs share logic with what comes next.
_SIX, _THREE, _TRIPLE = 3, 1.5, 2


@dataclass(frozen=True)
class Popcount:
    """Registers of one popcount.

    Attributes:
        levels: those that have a register behind them; 1 is the full adders of three lanes each.
        bits: flip-flops of all of them.
        lut: LUTs of the whole popcount, its agreements included.
    """

    levels: tuple[int, ...]
    bits: int
    lut: float

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
    heaps, lut = _heaps(simd, planes)
    span, count = max(1.0, (path_ns - _REGISTER_NS) / _LEVEL_NS), len(heaps)
    levels = [0]
    while count + _ADDITION - levels[-1] > span and levels[-1] < count:
        levels.append(min(levels[-1] + int(span), count))
    return Popcount(tuple(levels[1:]), sum(heaps[level - 1] for level in levels[1:]), lut)


def _heaps(simd: int, planes: int) -> tuple[list[int], float]:
    """Bits left behind each level: full adders of three lanes, then the levels of sf_compressor.sv; LUTs of all."""
    triples, singles = divmod(simd, 3)
    heap = [(triples + singles) * (j < planes) + triples * (j > 0) for j in range(planes + 1)]
    bits, lut = [sum(heap)], float(_TRIPLE * triples * planes)
    while max(heap) > 2:
        below = [0] * (len(heap) + 2)
        for j, height in enumerate(heap):
            sixes, rest = divmod(height, 6)
            lut += _SIX * sixes + _THREE * (rest // 3)
            below[j] += sixes + rest // 3 + height % 3
            below[j + 1] += sixes + rest // 3
            below[j + 2] += sixes
        heap = below
        bits.append(sum(heap))
    return bits, lut + heap.count(2)
