"""Registers within a popcount (`rtl/mvau/sf_mvau_signs.sv`): behind which of its levels, for the clock asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

# Upper bounds over Yosys' netlists of popcounts of 12 to 256 bits, on the slow corner of a Zynq-7000, nets estimated
# (benchmarks/popcounts.py): clock to register behind nothing, a level, one that only carries ripple through (columns of
# three bits, which tools merge with each other and with what adds them), and the carry chain at the end.
_REGISTER_NS, _LEVEL_NS, _RIPPLE_NS, _ADDITION_NS = 1.5, 0.65, 0.2, 1.95
# LUTs of a counter of six bits, and of a full adder, whose sum what comes next takes in.
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
    bits, ns, lut = _heaps(simd, planes)
    levels = [0]
    while levels[-1] < len(ns) and _REGISTER_NS + sum(ns[levels[-1] :]) + _ADDITION_NS > path_ns:
        held, level = levels[-1], levels[-1] + 1
        while level < len(ns) and _to_register(ns[held : level + 1]) <= path_ns:
            level += 1
        levels.append(level)
    return Popcount(tuple(levels[1:]), sum(bits[level - 1] for level in levels[1:]), lut)


def _to_register(ns: list[float]) -> float:
    """Of these levels, with no addition behind: the first one of carries is a level like others."""
    return _REGISTER_NS + sum(ns) + (_LEVEL_NS - _RIPPLE_NS) * (_RIPPLE_NS in ns)


def _heaps(simd: int, planes: int) -> tuple[list[int], list[float], float]:
    """Bits left behind each level and its delay: full adders of three lanes, then sf_compressor.sv; LUTs of all."""
    triples, singles = divmod(simd, 3)
    heap = [(triples + singles) * (j < planes) + triples * (j > 0) for j in range(planes + 1)]
    bits, ns, lut = [sum(heap)], [_LEVEL_NS], float(_TRIPLE * triples * planes)
    while max(heap) > 2:
        ns.append(_LEVEL_NS if max(heap) > 3 else _RIPPLE_NS)
        heap, of_level = _level(heap)
        lut += of_level
        bits.append(sum(heap))
    return bits, ns, lut + heap.count(2)


def _level(heap: list[int]) -> tuple[list[int], float]:
    """What a level of sf_compressor.sv leaves of each column, and its LUTs."""
    counters, lent = [], 0
    for height, above in zip(heap, [*heap[1:], 0], strict=True):
        sixes, rest = divmod(height - lent, 6)
        lent = int(rest == 5 and above % 6 > 0)  # a counter of the five with one of the column above
        counters.append((sixes + lent, 0 if lent else rest))
    last = not any(count for count, _ in counters)  # full adders alone
    below = [0] * (len(heap) + 2)
    for j, (count, rest) in enumerate(counters):
        threes = rest // 3 if last else 0
        below[j] += count + rest - 2 * threes
        below[j + 1] += count + threes
        below[j + 2] += count
    return below, sum(_THREE * (rest // 3) if last else _SIX * count for count, rest in counters)
