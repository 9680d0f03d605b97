"""Pools on integers: maxima, and averages as sums whose division becomes part of how the sum is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.compilation import MAX_POOLS, Compilation
from finn_build.frontend.integers.layers import attributes, check_window, explicit_pads, padded_apart
from finn_build.frontend.integers.maps import map_name, map_shape, with_height
from finn_build.frontend.integers.nodes import DOMAIN
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.quantizer import MAX_BITS
from finn_build.frontend.integers.registry import compiles
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
    emit_sum(compilation, node, node.output[0], compilation.shape(node.output[0]), counts)


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


def emit_sum(
    compilation: Compilation, node: NodeProto, out: str, shape: tuple[int, ...], counts: Sequence[np.ndarray],
    kernel: Sequence[int] = (),
) -> IntTensor:  # fmt: skip
    """Sums over windows. Where they are divided by different counts they are brought to one divisor by factors.

    Args:
        compilation, node: as ever.
        out, shape: the tensor to emit.
        counts: by dimension, what windows are divided by; none for sums.
        kernel: of windows beside one another; that of the node, or the whole image, where there is none.
    """
    why, on_its_scale = f"the input of {node.op_type}", node.name if node.op_type == "AveragePool" else ""
    x = compilation.integer_input(compilation.unpadded(node.input[0])[0], why, on_its_scale)
    x = compilation.as_map(node, x)
    window = _window(compilation, node, x, kernel)
    reach = [(k - 1) * d + 1 for k, d in zip(window["kernel_shape"], window["dilations"], strict=True)]
    x, window["pads"] = padded_apart(compilation, node, x, reach, window["pads"])
    low, high = (np.minimum(x.low, 0), np.maximum(x.high, 0)) if any(window["pads"]) else (x.low, x.high)
    common = [int(np.lcm.reduce(c)) for c in counts]
    factors = [(m // c).tolist() for m, c in zip(common, counts, strict=True)]
    weighed = any(f != 1 for side in factors for f in side)
    if weighed:
        window |= dict(zip(("column_factors", "row_factors"), reversed(factors), strict=False))
    most = prod(common) if weighed else prod(window["kernel_shape"])
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


def _window(compilation: Compilation, node: NodeProto, x: IntTensor, kernel: Sequence[int] = ()) -> dict[str, Any]:
    """Kernel, strides, pads and dilations of a pool; the whole image where the op has no kernel and none is given."""
    a = attributes(node) | ({"strides": list(kernel)} if kernel else {})
    if len(compilation.shape(node.input[0])) == 3:
        a = with_height(a)
    if len(x.shape) != 4:
        raise Unsupported(f"a pool over a tensor of shape {x.shape}", "use pools over one or two dimensions")
    image = map_shape(compilation.shape(node.input[0]))[2:]  # what lies around it included
    kernel = list(a.get("kernel_shape", map_shape((1, 1, *kernel))[2:] or image))
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
