"""Pools on integers: maxima, and averages as sums whose division becomes part of how the sum is read."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.layers import attributes, check_window, explicit_pads, padded_apart
from finn_build.frontend.integers.maps import map_name, map_shape, with_height
from finn_build.frontend.integers.nodes import DOMAIN
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.reshapes import flat
from finn_build.frontend.integers.tensor import FLOAT32_EXACT, IntTensor


@compiles("MaxPool", "GlobalMaxPool")
def compile_max_pool(compilation: Compilation, node: NodeProto) -> None:
    """Max pool of integers; of float values it waits for their quantizer, which comes before it in hardware."""
    if len(node.output) > 1 and node.output[1]:
        raise Unsupported("a max pool that gives indices", "drop the second output")
    source, out = node.input[0], node.output[0]
    padded = compilation.padded.get(source)
    if padded is None and not compilation.in_integers(source) and compilation.root(source) in compilation.ints:
        compilation.roots[out] = compilation.root(source)
        return
    x = compilation.integer_input(padded[0] if padded else source, "the input of the max pool")
    if padded and x.low.min() < 0:  # zero is not what a window leaves out
        x = compilation.integer_input(source, "the input of the max pool")
        del compilation.padded[source]
    emit_max_pool(compilation, node, x, out)


def emit_max_pool(compilation: Compilation, node: NodeProto, x: IntTensor, out: str) -> None:
    """Emit the max pool `node` on `x`, giving tensor `out`."""
    x, shape = compilation.as_map(node, x), compilation.shape(node.output[0])
    pooled = replace(x, name=map_name(out, shape), shape=map_shape(shape))
    window = _window(compilation, node, x)
    check_window(
        [(k - 1) * d + 1 for k, d in zip(window["kernel_shape"], window["dilations"], strict=True)], window["pads"]
    )
    compilation.emit("MaxPool", [x.name], pooled, node, **window)
    compilation.from_map(node, pooled, out)


@compiles("AveragePool", "GlobalAveragePool")
def compile_average_pool(compilation: Compilation, node: NodeProto) -> None:
    """Average pool: the sum of the window, its division part of how the sum is read."""
    a = attributes(node)
    if any(d != 1 for d in a.get("dilations", [1, 1])):
        raise Unsupported("an average pool with dilation", "use dilation 1")
    stated, counted = list(a.get("pads", [0])), bool(a.get("count_include_pad", 0))
    if node.op_type == "AveragePool":
        image, pooled = (list(compilation.shape(name)[2:]) for name in (node.input[0], node.output[0]))
        made = explicit_pads(a, image, pooled, a["kernel_shape"])
        if (any(made) and not counted) or (counted and made != (stated if any(stated) else [0] * len(made))):
            why = "an average pool whose windows hold different numbers of pixels"
            raise Unsupported(why, "use count_include_pad=True, and ceil_mode=False where windows pass the edge")
    _emit_sum(compilation, node, node.output[0], average=True)


@compiles("ReduceMean", "ReduceSum")
def compile_reduction(compilation: Compilation, node: NodeProto) -> None:
    """ReduceMean or ReduceSum over all pixels; without `keepdims` the 1x1 map is flattened."""
    a = attributes(node)
    axes = a.get("axes") or (compilation.constants.get(node.input[1]) if len(node.input) > 1 else None)
    rank = len(compilation.shape(node.input[0]))
    if axes is None or sorted(int(i) % rank for i in axes) != list(range(2, rank)) or rank not in (3, 4):
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
    x = compilation.as_map(node, x)
    window = _window(compilation, node, x)
    reach = [(k - 1) * d + 1 for k, d in zip(window["kernel_shape"], window["dilations"], strict=True)]
    x, window["pads"] = padded_apart(compilation, node, x, reach, window["pads"])
    count = prod(window["kernel_shape"])
    low, high = (np.minimum(x.low, 0), np.maximum(x.high, 0)) if any(window["pads"]) else (x.low, x.high)
    shape = compilation.shape(node.output[0])
    pooled = replace(
        x, name=map_name(out, shape), shape=(*map_shape(shape), 1, 1)[:4], low=low * count, high=high * count,
        divisor=x.divisor * (count if average else 1), bipolar=False,
    )  # fmt: skip
    if max(np.abs(pooled.low).max(), pooled.high.max()) >= FLOAT32_EXACT:
        raise Unsupported(
            "sums beyond 2^24, where float32 is no longer exact", "quantize to fewer bits before the pool"
        )
    compilation.emit("SumPool", [x.name], pooled, node, DOMAIN, **window)
    compilation.from_map(node, pooled, out)
    return pooled


def _window(compilation: Compilation, node: NodeProto, x: IntTensor) -> dict[str, Any]:
    """Kernel, strides, pads and dilations of a pool; the whole image where the op has no kernel."""
    a = attributes(node)
    if len(compilation.shape(node.input[0])) == 3:
        a = with_height(a)
    if len(x.shape) != 4:
        raise Unsupported(f"a pool over a tensor of shape {x.shape}", "use pools over one or two dimensions")
    kernel = list(a.get("kernel_shape", x.shape[2:]))
    strides = list(a.get("strides", [1, 1]))
    dilations, own = list(a.get("dilations", [1, 1])), [0, 0, 0, 0]
    if "kernel_shape" in a:
        image, out = (map_shape(compilation.shape(name))[2:] for name in (node.input[0], node.output[0]))
        own = explicit_pads(a, image, out, kernel)
    pads = [p + q for p, q in zip(own, compilation.unpadded(node.input[0])[1], strict=True)]
    if any(pads) and any(d > size for d, size in zip(dilations, x.shape[2:], strict=True)):
        raise Unsupported(f"a pool of dilation {dilations}, windows of which miss the image", "use a smaller dilation")
    if kernel == list(x.shape[2:]) and not any(pads):
        strides = kernel  # one window: it takes no line buffer
    return {"kernel_shape": kernel, "strides": strides, "pads": pads, "dilations": dilations}
