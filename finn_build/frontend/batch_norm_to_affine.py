"""BatchNormToAffine: batch norm in the very arithmetic of PyTorch."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto, TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.base import Transformation

_EPSILON = 1e-5  # ONNX's default


class BatchNormToAffine(Transformation):
    """Before: BatchNormalization(x). After: float32(float64(x) * scale + shift), scale and shift per channel.

    PyTorch computes invstd = 1 / sqrt(var + eps), scale = weight * invstd, shift = bias - mean * scale, and x * scale +
    shift, the last two with one rounding each (fused multiply-add); ONNX Runtime rounds twice, and every fourth float
    differs in its last bit. A float32 product is exact in float64, so that one addition there and one rounding to
    float32 stand for the fused operation. Skipped where a parameter is not constant or in training mode.

    Shapes: [N, C, ...] -> [N, C, ...]; the tensors' names stay.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Replace all; one application is enough."""
        for node in [n for n in model.graph.node if n.op_type == "BatchNormalization"]:
            parameters = [model.get_initializer(name) for name in node.input[1:]]
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            if all(p is not None for p in parameters) and not attributes.get("training_mode", 0):
                _replace(model, node, parameters, np.float32(attributes.get("epsilon", _EPSILON)))
        return model, False


def _replace(model: ModelWrapper, node: NodeProto, parameters: list[np.ndarray], eps: np.float32) -> None:
    weight, bias, mean, var = parameters
    (x, out), rank = (node.input[0], node.output[0]), len(model.get_tensor_shape(node.input[0]))
    scale = weight * (np.float32(1) / np.sqrt(var + eps))
    shift = (bias.astype(np.float64) - mean.astype(np.float64) * scale).astype(np.float32)
    wide, product, total = (f"{out}_{name}" for name in ("wide", "product", "sum"))
    for name, value in ((f"{out}_scale", scale), (f"{out}_shift", shift)):
        model.set_initializer(name, value.astype(np.float64).reshape(-1, *[1] * (rank - 2)))
    new = [
        helper.make_node("Cast", [x], [wide], to=TensorProto.DOUBLE),
        helper.make_node("Mul", [wide, f"{out}_scale"], [product]),
        helper.make_node("Add", [product, f"{out}_shift"], [total]),
        helper.make_node("Cast", [total], [out], to=TensorProto.FLOAT),
    ]
    position = list(model.graph.node).index(node)
    model.graph.node.remove(node)
    for offset, made in enumerate(new):
        made.name = f"{node.name}_{made.op_type}_{offset}"
        made.metadata_props.extend(node.metadata_props)
        model.graph.node.insert(position + offset, made)
