"""The door: a network's file against ONNX's own rules and ours, before any array is made of it; every fault at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod

import numpy as np
import onnx
from onnx import AttributeProto, NodeProto, TensorProto, helper, numpy_helper

from finn_build.frontend.integers.layer_names import layer_name
from finn_build.frontend.onnx_file import first_line
from finn_build.frontend.ranks import misfits

MOST_PIXELS = 1 << 24  # of an image, all channels
MOST_NODES, MOST_TENSORS = 1 << 12, 1 << 13  # four times the largest of the zoo; qonnx' passes take their squares
MOST_WEIGHTS = 1 << 26  # of one tensor: 64 Mi weights of one bit are twice the memory of the largest chip known here
_TYPES = {"FLOAT", "DOUBLE", "INT4", "UINT4", "INT8", "UINT8", "INT32", "INT64", "BOOL"}
_FLOATS = {"FLOAT", "DOUBLE"}  # of what a quantizer reads
_INPUTS = {"Quant": 4, "IntQuant": 4, "BipolarQuant": 2, "Trunc": 6}
_FLAGS = ("signed", "narrow")  # of a Quant or IntQuant
_BOOLEANS = (
    *("ceil_mode", "count_include_pad", "exclusive", "keepdims", "largest", "noop_with_empty_axes", "reverse"),
    *("select_last_index", "sorted", "storage_order", "transA", "transB"),
)  # of ONNX's own, which libraries read in two ways where they are neither 0 nor 1
_AT_LEAST = {
    "strides": 1,
    "dilations": 1,
    "kernel_shape": 1,
    "pads": 0,
    "group": 1,
    "blocksize": 1,
    "output_padding": 0,
}
_LARGEST = 1 << 16  # of a number in an attribute that sizes a window
_AUTO_PADS = (b"NOTSET", b"SAME_UPPER", b"SAME_LOWER", b"VALID")
_WINDOWED = ("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool")
_RANKS = {"strides": 1, "dilations": 1, "kernel_shape": 1, "output_padding": 1, "pads": 2}


def faults(proto: onnx.ModelProto) -> list[str]:
    """What is wrong with a file, a line for each fault; empty where nothing is."""
    graph = proto.graph
    for what, count, most in (
        ("nodes", len(graph.node), MOST_NODES),
        ("tensors", len(graph.initializer), MOST_TENSORS),
    ):
        if count > most:
            return [f"{count:,} {what}; legal: up to {most:,}, more fit no chip"]
    found = [*_foreign(proto), *_names(graph), *_images(graph), *misfits(graph)]
    context = onnx.checker.C.CheckerContext()
    try:
        context.ir_version = proto.ir_version
        context.opset_imports = {o.domain: o.version for o in proto.opset_import}
    except TypeError:
        return [*found, "its versions of ONNX and of the operator sets are no numbers of 32 bits"]
    shapes, quantized = {}, {name for node in graph.node if node.op_type in _INPUTS for name in node.input}
    for tensor in graph.initializer:
        shapes[tensor.name] = list(tensor.dims)
        types = _FLOATS if tensor.name in quantized else _TYPES
        found += [f"tensor {tensor.name!r}: {why}" for why in _tensor(tensor, context, types)]
    for node in graph.node:
        found += [f"{layer_name(node)} ({node.op_type}): {why}" for why in _node(node, context, shapes)]
    return list(dict.fromkeys(found))


def _foreign(proto: onnx.ModelProto) -> Iterator[str]:
    """What a file may hold beside its graph, or say of it, that nobody reads here."""
    if not 3 <= proto.ir_version <= onnx.IR_VERSION:
        yield f"version {proto.ir_version} of ONNX's file format; legal: 3 to {onnx.IR_VERSION}"
    versions: dict[str, set[int]] = {}
    for opset in proto.opset_import:
        versions.setdefault(opset.domain or "ai.onnx", set()).add(opset.version)
    for domain, named in versions.items():
        if len(named) > 1 or min(named) < 1:
            yield f"operator set {domain!r} is of versions {sorted(named)}; legal: one, from 1"
    if names := [function.name for function in proto.functions]:
        yield f"functions of its own ({', '.join(names)}); write them out with onnx.inliner.inline_local_functions"
    for tensor in proto.graph.sparse_initializer:
        yield f"tensor {tensor.values.name!r} is sparse; write all of its values"


def _names(graph: onnx.GraphProto) -> Iterator[str]:
    """Every tensor is made once, before it is read."""
    if any(not tensor.name for tensor in graph.initializer):
        yield "a tensor without a name"
    made = Counter(name for node in graph.node for name in node.output if name)
    constants = Counter(tensor.name for tensor in graph.initializer)
    known = {*constants, *(value.name for value in graph.input)}
    for name, count in (made + constants).items():
        if count > 1:
            yield f"tensor {name!r} is made {count} times"
    for kind, values in (("input", graph.input), ("output", graph.output)):
        for name, count in Counter(value.name for value in values).items():
            if count > 1:
                yield f"{kind} {name!r} is listed {count} times"
    for name in dict.fromkeys(value.name for value in graph.output):
        if not made[name]:
            yield f"no node makes output {name!r}"
    for name in made.keys() & {value.name for value in graph.input}:
        yield f"tensor {name!r} is both an input and made by a node"
    for node in graph.node:
        for name in node.input:
            if name and name not in known:
                yield f"{layer_name(node)} ({node.op_type}): input {name!r} " + (
                    "is made only later" if made[name] else "is made by nothing"
                )
        known.update(node.output)


def _images(graph: onnx.GraphProto) -> Iterator[str]:
    """Inputs, constants listed among them, and outputs."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for value in graph.output:
        if value.type.WhichOneof("value") not in (None, "tensor_type"):
            yield f"output {value.name!r} is no tensor"
    for value in graph.input:
        tensor = value.type.tensor_type
        if constant := constants.get(value.name):
            dims = [d.dim_value for d in tensor.shape.dim]
            if tensor.elem_type != constant.data_type or (tensor.HasField("shape") and dims != list(constant.dims)):
                yield f"input {value.name!r} is listed with another type or shape than the constant of that name"
            continue
        if tensor.elem_type != TensorProto.FLOAT:
            kind = TensorProto.DataType.Name(tensor.elem_type) if tensor.elem_type in range(1, 24) else "no type"
            yield f"input {value.name!r} is of {kind}; legal: FLOAT, UINT8"
        dims = [d.dim_value for d in tensor.shape.dim]
        if any(d < 0 for d in dims) or prod(max(d, 1) for d in dims[1:]) > MOST_PIXELS:
            yield f"input {value.name!r} is of shape {dims}; legal: up to {MOST_PIXELS:,} numbers"


