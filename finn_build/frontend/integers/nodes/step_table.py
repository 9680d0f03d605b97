"""StepTable: sorted breakpoints and the level of each interval, per channel (non-monotone activations)."""

from typing import Any

import numpy as np
from onnx import GraphProto, NodeProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.base import CustomOp

from finn_build.arithmetic.step_function import StepFunction


class StepTable(CustomOp):
    """`y = table[c, #{j : x >= thresholds[c, j]}]`.

    Shapes:
        x (N, C, ...), thresholds (C or 1, S), table (C or 1, S + 1), y like x.
    """

    def get_nodeattr_types(self) -> dict[str, Any]:
        """`out_dtype` is the data type of the levels."""
        return {"out_dtype": ("s", True, "")}

    def make_shape_compatible_op(self, model: ModelWrapper) -> NodeProto:
        """Shape of the output is that of the input."""
        return helper.make_node("Identity", [self.onnx_node.input[0]], list(self.onnx_node.output))

    def infer_node_datatype(self, model: ModelWrapper) -> None:
        """Output type is `out_dtype`."""
        model.set_tensor_datatype(self.onnx_node.output[0], DataType[self.get_nodeattr("out_dtype")])

    def execute_node(self, context: dict[str, np.ndarray], graph: GraphProto) -> None:
        """Look every element up."""
        x, thresholds, table = (context[name] for name in self.onnx_node.input)
        steps = StepFunction(thresholds.astype(np.int64), table.astype(np.int64), 0)
        levels = steps(np.moveaxis(x, 1, -1).astype(np.int64))
        context[self.onnx_node.output[0]] = np.moveaxis(levels, -1, 1).astype(np.float32)

    def verify_node(self) -> None:
        """Nothing beyond the attribute types."""
