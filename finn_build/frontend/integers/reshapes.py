"""What only moves data: reshapes, and shuffles of channels."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.across_channels import emit_space_to_depth, is_space_to_depth
from finn_build.frontend.integers.channels import pick
from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.float_chain import FloatChain
from finn_build.frontend.integers.layers import attributes
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.quantizer import read_quantizer
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.tensor import IntTensor


@compiles("Flatten", "Reshape", "Squeeze", "Unsqueeze")
def compile_reshape(compilation: Compilation, node: NodeProto) -> None:
    """Flatten to (N, features), or the same pixels in another shape.

    Of float values only the rank of 1x1 maps may change, and stays in the float chain.
    """
    source, shape = node.input[0], compilation.shape(node.output[0])
    before = compilation.shape(source)
    if before == shape and source not in compilation.moved:
        compilation.roots[node.output[0]] = compilation.root(source)
        return
    if source in compilation.moved or shape[0] != 1 or len(shape) != 2:
        if _same_pixels(compilation, node, shape) or _of_dense(compilation, node, shape):
            return
        if follow_moves(compilation, node):
            return
        cure = (
            "flatten to (1, features), keep batch, channels and the order of pixels, shuffle channels, or make a map "
            "of what a dense layer without bias gives, all of quantized tensors"
        )
        raise Unsupported(f"a reshape from {before} to {shape}", cure)
    x = compilation.as_integers(source)
    if x is not None:
        compilation.emit("Flatten", [x.name], flat(x, node.output[0]), node, axis=1)
    elif prod(before[2:]) == 1:
        compilation.roots[node.output[0]] = compilation.root(source)
    else:
        raise Unsupported(f"the input of the flatten ({source}) is not quantized", "put a QuantIdentity before it")


def _same_pixels(compilation: Compilation, node: NodeProto, shape: tuple[int, ...]) -> bool:
    """Make a map of a signal or of pooled channels, or the other way round, or a signal of features.

    Returns:
        Whether it was one.
    """
    x = None if node.input[0] in compilation.moved else compilation.as_integers(node.input[0])
    if x is None or len(shape) not in (3, 4) or shape[:2] not in (x.shape[:2], (1, 1) if len(x.shape) == 2 else ()):
        return False
    if shape[1] < x.channels:  # features as the pixels of one channel
        if x.scale.ndim:
            return False
        x = replace(x, low=x.low.min(keepdims=True), high=x.high.max(keepdims=True))
    emit_view(compilation, node, x, shape)
    return True


def emit_view(compilation: Compilation, node: NodeProto, x: IntTensor, shape: tuple[int, ...]) -> None:
    """The node's output, the elements of `x` in their order in another shape."""
    constant = compilation.parameter(f"{node.output[0]}_shape", np.asarray(shape), "INT64")
    compilation.emit("Reshape", [x.name, constant], replace(x, name=node.output[0], shape=shape), node)


def _of_dense(compilation: Compilation, node: NodeProto, shape: tuple[int, ...]) -> bool:
    """Make a map, or a signal, of what a dense layer gives: its rows, which may have any order, take that of a stream.

    Returns:
        Whether it was one.
    """
    x = None if node.input[0] in compilation.moved else compilation.as_integers(node.input[0])
    if x is None or len(x.shape) != 2 or len(shape) not in (3, 4) or shape[0] != 1 or x.scale.ndim:
        return False
    made = {name: n for n in compilation.nodes for name in n.output}
    begin = made.get(x.name)
    while begin is not None and begin.op_type in ("MultiThreshold", "StepTable"):
        begin = made.get(begin.input[0])
    if begin is None or begin.op_type != "MatMul":
        return False
    low, high = x.low.reshape(shape[1], -1).min(1), x.high.reshape(shape[1], -1).max(1)
    emit_view(compilation, node, replace(x, low=low, high=high), shape)
    return True


def follow_moves(compilation: Compilation, node: NodeProto) -> bool:
    """Keep track of where a reshape or transpose of an integer tensor takes each element.

    When it ends in the shape that it began with, or flat, and only channels have changed places, it is emitted as a
    `Gather`: a channel shuffle is reshape, transpose, reshape.

    Returns:
        Whether the node's output is now an integer tensor.
    """
    source, out = node.input[0], node.output[0]
    if source in compilation.moved:
        x, index = compilation.moved[source]
    else:
        integers = compilation.ints.get(source) or compilation.as_integers(source)
        if integers is None:
            return False
        x, index = integers, np.arange(prod(integers.shape)).reshape(integers.shape)
    perm = attributes(node).get("perm", range(index.ndim)[::-1])
    index = index.transpose(perm) if node.op_type == "Transpose" else index.reshape(compilation.shape(out))
    order = _channel_order(index, x)
    if (
        np.array_equal(index.ravel(), np.arange(index.size))
        and index.ndim > 2
        and prod(index.shape[2:]) == 1 < index.size
    ):
        flattened = flat(x, f"{out}_flat")  # a channel's pixels as channels
        compilation.emit("Flatten", [x.name], flattened, node, axis=1)
        emit_view(compilation, node, flattened, index.shape)
        return True
    if size := is_space_to_depth(index, x):
        emit_space_to_depth(compilation, node, x, size, False)
        return True
    if order is None:
        compilation.moved[out] = x, index
        return False
    if index.ndim == len(x.shape):
        pick(compilation, node, x, order, out)
    else:
        shuffled = pick(compilation, node, x, order, f"{out}_shuffled")
        compilation.emit("Flatten", [shuffled.name], flat(shuffled, out), node, axis=1)
    return True


def quantize_moved(compilation: Compilation, node: NodeProto) -> None:
    """Keep track of moved elements through a DequantizeLinear that gives each as it is.

    ONNX Runtime puts one behind every move.
    """
    made = compilation.producers.get(node.input[0])
    if made is None or made.op_type != "QuantizeLinear" or made.input[0] not in compilation.moved:
        return
    x, index = compilation.moved[made.input[0]]
    quantizer = read_quantizer(node, compilation.constants, compilation.source)
    given = {name: compilation.constants[name] for name in made.input[1:] if name}
    chain, ints = FloatChain(made.input[0], made.output[0], [made], given, 2, compilation.opset), x.every_integer()
    same = np.array_equal(quantizer.scale, x.scale) and x.divisor == 1
    if same and np.array_equal(quantizer(chain(x.to_float(ints))), ints):
        compilation.moved[node.output[0]] = x, index


@compiles("Transpose")
def compile_transpose(compilation: Compilation, node: NodeProto) -> None:
    """Transpose as a step of a channel shuffle; any other one is left to the host."""
    if not follow_moves(compilation, node):
        raise Unsupported("a transpose", "reorder channels of quantized tensors only, or leave it to the host")


def _channel_order(index: np.ndarray, x: IntTensor) -> np.ndarray | None:
    """Channel of `x` at each channel of a tensor of element numbers of `x`; None if more than channels moved."""
    if index.shape not in (x.shape, (1, prod(x.shape))):
        return None
    rows, pixels = index.reshape(x.channels, -1), prod(x.shape[2:])
    order = rows[:, 0] // pixels
    return order if np.array_equal(rows, order[:, None] * pixels + np.arange(pixels)) else None


def flat(x: IntTensor, name: str) -> IntTensor:
    """`x` flattened to (1, features), channels outermost."""
    pixels = prod(x.shape[2:])
    scale = x.scale.repeat(pixels) if x.scale.ndim else x.scale
    return replace(
        x, name=name, shape=(1, x.channels * pixels), scale=scale, low=x.low.repeat(pixels), high=x.high.repeat(pixels)
    )
