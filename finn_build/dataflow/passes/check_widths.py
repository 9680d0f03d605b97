"""CheckWidths: no parameter is wider than the width in which the RTL keeps it."""

from __future__ import annotations

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

from finn_build.dataflow.ops._widths import require_held


class CheckWidths(Transformation):
    """Before: any graph of the library's ops. After: the same graph; every op has been asked, none is skipped.

    Raises UnsupportedModelError where weights, levels or knees are none of their type's values. NumPy, which executes
    the graph, has no widths: before simulation nothing else would say so.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """One application is enough."""
        for node in model.graph.node:
            require_held(node.name, getCustomOp(node).numbers(model))
        return model, False
