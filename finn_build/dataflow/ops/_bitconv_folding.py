"""Foldings of a BitConv: SIMD x PE popcount lanes, Lanes searches in parallel, InLanes elements a beat in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from onnx import NodeProto
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.ops._bitconv_parts import Pace
from finn_build.dataflow.ops._folds import divisors
from finn_build.dataflow.ops.base import Folding, StreamOp

_NAMES = ("SIMD", "PE", "Lanes", "InLanes")
_NEAR = 1.5  # lanes of candidates worth an area estimate, relative to the fewest


def choose(op: StreamOp, target_cycles: int) -> Folding:
    """The smallest folding that meets the target by the op's own estimate, else the fastest one."""
    node: NodeProto = op.onnx_node
    folded = {*_NAMES, "name"}
    rest = NodeProto()
    rest.CopyFrom(node)
    del rest.attribute[:], rest.input[:], rest.output[:]
    rest.attribute.extend(sorted((a for a in node.attribute if a.name not in folded), key=lambda a: a.name))
    rest.input.extend(["x"] * len(op.streams_in()))
    rest.output.append("y")
    rest.name = rest.doc_string = ""
    return dict(zip(_NAMES, _choose(rest.SerializeToString(), target_cycles), strict=True))


@lru_cache(maxsize=4096)
def _choose(serialized: bytes, target_cycles: int) -> tuple[int, ...]:
    op = _op(serialized)
    pace, known = op.pace, list(_foldings(op.attr("shortcut") == "own", op.pace, op.attr("IFMChannels"), target_cycles))
    limited = op.attr("streamBits") > 0
    candidates = [f for f in known if not (limited and _op(serialized, f).too_wide)] or known
    legal = [f for f in candidates if pace.frame(*f) <= target_cycles]
    if not legal:
        return min(candidates, key=lambda f: (pace.frame(*f), f))
    fewest = min(f[0] * f[1] for f in legal)
    near = [f for f in legal if f[0] * f[1] <= _NEAR * fewest]
    return min(near, key=lambda f: (_luts(serialized, f), f))


@lru_cache(maxsize=1 << 16)
def _luts(serialized: bytes, folding: tuple[int, ...]) -> int:
    op = _op(serialized, folding)
    return op.resources().luts(op.attr("lutsPerBram18"))


def _op(serialized: bytes, folding: tuple[int, ...] = ()) -> Any:
    op = getCustomOp(NodeProto.FromString(serialized))
    op.fold(dict(zip(_NAMES, folding, strict=False)))
    return op


def _foldings(own: bool, pace: Pace, channels: int, target_cycles: int) -> Iterator[tuple[int, int, int, int]]:
    """Every SIMD and PE, with the fewest lanes of both kinds that meet the target, or the most there are."""
    work = pace.windows * pace.rows * pace.stages
    lanes_of = {pe: _fewest(divisors(pe), work, target_cycles) for pe in divisors(pace.rows)}
    for simd in divisors(channels):
        entries = _fewest(divisors(simd), pace.elements, target_cycles)
        for pe, lanes in lanes_of.items():
            if own:
                shared = [d for d in divisors(pe) if simd % d == 0]
                both = next((d for d in shared if d >= max(lanes, entries)), shared[-1])
                yield simd, pe, both, both
            else:
                yield simd, pe, lanes, entries


def _fewest(lanes: list[int], work: int, target_cycles: int) -> int:
    return next((d for d in lanes if work <= d * target_cycles), lanes[-1])
