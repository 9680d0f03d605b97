"""Pools on integers: maxima, and averages as sums whose division becomes part of how the sum is read."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.layers import attributes, check_window
from finn_build.frontend.integers.nodes import DOMAIN
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.reshapes import flat
from finn_build.frontend.integers.tensor import FLOAT32_EXACT, IntTensor


@compiles("MaxPool", "GlobalMaxPool")
def compile_max_pool(compilation: Compilation, node: NodeProto) -> None:
    """Max pool of integers; of float values it waits for their quantizer, which comes before it in hardware."""
    a = attributes(node)
    if any(d != 1 for d in a.get("dilations", [1, 1])) or a.get("ceil_mode", 0):
        raise Unsupported("a max pool with dilation or ceil_mode", "use dilation 1 and ceil_mode 0")
    if len(node.output) > 1 and node.output[1]:
        raise Unsupported("a max pool that gives indices", "drop the second output")
    source, out = node.input[0], node.output[0]
    padded = compilation.padded.get(source)
    if padded is None and not compilation.in_integers(source) and compilation.root(source) in compilation.ints:
        compilation.roots[out] = compilation.root(source)
        return
    x = compilation.integer_input(padded[0] if padded else source, "the input of the max pool")
    if padded and x.low.min() < 0:
        raise Unsupported("a max pool of signed values behind zero padding", "use the padding of the max pool itself")
    emit_max_pool(compilation, node, x, out)


def emit_max_pool(compilation: Compilation, node: NodeProto, x: IntTensor, out: str) -> None:
    """Emit the max pool `node` on `x`, giving tensor `out`."""
    kernel, strides, pads = _window(compilation, node, x)
    pooled = replace(x, name=out, shape=compilation.shape(node.output[0]))
    compilation.emit("MaxPool", [x.name], pooled, node, kernel_shape=kernel, strides=strides, pads=pads)


@compiles("AveragePool", "GlobalAveragePool")
def compile_average_pool(compilation: Compilation, node: NodeProto) -> None:
    """Average pool: the sum of the window, its division part of how the sum is read."""
    a = attributes(node)
    if a.get("ceil_mode", 0) or any(d != 1 for d in a.get("dilations", [1, 1])):
        raise Unsupported("an average pool with dilation or ceil_mode", "use dilation 1 and ceil_mode 0")
    if any(a.get("pads", [0])) and not a.get("count_include_pad", 0):
        raise Unsupported("an average pool that leaves padding out of its count", "use count_include_pad=True")
    _emit_sum(compilation, node, node.output[0], average=True)


@compiles("ReduceMean", "ReduceSum")
def compile_reduction(compilation: Compilation, node: NodeProto) -> None:
    """ReduceMean or ReduceSum over all pixels; without `keepdims` the 1x1 map is flattened."""
    a = attributes(node)
    axes = a.get("axes") or (compilation.constants.get(node.input[1]) if len(node.input) > 1 else None)
    rank = len(compilation.shape(node.input[0]))
    if axes is None or sorted(int(i) % rank for i in axes) != [2, 3] or rank != 4:
        raise Unsupported(
            f"{node.op_type} over other axes than the pixels", "reduce over height and width, axes (2, 3)"
        )
    out, average = node.output[0], node.op_type == "ReduceMean"
    if a.get("keepdims", 1):
        _emit_sum(compilation, node, out, average)
        return
    pooled = _emit_sum(compilation, node, f"{out}_pooled", average)
    compilation.emit("Flatten", [pooled.name], flat(pooled, out), node, axis=1)


def _emit_sum(compilation: Compilation, node: NodeProto, out: str, average: bool) -> IntTensor:
    x = compilation.integer_input(compilation.unpadded(node.input[0])[0], f"the input of {node.op_type}")
    kernel, strides, pads = _window(compilation, node, x)
    count = prod(kernel)
    low, high = (np.minimum(x.low, 0), np.maximum(x.high, 0)) if any(pads) else (x.low, x.high)
    shape = compilation.shape(node.output[0])
    pooled = replace(
        x, name=out, shape=(*shape, 1, 1)[:4], low=low * count, high=high * count,
        divisor=x.divisor * (count if average else 1), bipolar=False,
    )  # fmt: skip
    if max(np.abs(pooled.low).max(), pooled.high.max()) >= FLOAT32_EXACT:
        raise Unsupported(
            "sums beyond 2^24, where float32 is no longer exact", "quantize to fewer bits before the pool"
        )
    compilation.emit("SumPool", [x.name], pooled, node, DOMAIN, kernel_shape=kernel, strides=strides, pads=pads)
    return pooled


def _window(compilation: Compilation, node: NodeProto, x: IntTensor) -> tuple[list[int], list[int], list[int]]:
    """Kernel, strides and pads of a pool; the whole image where the op has no kernel."""
    a = attributes(node)
    if a.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise Unsupported(f"auto_pad={a['auto_pad'].decode()}", "export explicit pads")
    if len(x.shape) != 4:
        raise Unsupported(f"a pool over a tensor of shape {x.shape}", "use 2-D pools")
    kernel = list(a.get("kernel_shape", x.shape[2:]))
    strides = list(a.get("strides", [1, 1]))
    pads = [p + q for p, q in zip(a.get("pads", [0] * 4), compilation.unpadded(node.input[0])[1], strict=True)]
    check_window(kernel, pads)
    if kernel == list(x.shape[2:]) and not any(pads):
        strides = kernel  # one window: it takes no line buffer
    return kernel, strides, pads