def _tensor(tensor: TensorProto, context: object, types: set[str]) -> Iterator[str]:
    """Faults of a constant: its type and size by the numbers first, then its values."""
    known = tensor.data_type in TensorProto.DataType.values()
    kind = TensorProto.DataType.Name(tensor.data_type) if known else str(tensor.data_type)
    if kind not in types:
        yield f"values of {kind}; legal: {', '.join(sorted(types))}"
        return
    dims = list(tensor.dims)
    if any(d < 0 for d in dims) or prod(dims) > MOST_WEIGHTS:
        yield f"shape {dims}; legal: up to {MOST_WEIGHTS:,} values, more fits no chip"
        return
    if len(dims) > 1 and 0 in dims:
        yield f"shape {dims}: no values"
        return
    try:
        onnx.checker.check_tensor(tensor, context)  # type: ignore[arg-type]
        values = numpy_helper.to_array(tensor)
    except (onnx.checker.ValidationError, ValueError, TypeError, RuntimeError) as error:
        yield f"its data is not of shape {dims} ({first_line(error)})"
        return
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        yield f"{np.count_nonzero(~np.isfinite(values))} of {values.size} values are infinite or no numbers"


def _node(node: NodeProto, context: object, shapes: dict[str, list[int]]) -> Iterator[str]:
    """Faults of a node: by the operator's own definition, then by what windows have to be."""
    if node.op_type in _INPUTS:
        yield from _quantizer(node, context)
    elif node.domain in ("", "ai.onnx"):
        try:
            onnx.checker.check_node(node, context)  # type: ignore[arg-type]
        except (onnx.checker.ValidationError, RuntimeError, ValueError) as error:
            yield first_line(error)
            return
    for a in node.attribute:
        if not np.isfinite([a.f, *a.floats]).all():
            yield f"{a.name} is infinite or no number"
        if node.op_type == "Constant" and len(node.attribute) > 1:
            yield f"{len(node.attribute)} values; legal: 1"
        if a.name in _BOOLEANS and a.i not in (0, 1):
            yield f"{a.name} is {a.i}; legal: 0 or 1"
        if a.name == "auto_pad" and a.s not in _AUTO_PADS:
            yield f"auto_pad is {a.s.decode(errors='replace')!r}; legal: {', '.join(p.decode() for p in _AUTO_PADS)}"
    numbers = {a.name: _numbers(a) for a in node.attribute}
    for name, least in _AT_LEAST.items():
        wrong = [v for v in numbers.get(name, ()) if not least <= v <= _LARGEST]
        if wrong and node.op_type in (*_WINDOWED, "DepthToSpace", "SpaceToDepth"):
            yield f"{name} holds {wrong[0]}; legal: {least} to {_LARGEST:,}"
    if node.op_type in _WINDOWED:
        yield from _window(node, numbers, shapes.get(node.input[1], []) if len(node.input) > 1 else [])


