"""MovesFirst: what only moves elements changes places with what computes each element by itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from math import prod

import numpy as np
from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_node
from qonnx.transformation.base import Transformation

from finn_build.frontend.integers.float_chain import ELEMENTWISE_OPS
from finn_build.frontend.integers.quantizer import QUANTIZERS

_MOVES = {"DepthToSpace", "Flatten", "Gather", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"}
_LAYERS = {"Conv", "ConvTranspose", "Gemm", "MatMul"}
_PARTS = {"BatchNormalization", "Dropout", "QuantizeLinear"}  # whose further inputs are no plain operands


class MovesFirst(Transformation):
    """Before: Conv -> Add (bias) -> Relu -> Split. After: Conv -> Split -> Add, Add -> Relu, Relu.

    So it is integers that move, and each function stays with its quantizer. Every number is computed as before;
    constants of several values are moved as the tensor is. Skipped before the first quantizer, which is the host's
    part, where a constant makes a tensor larger, and where two tensors are joined.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """One exchange; it is applied until there is none."""
        constants = {i.name for i in model.graph.initializer}
        makers = {out: node for node in model.graph.node for out in node.output}
        images = _of_the_image(model, constants)
        for move in model.graph.node:
            made = makers.get(move.input[0]) if _only_moves(move) else None
            if made is not None and made.output[0] not in images and _can_change(model, made, constants):
                _exchange(model, made, move, constants)
                return model, True
        return model, False


def _only_moves(node: NodeProto) -> bool:
    """Whether every element of a node's output is one of its input."""
    modes = [a.s for a in node.attribute if a.name == "mode"]
    return node.op_type in _MOVES or (node.op_type == "Pad" and modes in ([b"edge"], [b"reflect"]))


def _of_the_image(model: ModelWrapper, constants: set[str]) -> set[str]:
    """Tensors that the host makes before the first quantizer."""
    found = {model.graph.input[0].name}
    for node in model.graph.node:
        dynamic = {i for i in node.input if i and i not in constants}
        if dynamic and dynamic <= found and node.op_type not in QUANTIZERS | _LAYERS:
            found.update(node.output)
    return found


def _can_change(model: ModelWrapper, node: NodeProto, constants: set[str]) -> bool:
    """Whether a node computes each element by itself, from one tensor or functions of one."""
    if node.op_type not in ELEMENTWISE_OPS - _PARTS:
        return False
    dynamic = [i for i in node.input if i and i not in constants]
    out = model.get_tensor_shape(node.output[0])
    return all(model.get_tensor_shape(i) == out for i in dynamic) and len({*_bases(model, node, constants)}) == 1


def _bases(model: ModelWrapper, node: NodeProto, constants: set[str]) -> Iterator[str]:
    """The tensors that a chain of elementwise nodes begins with."""
    for name in node.input:
        if name and name not in constants:
            made = model.find_producer(name)
            if made is None or made.op_type not in ELEMENTWISE_OPS:
                yield name
            else:
                yield from _bases(model, made, constants)


def _exchange(model: ModelWrapper, made: NodeProto, move: NodeProto, constants: set[str]) -> None:
    """Move what `made` reads, and compute on each part of it."""
    graph, given, outputs, taken = model.graph, move.input[0], list(move.output), _places(model, move)
    parts = {i: _moved(model, move, i, taken) for i in made.input if i and i not in constants}
    graph.node.remove(move)
    position = 1 + max(k for k, n in enumerate(graph.node) if any(n.output[0] == names[0] for names in parts.values()))
    for number, out in enumerate(outputs):
        each = NodeProto()
        each.CopyFrom(made)
        each.name = f"{made.name}_{number}_{move.name}"
        each.output[0] = out
        for index, name in enumerate(made.input):
            if name in parts:
                each.input[index] = parts[name][number]
            elif name and (value := model.get_initializer(name)).size > 1:
                each.input[index] = f"{out}_{name}"
                spread = np.broadcast_to(value, model.get_tensor_shape(given)).ravel()
                model.set_initializer(each.input[index], _by_channel(spread[taken[number]]))
        graph.node.insert(position + number, each)
    if not any(given in node.input for node in graph.node) and given not in {o.name for o in graph.output}:
        graph.node.remove(made)


def _moved(model: ModelWrapper, move: NodeProto, source: str, taken: list[np.ndarray]) -> list[str]:
    """The outputs of a move of another tensor, made where there is none."""
    node, graph = NodeProto(), model.graph
    node.CopyFrom(move)
    node.input[0], node.name = source, _another(move.name, {n.name for n in graph.node})
    for there in graph.node:
        if (there.op_type, *there.input, *there.attribute) == (node.op_type, *node.input, *node.attribute):
            return list(there.output)
    for number, out in enumerate(move.output):
        node.output[number] = _another(out, set(model.get_all_tensor_names()))
        model.set_tensor_shape(node.output[number], list(taken[number].shape), _type(model, source))
    graph.node.insert(list(graph.node).index(move), node)
    return list(node.output)


def _another(name: str, taken: set[str]) -> str:
    """A name of the same kind that is free, no longer each time a node is moved on."""
    stem = name.rpartition("_moved_")[0] if "_moved_" in name else name
    return next(free for n in count(1) if (free := f"{stem}_moved_{n}") not in taken)


def _places(model: ModelWrapper, move: NodeProto) -> list[np.ndarray]:
    """Which element each place of each output takes, by moving the elements' numbers."""
    shape, graph = model.get_tensor_shape(move.input[0]), model.graph
    context = {i: model.get_initializer(i) for i in move.input[1:] if i}
    kind = helper.tensor_dtype_to_np_dtype(_type(model, move.input[0]))
    context[move.input[0]] = np.arange(prod(shape), dtype=kind).reshape(shape)
    context |= {out: np.zeros(model.get_tensor_shape(out), kind) for out in move.output}
    opset = next(o.version for o in model.model.opset_import if o.domain in ("", "ai.onnx"))
    execute_node(move, context, graph, opset)
    return [context[out].astype(np.int64) for out in move.output]


def _type(model: ModelWrapper, tensor: str) -> int:
    """ONNX's number for the type of a tensor: batch norm is computed in doubles."""
    return int(model.get_tensor_valueinfo(tensor).type.tensor_type.elem_type)


def _by_channel(value: np.ndarray) -> np.ndarray:
    """One number for each channel where all of its pixels have the same."""
    first = value[(slice(None), slice(None), *[slice(0, 1)] * (value.ndim - 2))]
    return first if np.array_equal(np.broadcast_to(first, value.shape), value) else value
