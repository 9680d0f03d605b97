"""Pools on integers: maxima, and averages as sums whose division becomes part of how the sum is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.across_channels import reduce_channels
from finn_build.frontend.integers.compilation import MAX_POOLS, Compilation
from finn_build.frontend.integers.layers import attributes, check_window, explicit_pads, padded_apart
from finn_build.frontend.integers.maps import map_name, map_shape, with_height
from finn_build.frontend.integers.nodes import DOMAIN
from finn_build.frontend.integers.problems import Unsupported, dimension
from finn_build.frontend.integers.quantizer import MAX_BITS
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.reshapes import flat
from finn_build.frontend.integers.tensor import FLOAT32_EXACT, IntTensor


@compiles(*MAX_POOLS)
def compile_max_pool(compilation: Compilation, node: NodeProto) -> None:
    """Max pool of integers; of float values it waits for their quantizer, which comes before it in hardware."""
    if len(node.output) > 1 and node.output[1]:
        raise Unsupported("a max pool that gives indices", "drop the second output")
    source, out = node.input[0], node.output[0]
    padded = compilation.padded.get(source)
    if padded is None and compilation.root(source) in compilation.ints and _waits(compilation, source):
        compilation.roots[out] = compilation.root(source)
        return
    x = compilation.integer_input(padded[0] if padded else source, "the input of the max pool")
    if padded and x.low.min() < 0:  # zero is not what a window leaves out
        x = compilation.integer_input(source, "the input of the max pool")
        del compilation.padded[source]
    emit_max_pool(compilation, node, x, out)


def _waits(compilation: Compilation, source: str) -> bool:
    """Whether a tensor is float values, or sums times a scale, which are wider than what a quantizer makes of them."""
    if compilation.in_integers(source):
        return False
    scaled = compilation.as_integers(source)
    return scaled is None or scaled.dtype.bitwidth() > MAX_BITS


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
    image, pooled = (compilation.shape(name)[2:] for name in (node.input[0], node.output[0]))
    counts = _counts(a, image, pooled) if node.op_type == "AveragePool" else _whole(image)
    _emit_sum(compilation, node, node.output[0], counts)


def _whole(image: Sequence[int]) -> list[np.ndarray]:
    """Counts of one window that is the whole image."""
    return [np.asarray([size]) for size in image]


def _counts(a: dict[str, Any], image: Sequence[int], pooled: Sequence[int]) -> list[np.ndarray]:
    """By dimension, how many pixels each window of an average pool is divided by: padding counts or does not.

    Raises:
        Unsupported: a window lies beside the image.
    """
    kernel = a["kernel_shape"]
    rank, counted = len(kernel), bool(a.get("count_include_pad", 0))
    strides, stated = a.get("strides") or [1] * rank, a.get("pads") or [0] * 2 * rank
    pads = explicit_pads(a, image, pooled, kernel)
    if a.get("auto_pad", b"NOTSET") in (b"SAME_UPPER", b"SAME_LOWER"):
        stated = pads
    if counted and pads != list(stated):  # ONNX Runtime counts more than PyTorch does in opsets before 19
        why = "an average pool whose padding counts, and windows of which pass it"
        raise Unsupported(why, "use count_include_pad=False, or ceil_mode=False")
    found = []
    for k in range(rank):
        before, after = (stated[k], stated[k + rank]) if counted else (0, 0)
        first = np.arange(pooled[k]) * strides[k] - pads[k]
        found.append(np.minimum(first + kernel[k], image[k] + after) - np.maximum(first, -before))
    if min(c.min() for c in found) < 1:
        raise Unsupported("an average pool with windows beside the image", "use ceil_mode=False, or pad by less")
    return found


@compiles("ReduceMax", "ReduceMean", "ReduceSum")
def compile_reduction(compilation: Compilation, node: NodeProto) -> None:
    """ReduceMax, ReduceMean or ReduceSum over all pixels or channels; without `keepdims` a 1x1 map is flattened."""
    a = attributes(node)
    axes = a.get("axes") or (compilation.constants.get(node.input[1]) if len(node.input) > 1 else None)
    rank = len(compilation.shape(node.input[0]))
    if axes is not None and [dimension(i, rank) for i in axes] == [1] and rank in (3, 4) and a.get("keepdims", 1):
        reduce_channels(compilation, node)
        return
    if axes is None or sorted(dimension(i, rank) for i in axes) != list(range(2, rank)) or rank not in (3, 4):
        cure = "keep channels in dimension 1, reduce over all behind it ((2, 3), of signals 2), or over the channels "
        cure += "with keepdim=True, or leave it to the host"
        raise Unsupported(f"{node.op_type} over other axes than the pixels", cure)
    image = compilation.shape(node.input[0])[2:]
    out, counts = node.output[0], _whole(image) if node.op_type == "ReduceMean" else []
    name = out if a.get("keepdims", 1) else f"{out}_pooled"
    if node.op_type == "ReduceMax":
        pooled = _emit_greatest(compilation, node, name)
    else:
        pooled = _emit_sum(compilation, node, name, counts)
    if name != out:
        compilation.emit("Flatten", [pooled.name], flat(pooled, out), node, axis=1)


def _emit_greatest(compilation: Compilation, node: NodeProto, out: str) -> IntTensor:
    """The greatest value of each channel."""
    x = compilation.as_map(node, compilation.integer_input(node.input[0], "the input of the ReduceMax"))
    image, name = list(x.shape[2:]), map_name(out, compilation.shape(node.output[0]))
    pooled = replace(x, name=name, shape=(*x.shape[:2], 1, 1))
    window: dict[str, Any] = {"kernel_shape": image, "strides": image, "pads": [0, 0, 0, 0], "dilations": [1, 1]}
    compilation.emit("MaxPool", [x.name], pooled, node, **window)
    compilation.from_map(node, pooled, out)
    return pooled


def _emit_sum(compilation: Compilation, node: NodeProto, out: str, counts: Sequence[np.ndarray]) -> IntTensor:
    """Sums over windows. Where they are divided by different counts they are brought to one divisor by factors.

    Args:
        compilation, node, out: as ever, and the tensor to emit.
        counts: by dimension, what windows are divided by; none for sums.
    """
    x = compilation.integer_input(compilation.unpadded(node.input[0])[0], f"the input of {node.op_type}")
    x = compilation.as_map(node, x)
    window = _window(compilation, node, x)
    reach = [(k - 1) * d + 1 for k, d in zip(window["kernel_shape"], window["dilations"], strict=True)]
    x, window["pads"] = padded_apart(compilation, node, x, reach, window["pads"])
    low, high = (np.minimum(x.low, 0), np.maximum(x.high, 0)) if any(window["pads"]) else (x.low, x.high)
    common = [int(np.lcm.reduce(c)) for c in counts]
    factors = [(m // c).tolist() for m, c in zip(common, counts, strict=True)]
    weighed = any(f != 1 for side in factors for f in side)
    if weighed:
        window |= dict(zip(("column_factors", "row_factors"), reversed(factors), strict=False))
    most = prod(common) if weighed else prod(window["kernel_shape"])
    shape = compilation.shape(node.output[0])
    pooled = replace(
        x, name=map_name(out, shape), shape=(*map_shape(shape), 1, 1)[:4], low=low * most, high=high * most,
        divisor=x.divisor * prod(common), bipolar=False,
    )  # fmt: skip
    if max(np.abs(pooled.low).max(), pooled.high.max()) >= FLOAT32_EXACT >> 3 * weighed:  # quotients are rounded too
        cure = "quantize to fewer bits before the pool" + ", or count_include_pad=True" * weighed
        raise Unsupported("sums beyond 2^24, where float32 is no longer exact", cure)
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
    image = map_shape(compilation.shape(node.input[0]))[2:]  # what lies around it included
    kernel = list(a.get("kernel_shape", image))
    strides = list(a.get("strides", [1, 1]))
    dilations, own = list(a.get("dilations", [1, 1])), [0, 0, 0, 0]
    if "kernel_shape" in a:
        own = explicit_pads(a, image, map_shape(compilation.shape(node.output[0]))[2:], kernel)
    pads = [p + q for p, q in zip(own, compilation.unpadded(node.input[0])[1], strict=True)]
    if any(pads) and any(d > size for d, size in zip(dilations, x.shape[2:], strict=True)):
        raise Unsupported(f"a pool of dilation {dilations}, windows of which miss the image", "use a smaller dilation")
    if kernel == list(x.shape[2:]) and not any(pads):
        strides = kernel  # one window: it takes no line buffer
    return {"kernel_shape": kernel, "strides": strides, "pads": pads, "dilations": dilations}
