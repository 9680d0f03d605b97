"""Scales and biases of a residual add, moved behind it."""

import numpy as np
from onnx import NodeProto, TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.base import Transformation
from qonnx.transformation.general import SortGraph
from qonnx.transformation.infer_datatypes import InferDataTypes


class MoveLinearPastAdd(Transformation):
    """(x*C) + (y*C) -> (x+y) * C, and (x+A) + (y+B) -> (x+y) + (A+B), for constants A, B, C.

    FINN's MoveLinearPastEltwiseAdd rewires the Mul or Add in place without looking for other readers of its
    output: with a fork the graph becomes circular. Here new nodes read x and y; a Mul or Add that is still
    read elsewhere stays for that reader, and one that is not is removed.

    Shapes: unchanged. Skipped: constants that would broadcast x or y to a larger shape, unequal scales.

    Source: FINN_NOTES.md, silent bug 5.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Move one pair; the transformation is repeated until none is left."""
        for node in model.graph.node:
            if node.op_type != "Add" or any(model.get_initializer(t) is not None for t in node.input):
                continue
            left, right = (_split(model, model.find_producer(t)) for t in node.input)
            if left is None or right is None or left[0] != right[0]:
                continue
            (op, x, first), (_, y, second) = left, right
            if model.get_tensor_shape(x) != model.get_tensor_shape(y):  # a broadcasting add
                continue
            if op == "Add":
                _replace(model, node, [x, y], op, first + second)
            elif np.array_equal(first, second):
                _replace(model, node, [x, y], op, first)
            else:
                continue
            return model.transform(SortGraph()).transform(InferDataTypes()), True
        return model, False


def _split(model: ModelWrapper, node: NodeProto | None) -> tuple[str, str, np.ndarray] | None:
    """Op, dynamic input and constant of a Mul or Add with one constant that keeps the shape."""
    if node is None or node.op_type not in ("Mul", "Add"):
        return None
    constants = [model.get_initializer(t) for t in node.input]
    if (constants[0] is None) == (constants[1] is None):
        return None
    side = 1 if constants[0] is None else 0
    x = node.input[1 - side]
    shape = model.get_tensor_shape(x)
    if shape is None or shape != model.get_tensor_shape(node.output[0]):
        return None
    return node.op_type, x, constants[side]


def _replace(model: ModelWrapper, add: NodeProto, inputs: list[str], op: str, constant: np.ndarray) -> None:
    """Put Add(x, y) and then `op` with the constant in the place of `add`; drop what nothing reads."""
    shape = model.get_tensor_shape(inputs[0])
    total = helper.make_tensor_value_info(model.make_new_valueinfo_name(), TensorProto.FLOAT, shape)
    model.graph.value_info.append(total)
    moved = model.make_new_valueinfo_name()
    model.set_initializer(moved, constant.astype(np.float32))
    producers = [model.find_producer(t) for t in add.input]
    index = list(model.graph.node).index(add)
    model.graph.node.remove(add)
    model.graph.node.insert(index, helper.make_node(op, [total.name, moved], [add.output[0]], name=add.name))
    model.graph.node.insert(index, helper.make_node("Add", inputs, [total.name]))
    outputs = {output.name for output in model.graph.output}
    for name in {producer.output[0] for producer in producers}:
        if not model.find_consumers(name) and name not in outputs:
            model.graph.node.remove(model.find_producer(name))
