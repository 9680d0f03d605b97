"""Layers on integers: dense layers and the label; what convolutions share with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import NodeProto, helper

from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.problems import Unsupported, dimension
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.tensor import IntTensor

MAX_WEIGHT = 255  # weights of up to 8 bits, less their zero point
_POOLS = ("AveragePool", "LpPool", "MaxPool")
MOST_SUM = 1 << 30  # of weights with any inputs; beyond 2^24, where float32 rounds, that of no frame may be


@compiles("MatMul", "Gemm")
def compile_dense(compilation: Compilation, node: NodeProto) -> None:
    """MatMul or Gemm on integers; a bias becomes part of the float chain behind it."""
    a = attributes(node)
    if any(name not in compilation.constants for name in node.input[1:2]):
        cure = "put attention in float behind the last quantized layer, so that the host runs it, or use convolutions"
        raise Unsupported("a product of two tensors, no weights among them", cure)
    x = scalar_input(compilation, node, node.input[0])
    turned = node.op_type == "Gemm" and a.get("transB", 0)
    weights, scale = weights_of(compilation, node.input[1], rows=0 if turned else 1)
    if node.op_type == "Gemm":
        if a.get("alpha", 1.0) != 1.0 or a.get("beta", 1.0) != 1.0 or a.get("transA", 0):
            raise Unsupported("a Gemm with alpha, beta or transA", "use a plain linear layer")
        weights = weights.T if turned else weights
    if len(x.shape) != 2 or weights.ndim != 2:
        cure = "flatten to (N, features) first"
        if len(x.shape) == 3:
            cure = "for each place by itself use a convolution of kernel 1 on (N, C, L), channels in dimension 1"
        raise Unsupported(f"a dense layer on a tensor of shape {x.shape}", cure)
    out = accumulator(node.output[0], compilation.shape(node.output[0]), x, weights.T, scale, x.low, x.high)
    name = compilation.parameter(f"{out.name}_weights", weights, weight_dtype(weights))
    compilation.emit("MatMul", [x.name, name], out, node)


@compiles("ArgMax")
def compile_arg_max(compilation: Compilation, node: NodeProto) -> None:
    """ArgMax over channels of logits on one scale: the label of the image or of each pixel, on chip."""
    a = attributes(node)
    x = compilation.integer_input(node.input[0], "the input of the arg max")
    if dimension(a.get("axis", 0), len(x.shape)) != 1 or a.get("select_last_index", 0):
        why = "an arg max that is not over the classes of (N, classes) or (N, classes, H, W)"
        raise Unsupported(why, "use axis=1, select_last_index=0")
    low, high, name = np.zeros(1, np.int64), np.full(1, x.channels - 1), node.output[0]
    if not a.get("keepdims", 1):  # streams have a channel; the host drops it
        name = f"{name}_kept"
        compilation.view(node.output[0], name)
    out = IntTensor(name, (1, 1, *x.shape[2:]), np.asarray(1, np.float32), low, high)
    compilation.emit("ArgMax", [x.name], out, node, axis=1, keepdims=1)


def check_window(kernel: list[int], pads: list[int]) -> None:
    """Hardware windows, as far as they reach, begin and end on the image.

    Raises:
        Unsupported: the padding is as large as the kernel.
    """
    if any(p >= k for p, k in zip(pads, [*kernel, *kernel], strict=True)):
        raise Unsupported(f"padding {pads} that is not smaller than the kernel {kernel}", "pad by less than the kernel")


def padded_apart(
    compilation: Compilation, node: NodeProto, x: IntTensor, kernel: list[int], pads: list[int]
) -> tuple[IntTensor, list[int]]:
    """The image and the pads of a window on it: padded by an op of its own where a window could miss the image."""
    if all(p < k for p, k in zip(pads, [*kernel, *kernel], strict=True)):
        return x, pads
    return compilation.emit_pad(node, x, pads, f"{node.output[0]}_padded"), [0] * len(pads)


def explicit_pads(a: Mapping[str, Any], image: Sequence[int], out: Sequence[int], kernel: Sequence[int]) -> list[int]:
    """Pads of a window by its shapes, whatever way its node states them; with `ceil_mode` up to the last window.

    Args:
        a: attributes of the node.
        image, out, kernel: sizes by dimension, of the input, the output and the window.

    Raises:
        Unsupported: a window is larger than the image with its padding.
    """
    rank = len(kernel)
    strides, dilations = a.get("strides") or [1] * rank, a.get("dilations") or [1] * rank
    pads, mode = list(a.get("pads") or [0] * 2 * rank), a.get("auto_pad", b"NOTSET")
    for k in range(rank):
        missing = (out[k] - 1) * strides[k] + (kernel[k] - 1) * dilations[k] + 1 - image[k]
        if mode in (b"SAME_UPPER", b"SAME_LOWER"):
            less, more = max(missing, 0) // 2, max(missing, 0) - max(missing, 0) // 2
            pads[k], pads[k + rank] = (less, more) if mode == b"SAME_UPPER" else (more, less)
        elif a.get("ceil_mode", 0):
            pads[k + rank] = max(pads[k + rank], missing - pads[k])
        elif missing > pads[k] + pads[k + rank]:
            why = f"a window of {list(kernel)} on an image of {list(image)} pixels, padded by {pads}"
            raise Unsupported(why, "use a smaller kernel, or larger images")
    return pads


def require_windows_within(compilation: Compilation, node: NodeProto) -> None:
    """Of a pool in whatever part of a network.

    Raises:
        Unsupported: a window is larger than the image with its padding: libraries give a pixel of it, none, or fail.
    """
    a = attributes(node)
    kernel = a.get("kernel_shape", ())
    image, out = (compilation.shapes.get(name) or () for name in (node.input[0], node.output[0]))
    if node.op_type in _POOLS and len(image) == len(out) == len(kernel) + 2:
        explicit_pads(a, image[2:], out[2:], kernel)


def check_kernel(a: Mapping[str, Any], kernel: list[int]) -> None:
    """Raise Unsupported where a node's `kernel_shape` is not that of its weights."""
    if list(a.get("kernel_shape", kernel)) != kernel:
        raise Unsupported(f"kernel_shape {a['kernel_shape']}, its weights are {kernel}", "export the network again")