def _quantizer(node: NodeProto, context: object) -> Iterator[str]:
    """Faults by qonnx' definition of its quantizers, which no checker holds."""
    if len(node.input) != _INPUTS[node.op_type] or "" in node.input:
        yield f"{len(list(filter(None, node.input)))} inputs; legal: {_INPUTS[node.op_type]}"
    if len(node.output) != 1:
        yield f"{len(node.output)} outputs; legal: 1"
    for name, count in Counter(a.name for a in node.attribute).items():
        if count > 1:
            yield f"attribute {name!r} is listed {count} times"
    for a in node.attribute:
        try:
            onnx.checker.check_attribute(a, context)  # type: ignore[arg-type]
        except onnx.checker.ValidationError as error:
            yield f"{a.name!r}: {first_line(error)}"
            continue
        if a.name in _FLAGS and node.op_type != "BipolarQuant":
            if a.type != AttributeProto.INT or a.i not in (0, 1):
                yield f"{a.name} is {helper.get_attribute_value(a)!r}; legal: 0 or 1"
        elif a.name == "rounding_mode" and node.op_type != "BipolarQuant":
            if a.type != AttributeProto.STRING or not a.s.isascii():
                yield f"rounding_mode is {helper.get_attribute_value(a)!r}; legal: a name"
        else:
            yield f"unknown attribute {a.name!r}"


def _window(node: NodeProto, numbers: dict[str, list[int]], weights: list[int]) -> Iterator[str]:
    kernel = numbers.get("kernel_shape", weights[2:])
    if len(weights) > 2 and kernel != weights[2:]:
        yield f"kernel_shape {kernel}, its weights are of shape {weights}"
    for name, per_axis in _RANKS.items():
        if name in numbers and kernel and len(numbers[name]) != per_axis * len(kernel):
            yield f"{name} holds {len(numbers[name])} numbers; legal: {per_axis * len(kernel)}"
    pads = numbers.get("pads", [])
    if node.op_type != "ConvTranspose" and len(pads) == 2 * len(kernel) and any(p > _LARGEST for p in pads):
        yield f"pads {pads}"


def _numbers(attribute: AttributeProto) -> list[int]:
    if attribute.type == AttributeProto.INT:
        return [attribute.i]
    return list(attribute.ints)
