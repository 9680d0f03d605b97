"""Foldings of a BitConv: SIMD x PE popcount lanes, Lanes searches in parallel, InLanes elements a beat in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from onnx import NodeProto
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.ops._folds import divisors
from finn_build.dataflow.ops.base import Folding, StreamOp

_NAMES = ("SIMD", "PE", "Lanes", "InLanes")
_STEPS = frozenset({"affineBits", "affineFraction", "shortcutRange"})  # no pace depends on what the lines are
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
    op, paced = _op(serialized), _without(serialized, _STEPS)
    known = [(f, *_pace(paced, f)) for f in _foldings(op, target_cycles)]
    candidates = [(f, cycles) for f, cycles, too_wide in known if not too_wide] or [choice[:2] for choice in known]
    legal = [f for f, cycles in candidates if cycles <= target_cycles]
    if not legal:
        return min(candidates, key=lambda c: (c[1], c[0]))[0]
    fewest = min(f[0] * f[1] for f in legal)
    near = [f for f in legal if f[0] * f[1] <= _NEAR * fewest]
    return min(near, key=lambda f: (_luts(serialized, f), f))


@lru_cache(maxsize=1 << 16)
def _pace(serialized: bytes, folding: tuple[int, ...]) -> tuple[int, bool]:
    """Cycles of a frame, and whether its streams are too wide."""
    op = _op(serialized, folding)
    return op.get_exp_cycles(), op.too_wide


@lru_cache(maxsize=1 << 16)
def _luts(serialized: bytes, folding: tuple[int, ...]) -> int:
    op = _op(serialized, folding)
    return op.resources().luts(op.attr("lutsPerBram18"))


def _op(serialized: bytes, folding: tuple[int, ...] = ()) -> Any:
    op = getCustomOp(NodeProto.FromString(serialized))
    op.fold(dict(zip(_NAMES, folding, strict=False)))
    return op


@lru_cache(maxsize=4096)
def _without(serialized: bytes, names: frozenset[str]) -> bytes:
    """A node without some of its attributes."""
    node = NodeProto.FromString(serialized)
    kept = [a for a in node.attribute if a.name not in names]
    del node.attribute[:]
    node.attribute.extend(kept)
    return node.SerializeToString()


def _foldings(op: Any, target_cycles: int) -> Iterator[tuple[int, ...]]:
    """Every SIMD and PE, with the fewest lanes of both kinds that meet the target, or the most there are."""
    own, pixels = op.attr("shortcut") == "own", op.attr("IFMDim")[0] * op.attr("IFMDim")[1]
    channels, rows = op.attr("IFMChannels"), op.attr("MH")
    work = op.window.windows[0] * op.window.windows[1] * rows * op.stages
    for simd in divisors(channels):
        entries = _fewest(divisors(simd), pixels * channels, target_cycles)
        for pe in divisors(rows):
            lanes = _fewest(divisors(pe), work, target_cycles)
            if own:
                shared = [d for d in divisors(pe) if simd % d == 0 and d >= max(lanes, entries)]
                if not shared:
                    shared = [max(d for d in divisors(pe) if simd % d == 0)]
                yield simd, pe, shared[0], shared[0]
            else:
                yield simd, pe, lanes, entries


def _fewest(lanes: list[int], work: int, target_cycles: int) -> int:
    return next((d for d in lanes if work <= d * target_cycles), lanes[-1])
