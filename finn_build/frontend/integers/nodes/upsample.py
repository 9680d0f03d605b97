"""Upsample: pixels repeated, or spread out between zeros."""

from typing import Any

import numpy as np
from onnx import GraphProto, NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.base import CustomOp


class Upsample(CustomOp):
    """Every pixel becomes a block of scale[0] x scale[1]: all of it, or its first place with zeros elsewhere.

    Shapes:
        x (N, C, H, W) -> (N, C, H*scale[0], W*scale[1]).
    """

    def get_nodeattr_types(self) -> dict[str, Any]:
        """Scale (rows, columns); function."""
        return {"scale": ("ints", True, []), "function": ("s", True, "", {"nearest", "zeros"})}

    def make_shape_compatible_op(self, model: ModelWrapper) -> NodeProto:
        """A constant of the output's shape."""
        n, c, h, w = model.get_tensor_shape(self.onnx_node.input[0])
        sy, sx = self.get_nodeattr("scale")
        return super().make_const_shape_op([n, c, h * sy, w * sx])

    def infer_node_datatype(self, model: ModelWrapper) -> None:
        """The range of a tensor is stated by who made it."""

    def execute_node(self, context: dict[str, np.ndarray], graph: GraphProto) -> None:
        """Repeat, then blank what is not first."""
        (sy, sx), x = self.get_nodeattr("scale"), context[self.onnx_node.input[0]]
        out = x.repeat(sy, axis=2).repeat(sx, axis=3)
        if self.get_nodeattr("function") == "zeros":
            first = np.zeros((sy, sx), x.dtype)
            first[0, 0] = 1
            out = out * np.tile(first, x.shape[2:])
        context[self.onnx_node.output[0]] = out

    def verify_node(self) -> None:
        """Nothing beyond the attribute types."""
