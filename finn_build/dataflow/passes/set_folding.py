"""SetFolding: PE and SIMD of every op, the fewest lanes that meet a target number of cycles per frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

from finn_build.dataflow.ops._folds import divisors, folds
from finn_build.dataflow.ops.base import StreamOp
from finn_build.dataflow.passes import _bitconv_folding
from finn_build.errors import ConfigError

_WORD_BITS = 72  # of UltraRAM; block RAM takes any width

Folding = Mapping[str, int]  # attribute ("PE", "SIMD") -> lanes


class SetFolding(Transformation):
    """Sets PE and SIMD. A window's SIMD follows the MVAU it feeds; a WideSWG, which has none, learns its reader's pace.

    A join of streams takes lanes for a word of memory, whatever the target.

    Comes before width converters and FIFOs.
    """

    def __init__(self, target_cycles: int, overrides: Mapping[str, Folding] | None = None):
        """Args: `target_cycles` per frame; `overrides`, foldings by node name that replace the choice made here.

        An op that cannot meet the target is folded out as far as it goes.
        """
        super().__init__()
        self.target_cycles = target_cycles
        self.overrides = dict(overrides or {})

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Choose for every node, in order.

        Raises:
            ConfigError: an override names no node, or lanes that do not divide.
        """
        names = [n.name for n in model.graph.node]
        for unknown in set(self.overrides) - set(names):
            raise ConfigError(f"folding: no op is called {unknown}; legal: {', '.join(names)}")
        for node in model.graph.node:
            chosen = self.overrides.get(node.name) or self._choose(model, node)
            _check(model, node, chosen)
            _apply(getCustomOp(node), chosen)
            if node.op_type == "BitMVAU_rtl":
                window = model.find_producer(node.input[0])
                if window is not None and window.op_type == "SWG_rtl":
                    getCustomOp(window).set_nodeattr("SIMD", getCustomOp(node).attr("SIMD"))
                if window is not None and window.op_type == "WideSWG_rtl":
                    op = getCustomOp(node)
                    cycles = op.attr("MW") // op.attr("SIMD") * (op.attr("MH") // op.attr("PE"))
                    getCustomOp(window).set_nodeattr("WindowCycles", cycles)
        return model, False

    def _choose(self, model: ModelWrapper, node: NodeProto) -> Folding:
        """The cheapest folding that meets the target, else the fastest."""
        if node.op_type == "BitConv_rtl":
            return _bitconv_folding.choose(node, self.target_cycles)
        if node.op_type == "StreamConcat_rtl":
            return {"PE": _join_lanes(getCustomOp(node))}
        best, fastest = None, None
        for folding in foldings(model, node):
            _apply(getCustomOp(node), folding)
            cycles = max(getCustomOp(node).get_exp_cycles(), _window_cycles(model, node, folding.get("SIMD", 1)))
            cost = (_lanes(folding), folding.get("PE", 1))
            if cycles <= self.target_cycles and (best is None or cost < best[0]):
                best = (cost, folding)
            if fastest is None or (cycles, *cost) < fastest[0]:
                fastest = ((cycles, *cost), folding)
        assert fastest is not None, "every op has the folding of one lane"
        return best[1] if best else fastest[1]


def foldings(model: ModelWrapper, node: NodeProto) -> Iterator[Folding]:
    """All legal foldings of a node; a window has none of its own, it follows its MVAU."""
    op = getCustomOp(node)
    if node.op_type == "SWG_rtl":
        yield {"SIMD": op.attr("SIMD")}
    elif node.op_type == "WideSWG_rtl":
        yield {}
    elif node.op_type == "BitMVAU_rtl":
        for simd in divisors(_simd_limit(model, node)):
            for pe in divisors(op.attr("MH")):
                yield {"PE": pe, "SIMD": simd}
    else:
        for pe in op.legal_lanes():
            yield {"PE": pe}


def _join_lanes(op: StreamOp) -> int:
    """As many lanes as make a word of a memory: what waits at a join may be deep, and UltraRAM has one width."""
    bits = op.streams_out()[0].dtype.bitwidth()
    return max(lanes for lanes in op.legal_lanes() if lanes == 1 or lanes * bits <= _WORD_BITS)


def unfolded_cycles(model: ModelWrapper) -> int:
    """Cycles per frame of the slowest op when every op has all the lanes it can have."""
    return max(getCustomOp(n).get_exp_cycles() for n in model.transform(SetFolding(0)).graph.node)


def _simd_limit(model: ModelWrapper, node: NodeProto) -> int:
    """A window delivers at most one pixel per beat, so SIMD divides its channels; dense layers take what divides MW."""
    producer = model.find_producer(node.input[0])
    if producer is not None and producer.op_type == "SWG_rtl":
        return getCustomOp(producer).attr("IFMChannels")
    return getCustomOp(node).attr("MW")


def _window_cycles(model: ModelWrapper, node: NodeProto, simd: int) -> int:
    window = model.find_producer(node.input[0]) if node.op_type == "BitMVAU_rtl" else None
    if window is None or window.op_type != "SWG_rtl":
        return 0
    getCustomOp(window).set_nodeattr("SIMD", simd)
    return getCustomOp(window).get_exp_cycles()


def _check(model: ModelWrapper, node: NodeProto, folding: Mapping[str, int]) -> None:
    """Raise ConfigError where lanes have no place in the op, or do not divide what they fold."""
    op = getCustomOp(node)
    sizes = {
        "PE": ("MH", "NumChannels", "Labels", "IFMChannels"),
        "SIMD": ("IFMChannels", "MW"),
        "Lanes": ("MH",),
        "InLanes": ("IFMChannels",),
    }
    known: Mapping[str, Any] = op.get_nodeattr_types()
    for name, lanes in folding.items():
        if name not in sizes or name not in known:
            raise ConfigError(f"folding: {node.name} has no {name}; legal: {', '.join(s for s in sizes if s in known)}")
        size_name = next((s for s in sizes[name] if s in known), None)
        if size_name is None:
            if lanes not in op.legal_lanes():
                legal = ", ".join(map(str, op.legal_lanes()))
                raise ConfigError(f"folding: {node.name}: {name}={lanes}; legal: {legal}")
            continue
        size = op.attr(size_name)
        if node.op_type == "BitMVAU_rtl" and name == "SIMD":
            size = _simd_limit(model, node)
            size_name = size_name if size == op.attr("MW") else "IFMChannels"
        folds(f"folding: {node.name}", name, lanes, size_name, size)


def _apply(op: StreamOp, folding: Mapping[str, int]) -> None:
    for name, lanes in folding.items():
        op.set_nodeattr(name, lanes)


def _lanes(folding: Folding) -> int:
    return folding.get("PE", 1) * folding.get("SIMD", 1)
