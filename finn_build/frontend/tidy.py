"""Tidy: nodes in order, and nothing that no node reads, in one sweep over the graph."""

from __future__ import annotations

from graphlib import TopologicalSorter

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.base import Transformation

_COMMUTATIVE = ("Add", "Mul")


class Tidy(Transformation):
    """Before: nodes in any order. After: sorted by depth, those of one depth as they stood; constant operands last.

    Constants, shapes and annotations of tensors that no node has are dropped; the function and names stay. qonnx's own
    tidying gives this order too, and looks through all nodes for every input of every node.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """One application is enough. Raises graphlib.CycleError where nodes wait for each other."""
        graph, nodes = model.graph, list(model.graph.node)
        made = {name: k for k, node in enumerate(nodes) for name in node.output if name}
        needs = {k: {made[name] for name in node.input if name in made} for k, node in enumerate(nodes)}
        depth: dict[int, int] = {}
        for k in TopologicalSorter(needs).static_order():
            depth[k] = max((depth[before] + 1 for before in needs[k]), default=0)
        del graph.node[:]
        graph.node.extend(nodes[k] for k in sorted(range(len(nodes)), key=depth.__getitem__))
        constants = {constant.name for constant in graph.initializer}
        for node in graph.node:
            if node.op_type in _COMMUTATIVE:
                node.input[:] = sorted(node.input, key=constants.__contains__)
        used = {name for node in graph.node for name in (*node.input, *node.output)}
        for field, name in (
            ("initializer", "name"),
            ("value_info", "name"),
            ("quantization_annotation", "tensor_name"),
        ):
            every = getattr(graph, field)
            kept = [each for each in every if getattr(each, name) in used]
            if len(kept) < len(every):
                del every[:]
                every.extend(kept)
        return model, False
