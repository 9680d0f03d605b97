"""Inputs of uint8, as cameras give them: the pixels that every network here takes, pixel / 256, made bytes again."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

PIXELS = 256  # values of one


def pixels_to_bytes(proto: ModelProto) -> None:
    """Before: an input x of uint8. After: x of float32, QuantizeLinear on a scale of 1/256, which gives the byte."""
    graph = proto.graph
    constants = {tensor.name for tensor in graph.initializer}
    taken = {name for node in graph.node for name in (*node.input, *node.output)} | constants
    for value in graph.input:
        made, scale, zero = names = [f"{value.name}_{what}" for what in ("byte", "byte_scale", "byte_zero")]
        of_bytes = value.type.tensor_type.elem_type == TensorProto.UINT8 and value.name not in constants
        if not of_bytes or taken.intersection(names):
            continue
        for node in graph.node:
            node.input[:] = [made if name == value.name else name for name in node.input]
        value.type.tensor_type.elem_type = TensorProto.FLOAT
        parameters = {scale: np.float32(1 / PIXELS), zero: np.uint8(0)}
        graph.initializer.extend(numpy_helper.from_array(np.asarray(v), k) for k, v in parameters.items())
        graph.node.insert(0, helper.make_node("QuantizeLinear", [value.name, scale, zero], [made], name=made))
