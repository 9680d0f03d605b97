"""Registers within a popcount (`rtl/mvau/sf_mvau_signs.sv`): behind which of its levels, for the clock asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

# Upper bounds over Yosys' netlists of popcounts of 12 to 256 bits, on the slow corner of a Zynq-7000, nets estimated
# (benchmarks/popcounts.py): clock to register behind nothing, a level, one that only carries ripple through (columns of
# three bits, which tools merge with each other and with what adds them), and the carry chain at the end.
_REGISTER_NS, _LEVEL_NS, _RIPPLE_NS, _ADDITION_NS = 1.5, 0.65, 0.2, 1.95
_SHARED_NS, _CHAIN_NS = 2.0, 1.6  # of constant weights: the first level, which many rows read, and one of carry chains
# LUTs of a counter of six bits, of five in a carry chain, and of a full adder, whose sum what comes next takes in; of a
# triple of lanes, and at most of all that rows with constant weights make of it: a parity and four majorities.
_SIX, _CHAIN, _THREE, _TRIPLE, _SHARED = 3, 2, 1.5, 2, 5


@dataclass(frozen=True)
class Popcount:
    """Registers of one popcount.

    Attributes:
        levels: those that have a register behind them; 1 is the full adders of three lanes each.
        bits: flip-flops of all of them.
        lut: LUTs of the whole popcount, its agreements included; of a row, where rows share them.
    """

    levels: tuple[int, ...]
    bits: int
    lut: float

    @property
    def mask(self) -> int:
        """Parameter REGISTERS of sf_mvau_signs.sv."""
        return sum(1 << (level - 1) for level in self.levels)


@lru_cache(maxsize=1024)
def plan_popcount(simd: int, planes: int, path_ns: float, rows: int = 0) -> Popcount:
    """Registers where the levels so far take longer than a path may, as late as that allows: fewer bits are left there.

    Args:
        simd: lanes.
        planes: bits of an activation.
        path_ns: longest path between registers.
        rows: how many have constant weights, on the same activations; 0: weights change.
    """
    bits, ns, lut = _heaps(simd, planes, rows)
    levels = [0]
    while levels[-1] < len(ns) and _REGISTER_NS + sum(ns[levels[-1] :]) + _ADDITION_NS > path_ns:
        held, level = levels[-1], levels[-1] + 1
        while level < len(ns) and _to_register(ns[held : level + 1]) <= path_ns:
            level += 1
        levels.append(level)
    return Popcount(tuple(levels[1:]), sum(bits[level - 1] for level in levels[1:]), lut)


def _to_register(ns: list[float]) -> float:
    """Of these levels, with no addition behind that would take carries in: they are levels like others."""
    return _REGISTER_NS + sum(max(_LEVEL_NS, each) for each in ns)


def _heaps(simd: int, planes: int, rows: int) -> tuple[list[int], list[float], float]:
    """Bits left behind each level and its delay: full adders of three lanes, then sf_compressor.sv; LUTs of all."""
    triples, singles = divmod(simd, 3)
    heap = [(triples + singles) * (j < planes) + triples * (j > 0) for j in range(planes + 1)]
    bits, ns = [sum(heap)], [_SHARED_NS if rows else _LEVEL_NS]
    lut = triples * planes * (min(_TRIPLE, _SHARED / rows) if rows else _TRIPLE)
    while max(heap) > 2:
        delay = _LEVEL_NS if max(heap) > 3 else _RIPPLE_NS
        heap, of_level, chains = _level(heap, bool(rows))
        ns.append(_CHAIN_NS if chains else delay)
        lut += of_level
        bits.append(sum(heap))
    return bits, ns, lut + heap.count(2)


def _level(heap: list[int], constant: bool) -> tuple[list[int], float, bool]:
    """What a level of sf_compressor.sv leaves of each column, its LUTs, and whether it has carry chains."""
    counters, lent = [], 0
    for height, above in zip(heap, [*heap[1:], 0], strict=True):
        own = height - lent
        fives = own // 5 if constant else int(own % 6 == 5 and above % 6 > 0)
        lent = min(fives, above)
        sixes, rest = divmod(own - 5 * fives, 6)
        counters.append((fives, sixes, rest))
    last = not any(fives or sixes for fives, sixes, _ in counters)  # full adders alone
    below = [0] * (len(heap) + 2)
    for j, (fives, sixes, rest) in enumerate(counters):
        threes = rest // 3 if last else 0
        below[j] += fives + sixes + rest - 2 * threes
        below[j + 1] += fives + sixes + threes
        below[j + 2] += fives + sixes
    five = _CHAIN if constant else _SIX
    lut = sum(_THREE * (rest // 3) if last else five * fives + _SIX * sixes for fives, sixes, rest in counters)
    return below, lut, constant and not last
