"""SumPool: the sum over each window; an average pool whose division went into the next scale, and into factors."""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from onnx import GraphProto, NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.base import CustomOp

from finn_build.arithmetic.datatypes import integer_range_dtype


class SumPool(CustomOp):
    """Sum of each kh x kw window, times a factor of its row and one of its column; padded places add nothing.

    Shapes:
        x (N, C, H, W) -> (N, C, OH, OW).
    """

    def get_nodeattr_types(self) -> dict[str, Any]:
        """Kernel and stride, both (height, width); pads as ONNX has them (top, left, bottom, right); factors."""
        return {
            "kernel_shape": ("ints", True, []),
            "strides": ("ints", True, []),
            "pads": ("ints", False, [0, 0, 0, 0]),
            "row_factors": ("ints", False, [1]),  # [OH]
            "column_factors": ("ints", False, [1]),  # [OW]
        }

    def make_shape_compatible_op(self, model: ModelWrapper) -> NodeProto:
        """An average pool has the same shapes."""
        attributes: dict[str, Any] = {k: list(self.get_nodeattr(k)) for k in ("kernel_shape", "strides", "pads")}
        return helper.make_node("AveragePool", list(self.onnx_node.input), list(self.onnx_node.output), **attributes)

    def infer_node_datatype(self, model: ModelWrapper) -> None:
        """Wide enough for a window of extremes."""
        dtype = model.get_tensor_datatype(self.onnx_node.input[0])
        count = int(np.prod(self.get_nodeattr("kernel_shape"))) * int(self._factors().max())
        out = integer_range_dtype(int(dtype.min()) * count, int(dtype.max()) * count)
        model.set_tensor_datatype(self.onnx_node.output[0], out)

    def execute_node(self, context: dict[str, np.ndarray], graph: GraphProto) -> None:
        """Sum every window, and weigh the sums."""
        (kh, kw), (sh, sw) = self.get_nodeattr("kernel_shape"), self.get_nodeattr("strides")
        top, left, bottom, right = self.get_nodeattr("pads")
        padded = np.pad(context[self.onnx_node.input[0]], ((0, 0), (0, 0), (top, bottom), (left, right)))
        windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))
        sums = windows[:, :, ::sh, ::sw].sum(axis=(-2, -1), dtype=np.float32)
        context[self.onnx_node.output[0]] = sums * self._factors()

    def _factors(self) -> np.ndarray:
        """Of each window, float32."""
        return np.outer(self.get_nodeattr("row_factors"), self.get_nodeattr("column_factors")).astype(np.float32)

    def verify_node(self) -> None:
        """Nothing beyond the attribute types."""
