"""What makes maps larger: pixels repeated or spread, transposed convolutions, channels that become pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.channels import pick
from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.layers import (
    accumulator,
    attributes,
    check_kernel,
    check_window,
    scalar_input,
    weight_dtype,
    weights_of,
)
from finn_build.frontend.integers.maps import map_name, map_shape, with_height
from finn_build.frontend.integers.nodes import DOMAIN
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.tensor import IntTensor, full_range


@compiles("DepthToSpace")
def compile_depth_to_space(compilation: Compilation, node: NodeProto) -> None:
    """DepthToSpace (PixelShuffle); the order of channels that the hardware wants is made by a Gather, a wire."""
    x = compilation.integer_input(node.input[0], "the input of the DepthToSpace")
    size = attributes(node)["blocksize"]
    if x.channels % size**2:
        why = f"a DepthToSpace of {x.channels} channels to blocks of {size}x{size} pixels"
        raise Unsupported(why, f"give it a multiple of {size**2} channels")
    if attributes(node).get("mode", b"DCR") == b"CRD":
        order = np.arange(x.channels).reshape(-1, size * size).T.ravel()
        x = pick(compilation, node, x, order, f"{node.output[0]}_by_place")
    _emit_depth_to_space(compilation, node, x, size, node.output[0])


@compiles("ConvTranspose")
def compile_transposed_conv(compilation: Compilation, node: NodeProto) -> None:
    """Transposed convolution: by sub-pixels where the kernel is as large as the stride, else on an image with zeros.

    By sub-pixels, a 1x1 convolution makes all pixels of a block as channels: no product is wasted on zeros.
    """
    a = attributes(node)
    if a.get("group", 1) != 1:
        why, cure = f"a grouped transposed convolution (group={a['group']})", "use group=1, or upsample and convolve"
        raise Unsupported(why, cure)
    if any(d != 1 for d in a.get("dilations", [1, 1])):
        raise Unsupported(f"a dilated transposed convolution ({a['dilations']})", "use dilation 1")
    if a.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID") or "output_shape" in a:
        raise Unsupported("a transposed convolution with auto_pad or output_shape", "export explicit pads")
    x = compilation.as_map(node, scalar_input(compilation, node, node.input[0]))
    weights, scale = weights_of(compilation, node.input[1], rows=1)
    if weights.ndim == 3:
        a, weights = with_height(a), weights[:, :, None]
    if weights.ndim != 4:
        raise Unsupported(f"a transposed convolution over {weights.ndim - 2} dimensions", "use one or two")
    check_kernel(a, list(weights.shape[2:]))
    stride = list(a.get("strides", [1, 1]))
    bare = not any((*a.get("output_padding", ()), *a.get("pads", ())))
    if list(weights.shape[2:]) == stride and stride[0] == stride[1] > 1 and bare:
        _by_sub_pixels(compilation, node, x, weights, scale)
    else:
        _on_spread_image(compilation, node, a, x, weights, scale)


def _by_sub_pixels(
    compilation: Compilation, node: NodeProto, x: IntTensor, weights: np.ndarray, scale: np.ndarray
) -> None:
    size, out = weights.shape[2], node.output[0]
    rows = weights.transpose(2, 3, 1, 0).reshape(-1, weights.shape[0])[:, :, None, None]
    scales = np.tile(scale.reshape(-1), size * size) if scale.size > 1 else scale
    shape = (1, len(rows), *x.shape[2:])
    deep = accumulator(f"{out}_blocks", shape, x, rows, scales, x.low[:, None, None], x.high[:, None, None])
    _emit_conv(compilation, node, x, rows, deep, [0, 0, 0, 0])
    _emit_depth_to_space(compilation, node, deep, size, out)


def _on_spread_image(
    compilation: Compilation, node: NodeProto, a: Mapping[str, Any], x: IntTensor, weights: np.ndarray,
    scale: np.ndarray,
) -> None:  # fmt: skip
    """Zeros between the pixels; the kernel turned round. What the spread image has too many of is cropped."""
    shape = compilation.shape(node.output[0])
    out = map_name(node.output[0], shape)
    (kh, kw), (sy, sx) = weights.shape[2:], a.get("strides", [1, 1])
    grown, (top, left, bottom, right) = a.get("output_padding", [0, 0]), a.get("pads", [0] * 4)
    pads = [kh - 1 - top, kw - 1 - left, kh - sy - bottom + grown[0], kw - sx - right + grown[1]]
    if min(pads[:2]) < 0:
        raise Unsupported(f"padding {[top, left, bottom, right]} that is not smaller than the kernel", "pad by less")
    if (sy, sx) != (1, 1):
        x = emit_upsample(compilation, node, x, (sy, sx), "zeros", f"{out}_spread")
    if min(pads) < 0:
        crop = [min(p, 0) for p in pads]
        x = compilation.emit_pad(node, x, crop, f"{out}_cropped")
    pads = [max(p, 0) for p in pads]
    check_window([kh, kw], pads)
    turned = weights.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    low, high = (bound[:, None, None] for bound in (np.minimum(x.low, 0), np.maximum(x.high, 0)))
    sums = accumulator(out, map_shape(shape), x, turned, scale, low, high)
    _emit_conv(compilation, node, x, turned, sums, pads)
    compilation.from_map(node, sums, node.output[0])


def _emit_conv(
    compilation: Compilation, node: NodeProto, x: IntTensor, weights: np.ndarray, out: IntTensor, pads: list[int]
) -> None:
    name = compilation.parameter(f"{out.name}_weights", weights, weight_dtype(weights))
    kernel = list(weights.shape[2:])
    compilation.emit(
        "Conv", [x.name, name], out, node, group=1, kernel_shape=kernel, strides=[1, 1], pads=pads,
        dilations=[1, 1],
    )  # fmt: skip


def of_one_size(compilation: Compilation, node: NodeProto, *operands: IntTensor) -> Iterator[IntTensor]:
    """Operands of a node, a map of one pixel, or of one channel, as large as the largest."""
    largest = max((x.shape for x in operands), key=prod)
    for x in operands:
        name, image = f"{node.output[0]}_{x.name}_spread", map_shape(largest)
        made = map_name(name, largest)
        if x.shape == largest or len(x.shape) != len(largest) or len(image) != 4:
            yield x
        elif prod(x.shape[2:]) == 1 and x.shape[:2] == largest[:2]:
            seen = compilation.as_map(node, x)
            yield compilation.from_map(node, emit_upsample(compilation, node, seen, image[2:], "nearest", made), name)
        elif x.shape[1] == 1 < largest[1] and x.shape[2:] == largest[2:]:
            seen = compilation.as_map(node, x)
            yield compilation.from_map(node, _emit_expand(compilation, node, seen, image, made), name)
        else:
            yield x


def _emit_expand(
    compilation: Compilation, node: NodeProto, x: IntTensor, shape: tuple[int, ...], name: str
) -> IntTensor:
    """A map's only channel, as often as the shape has channels."""
    constant = compilation.parameter(f"{name}_shape", np.asarray(shape), "INT64")
    low, high = full_range(shape[1], x.low, x.high)
    out = replace(x, name=name, shape=shape, scale=x.scale.reshape(()), low=low, high=high)
    compilation.emit("Expand", [x.name, constant], out, node)
    return out


