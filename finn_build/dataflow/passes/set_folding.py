"""SetFolding: PE and SIMD of every op, the fewest lanes that meet a target number of cycles per frame."""

from __future__ import annotations

from collections.abc import Mapping

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

from finn_build.dataflow.graph import transformed
from finn_build.dataflow.ops._folds import folds
from finn_build.dataflow.ops.base import Folding, StreamOp, Trait
from finn_build.errors import ConfigError


class SetFolding(Transformation):
    """Sets the lanes of every op to those it chooses for the target, or to those that are given.

    Before: one lane each, `SWG_0 SIMD=1 -> MVAU_0 SIMD=1 PE=1`. After: `SWG_0 SIMD=8 -> MVAU_0 SIMD=8 PE=4`: a window's
    lanes follow those of the op that it feeds. Comes before width converters and FIFOs.
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
        nodes = list(model.graph.node)
        for unknown in set(self.overrides) - {n.name for n in nodes}:
            raise ConfigError(f"folding: no op is called {unknown}; legal: {', '.join(n.name for n in nodes)}")
        made = {name: node for node in nodes for name in node.output}
        for node in nodes:
            op, feeder = getCustomOp(node), made.get(node.input[0])
            source = None if feeder is None else getCustomOp(feeder)
            window = source if source is not None and Trait.FOLLOWS in source.traits else None
            chosen = self.overrides.get(node.name) or op.choose_folding(self.target_cycles, window)
            _check(op, chosen, window)
            op.fold(chosen)
            if source is not None:
                source.follow(op)
        return model, False


def unfolded_cycles(model: ModelWrapper) -> int:
    """Cycles per frame of the slowest op when every op has all the lanes it can have."""
    return max(getCustomOp(n).get_exp_cycles() for n in transformed(model, SetFolding(0)).graph.node)


def _check(op: StreamOp, folding: Folding, window: StreamOp | None) -> None:
    """Raise ConfigError where lanes have no place in the op, or do not divide what they fold."""
    where = f"folding: {op.onnx_node.name}"
    for name, lanes in folding.items():
        if name not in op.lane_sizes:
            raise ConfigError(f"{where} has no {name}; legal: {', '.join(op.lane_sizes)}")
        size_name = op.lane_sizes[name]
        size = op.attr(size_name)
        if not isinstance(size, int):
            if lanes not in op.legal_lanes():
                raise ConfigError(f"{where}: {name}={lanes}; legal: {', '.join(map(str, op.legal_lanes()))}")
            continue
        if name == "SIMD" and window is not None and (pixel := window.streams_in()[0].shape[-1]) != size:
            size_name, size = window.lane_sizes[name], pixel  # at most a pixel a beat
        folds(where, name, lanes, size_name, size)
