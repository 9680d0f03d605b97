"""InferShapes: the shape of every tensor, in one sweep over the graph.

qonnx's pass of this name, and the tidying behind each of its passes, looks through all tensors for every tensor.
"""

from __future__ import annotations

import onnx
from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp, is_custom_op
from qonnx.transformation.base import Transformation

_QUANTIZERS = ("Quant", "IntQuant", "BipolarQuant", "FloatQuant", "Trunc")  # floats in the shape of their input


class InferShapes(Transformation):
    """Before: tensors without shapes. After: `value_info` of all that ONNX can infer, and of constants; nodes stay.

    Nodes are in topological order. Ops that ONNX does not know are inferred by a stand-in of the same shapes.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """One application is enough."""
        nodes = list(model.graph.node)
        stand_ins = [_stand_in(model, node) if is_custom_op(node.domain) else node for node in nodes]
        del model.graph.node[:]
        model.graph.node.extend(stand_ins)
        inferred = ModelWrapper(
            onnx.shape_inference.infer_shapes(model.model, check_type=True), fix_missing_initializer_valueinfo=False
        )
        graph = inferred.graph
        del graph.node[:]
        graph.node.extend(nodes)
        known = {value.name for values in (graph.input, graph.output, graph.value_info) for value in values}
        graph.value_info.extend(
            helper.make_tensor_value_info(constant.name, constant.data_type, constant.dims)
            for constant in graph.initializer
            if constant.name not in known
        )
        return inferred, False


def _stand_in(model: ModelWrapper, node: NodeProto) -> NodeProto:
    if node.op_type in _QUANTIZERS:
        return helper.make_node("Cast", node.input[:1], node.output, name=node.name, to=onnx.TensorProto.FLOAT)
    found: NodeProto = getCustomOp(node).make_shape_compatible_op(model)
    found.name = node.name
    return found