def emit_upsample(
    compilation: Compilation, node: NodeProto, x: IntTensor, scale: Sequence[int], function: str, name: str
) -> IntTensor:
    """Emit `name`: pixels repeated ("nearest") or spread between zeros ("zeros"), `scale` times in height and width."""
    n, c, h, w = x.shape
    out = replace(x, name=name, shape=(n, c, h * scale[0], w * scale[1]))
    if function == "zeros":
        out = replace(out, low=np.minimum(x.low, 0), high=np.maximum(x.high, 0), bipolar=False)
    compilation.emit("Upsample", [x.name], out, node, DOMAIN, scale=list(scale), function=function)
    return out


def _emit_depth_to_space(compilation: Compilation, node: NodeProto, x: IntTensor, size: int, name: str) -> None:
    """Channel c of a block's places: its range is that of all of them.

    Raises:
        Unsupported: the places of a block have different scales.
    """
    _, deep, height, width = x.shape
    channels = deep // size**2
    scales = x.scale.reshape(-1, channels) if x.scale.ndim else x.scale
    if x.scale.ndim and not np.array_equal(scales, np.broadcast_to(scales[0], scales.shape)):
        raise Unsupported("a DepthToSpace of channels on different scales", "use one scale per tensor")
    out = replace(
        x, name=name, shape=(1, channels, height * size, width * size), scale=scales[0] if x.scale.ndim else x.scale,
        low=x.low.reshape(-1, channels).min(0), high=x.high.reshape(-1, channels).max(0),
    )  # fmt: skip
    compilation.emit("DepthToSpace", [x.name], out, node, blocksize=size, mode="DCR")
