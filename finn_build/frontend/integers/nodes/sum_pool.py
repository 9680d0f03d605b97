"""SumPool: the sum over each window; an average pool whose division went into the next scale."""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from onnx import GraphProto, NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.base import CustomOp

from finn_build.arithmetic.datatypes import integer_range_dtype


class SumPool(CustomOp):
    """Sum of each kh x kw window; padded places add nothing.

    Shapes:
        x (N, C, H, W) -> (N, C, OH, OW).
    """

    def get_nodeattr_types(self) -> dict[str, Any]:
        """Kernel and stride, both (height, width); pads as ONNX has them (top, left, bottom, right)."""
        return {
            "kernel_shape": ("ints", True, []),
            "strides": ("ints", True, []),
            "pads": ("ints", False, [0, 0, 0, 0]),
        }

    def make_shape_compatible_op(self, model: ModelWrapper) -> NodeProto:
        """An average pool has the same shapes."""
        attributes: dict[str, Any] = {k: list(self.get_nodeattr(k)) for k in ("kernel_shape", "strides", "pads")}
        return helper.make_node("AveragePool", list(self.onnx_node.input), list(self.onnx_node.output), **attributes)

    def infer_node_datatype(self, model: ModelWrapper) -> None:
        """Wide enough for a window of extremes."""
        dtype, count = (
            model.get_tensor_datatype(self.onnx_node.input[0]),
            int(np.prod(self.get_nodeattr("kernel_shape"))),
        )
        out = integer_range_dtype(int(dtype.min()) * count, int(dtype.max()) * count)
        model.set_tensor_datatype(self.onnx_node.output[0], out)

    def execute_node(self, context: dict[str, np.ndarray], graph: GraphProto) -> None:
        """Sum every window."""
        (kh, kw), (sh, sw) = self.get_nodeattr("kernel_shape"), self.get_nodeattr("strides")
        top, left, bottom, right = self.get_nodeattr("pads")
        padded = np.pad(context[self.onnx_node.input[0]], ((0, 0), (0, 0), (top, bottom), (left, right)))
        windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))
        context[self.onnx_node.output[0]] = windows[:, :, ::sh, ::sw].sum(axis=(-2, -1), dtype=np.float32)

    def verify_node(self) -> None:
        """Nothing beyond the attribute types."""
