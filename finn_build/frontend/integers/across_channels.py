"""What takes the channels of a pixel together, or makes channels of pixels: by convolutions of 0 and 1, and maxima."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.channels import pick
from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.layers import accumulator, attributes, weight_dtype
from finn_build.frontend.integers.maps import map_name
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.tensor import IntTensor


def reduce_channels(compilation: Compilation, node: NodeProto) -> None:
    """ReduceMax, ReduceMean or ReduceSum over the channels of each pixel, which leaves one.

    Raises:
        Unsupported: channels on several scales, or of -1 and +1.
    """
    x = compilation.as_map(node, _plain(compilation, node))
    name = map_name(node.output[0], compilation.shape(node.output[0]))
    if node.op_type == "ReduceMax":
        made = _greatest(compilation, node, x, name)
    else:
        ones = np.ones((1, x.channels, 1, 1), np.int64)
        low, high = (bound[:, None, None] for bound in (x.low, x.high))
        made = accumulator(name, (1, 1, *x.shape[2:]), x, ones, np.ones((), np.float32), low, high)
        made = replace(made, divisor=x.divisor * (x.channels if node.op_type == "ReduceMean" else 1))
        _emit_conv(compilation, node, x, ones, made, 1)
    compilation.from_map(node, made, node.output[0])


def _plain(compilation: Compilation, node: NodeProto) -> IntTensor:
    """A node's input, all channels of which are numbers on one scale."""
    x = compilation.integer_input(node.input[0], f"the input of the {node.op_type}")
    if x.scale.ndim or x.bipolar:
        why = f"a {node.op_type} of channels on several scales, or of -1 and +1"
        raise Unsupported(why, "use one scale per tensor, and 2 bits or more")
    return x


def _greatest(compilation: Compilation, node: NodeProto, x: IntTensor, name: str) -> IntTensor:
    """The greater of each two channels, until one is left; of an odd number the middle one stands on both sides."""
    while x.channels > 1:
        half, stem = (x.channels + 1) // 2, f"{name}_{x.channels}"
        a = pick(compilation, node, x, np.arange(half), f"{stem}_first")
        b = pick(compilation, node, x, np.arange(x.channels - half, x.channels), f"{stem}_last")
        low, high = np.maximum(a.low, b.low), np.maximum(a.high, b.high)
        x = replace(a, name=f"{name}_{half}" if half > 1 else name, low=low, high=high)
        compilation.emit("Max", [a.name, b.name], x, node)
    return x if x.name == name else pick(compilation, node, x, np.arange(1), name)


def _emit_conv(
    compilation: Compilation, node: NodeProto, x: IntTensor, weights: np.ndarray, out: IntTensor, groups: int
) -> None:
    """A convolution whose windows lie beside one another."""
    constant = compilation.parameter(f"{out.name}_weights", weights, weight_dtype(weights))
    kernel = list(weights.shape[2:])
    compilation.emit(
        "Conv", [x.name, constant], out, node, group=groups, kernel_shape=kernel, strides=kernel, pads=[0] * 4,
        dilations=[1, 1],
    )  # fmt: skip


@compiles("SpaceToDepth")
def compile_space_to_depth(compilation: Compilation, node: NodeProto) -> None:
    """SpaceToDepth; PyTorch writes its PixelUnshuffle as reshape, transpose, reshape."""
    x, size = _plain(compilation, node), attributes(node)["blocksize"]
    if any(pixels % size for pixels in x.shape[2:]):
        why = f"a SpaceToDepth of blocks of {size}x{size} on an image of {'x'.join(map(str, x.shape[2:]))} pixels"
        raise Unsupported(why, "crop or pad the image to whole blocks")
    emit_space_to_depth(compilation, node, x, size, True)


def emit_space_to_depth(compilation: Compilation, node: NodeProto, x: IntTensor, size: int, by_place: bool) -> None:
    """The pixels of each block as channels: all channels of a place, then the next, or all places of a channel."""
    _, c, h, w = x.shape
    out, places = node.output[0], list(product(range(size), repeat=2))
    parts = [emit_every(compilation, node, x, [size, size], at, f"{out}_place_{at[0]}_{at[1]}") for at in places]
    joined = replace(
        parts[0], name=out if by_place else f"{out}_by_place", shape=(1, c * len(places), h // size, w // size),
        low=np.tile(x.low, len(places)), high=np.tile(x.high, len(places)),
    )  # fmt: skip
    compilation.emit("Concat", [p.name for p in parts], joined, node, axis=1)
    if not by_place:
        pick(compilation, node, joined, np.arange(c * len(places)).reshape(-1, c).T.ravel(), out)


def emit_every(
    compilation: Compilation, node: NodeProto, x: IntTensor, steps: Sequence[int], at: Sequence[int], name: str
) -> IntTensor:
    """Emit `name`: of each block of `steps` rows and columns the pixel at one place."""
    _, c, h, w = x.shape
    taken = np.zeros((c, 1, *steps), np.int64)
    taken[:, 0, at[0], at[1]] = 1
    out = replace(x, name=name, shape=(1, c, h // steps[0], w // steps[1]))
    _emit_conv(compilation, node, x, taken, out, c)
    return out


def is_space_to_depth(index: np.ndarray, x: IntTensor) -> int:
    """The size of the blocks that a PixelUnshuffle made channels of, by where each element went; 0 where it is none."""
    if index.ndim != 4 or len(x.shape) != 4 or x.shape[2] % index.shape[2] or index.shape[2] == x.shape[2]:
        return 0
    (_, c, h, w), size = x.shape, x.shape[2] // index.shape[2]
    if index.shape != (1, c * size * size, h // size, w // size) or x.scale.ndim or x.bipolar:
        return 0
    blocks = np.arange(c * h * w).reshape(c, h // size, size, w // size, size).transpose(0, 2, 4, 1, 3)
    return size if np.array_equal(index.ravel(), blocks.ravel()) else 0