def scalar_input(compilation: Compilation, node: NodeProto, source: str) -> IntTensor:
    """The integer tensor that a layer reads, with one scale.

    Raises:
        Unsupported: it is not quantized, or has one scale per channel.
    """
    assert len(node.input) < 3 or not node.input[2], "biases are split off on import"
    x = compilation.integer_input(source, f"the input of the {node.op_type}")
    if x.scale.ndim:
        cure = "use one scale per tensor; behind a concat put a quantizer, or share one between what it joins"
        raise Unsupported("an input with one scale per channel", cure)
    return x


def weights_of(compilation: Compilation, name: str, rows: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Integers and scale of a weight; a float constant that only holds -s and +s counts as 1-bit.

    Args:
        compilation: of the network.
        name: of the weight.
        rows: its dimension of output channels, the only one along which scales may differ.

    Raises:
        Unsupported: it is not constant, not quantized, or wider than 8 bits.
    """
    if name in compilation.weights:
        weights, scale = compilation.weights[name]
    else:
        value = compilation.constants.get(name)
        if value is None:
            raise Unsupported("the weights are not constant", "export the network in eval mode")
        scale = np.asarray(np.abs(value).max(), np.float32)
        weights = np.sign(value).astype(np.int64)
        if scale == 0 or not np.array_equal(np.abs(value), np.full_like(value, scale)):
            raise Unsupported("the weights are not quantized", "use QuantConv2d / QuantLinear with a weight quantizer")
    if any(size > 1 for axis, size in enumerate(scale.shape) if axis != rows):
        raise Unsupported(f"weights with scales of shape {scale.shape}", "use one scale per tensor or output channel")
    if np.abs(weights).max() > MAX_WEIGHT:
        raise Unsupported("weights wider than 8 bits", "quantize the weights to 8 bits or fewer")
    return weights, scale


def accumulator(
    name: str, shape: tuple[int, ...], x: IntTensor, weights: np.ndarray, scale: np.ndarray, low: np.ndarray,
    high: np.ndarray, groups: int = 1,
) -> IntTensor:  # fmt: skip
    """The sum of products: its scale, and the exact range of each output channel given the weights.

    Args:
        name, shape: of the sum.
        x: what is multiplied.
        weights: one row for each output channel.
        scale: of the weights, one or one per row.
        low, high: range of the input, broadcast over a row.
        groups: that the channels fall into.

    Raises:
        Unsupported: the weights are of other channels, or there may be sums wider than 32 bits.
    """
    if (len(weights), weights.shape[1] * groups) != (shape[1], x.shape[1]):
        made, given = f"{weights.shape[1]} to {weights.shape[0]}", f"{x.shape[1]} to {shape[1]}"
        raise Unsupported(f"weights from {made} channels between tensors of {given}", "export the network again")
    axes = tuple(range(1, weights.ndim))
    bottom, top = weights * low, weights * high
    smallest = np.minimum(bottom, top).sum(axis=axes)
    largest = np.maximum(bottom, top).sum(axis=axes)
    if max(np.abs(smallest).max(), largest.max()) >= MOST_SUM:
        raise Unsupported("sums beyond 2^30", "use fewer bits in weights or activations")
    scale = scale.reshape(-1) if scale.size > 1 else scale.reshape(())
    return IntTensor(name, shape, (x.scale * scale).astype(np.float32), smallest, largest, x.divisor)


def scaled(compilation: Compilation, node: NodeProto, x: IntTensor, factor: int) -> str:
    """`x` times an integer, its own node when the factor is not 1; the scale stays positive."""
    if factor == 1:
        return x.name
    name = f"{node.output[0]}_{x.name}_times_{factor}"
    if name in compilation.ints:
        return name
    dtype = integer_range_dtype(min(factor, 0), max(factor, 0)).name
    constant = compilation.parameter(f"{name}_factor", np.asarray([factor]), dtype)
    ends, scale = np.sort([x.low * factor, x.high * factor], axis=0), x.scale / np.float32(abs(factor))
    product = replace(x, name=name, scale=scale, low=ends[0], high=ends[1], bipolar=False)
    compilation.emit("Mul", [x.name, constant], product, node)
    return name


def weight_dtype(weights: np.ndarray) -> str:
    """Smallest type of weights: BIPOLAR, or a signed integer."""
    if np.all(np.abs(weights) == 1):
        return "BIPOLAR"
    return f"INT{max(2, int(integer_range_dtype(min(int(weights.min()), -1), int(weights.max())).bitwidth()))}"


def attributes(node: NodeProto) -> dict[str, Any]:
    """Attributes of a node by name."""
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}
