"""What picks, joins and reorders channels: slices, splits, gathers and concatenations. Wires in hardware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.layers import attributes, scaled
from finn_build.frontend.integers.problems import Unsupported, dimension
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.tensor import IntTensor

_CURE = "split, join and reorder channels only (axis 1); take every other pixel by pixel_unshuffle"


@compiles("Split")
def compile_split(compilation: Compilation, node: NodeProto) -> None:
    """Split over channels: each output is a slice."""
    x = _source(compilation, node)
    first = 0
    for name in node.output:
        size = compilation.shape(name)[1]
        pick(compilation, node, x, np.arange(first, first + size), name)
        first += size


@compiles("Slice")
def compile_slice(compilation: Compilation, node: NodeProto) -> None:
    """Slice over channels, with any step, or over rows and columns: a crop."""
    x = compilation.integer_input(node.input[0], "the input of the slice")
    named = dict(zip(("data", "starts", "ends", "axes", "steps"), node.input, strict=False))
    given = attributes(node) | {k: compilation.constants.get(v) for k, v in named.items() if v and k != "data"}
    starts, ends = given.get("starts"), given.get("ends")
    if starts is None or ends is None:
        raise Unsupported("a slice whose bounds are not constant", _CURE)
    axes = given.get("axes", range(len(starts)))
    picked, crop = np.arange(x.channels), [0, 0, 0, 0]  # top, left, bottom, right
    for start, end, axis, step in zip(starts, ends, axes, given.get("steps", [1] * len(starts)), strict=True):
        along = dimension(axis, len(x.shape))
        taken = range(*slice(int(start), int(end), int(step)).indices(x.shape[along]))
        if along == 1:
            picked = picked[np.asarray(taken, np.int64)]
        elif along and len(x.shape) < 5 and taken and taken.step == 1:
            axis = along - len(x.shape) + 2  # of a map; a signal has a width alone
            crop[axis], crop[axis + 2] = -taken.start, taken.stop - x.shape[along]
        elif taken != range(x.shape[along]):
            raise Unsupported(f"a slice of dimension {along}", _CURE)
    out = node.output[0]
    if len(picked) < x.channels or not any(crop):
        x = pick(compilation, node, x, picked, f"{out}_channels" if any(crop) else out)
    if any(crop):
        compilation.emit_pad(node, x, crop, out)


@compiles("Gather")
def compile_gather(compilation: Compilation, node: NodeProto) -> None:
    """Gather of channels by constant indices, each at most once."""
    x, indices = _source(compilation, node), compilation.constants.get(node.input[1])
    if indices is None or indices.ndim != 1 or len(np.unique(indices % x.channels)) != len(indices):
        raise Unsupported("a gather whose indices are no list of different channels", _CURE)
    channels = [dimension(index, x.channels) for index in indices.tolist()]
    pick(compilation, node, x, np.asarray(channels, np.int64), node.output[0])


@compiles("Concat")
def compile_concat(compilation: Compilation, node: NodeProto) -> None:
    """Concat of integer tensors over channels; scales are brought to the smallest where powers of two lie between."""
    parts = [compilation.integer_input(i, "an operand of the concat").undivided() for i in node.input]
    if dimension(attributes(node)["axis"], len(parts[0].shape)) != 1:
        cure = f"{_CURE}; in place of circular padding, reflect or replicate"
        raise Unsupported("a concat of other dimensions than the channels", cure)
    if len({p.divisor for p in parts}) > 1:
        raise Unsupported("a concat of averages over different windows", "pool over 2, 4, 8, ... pixels, or quantize")
    factors = _factors(parts)
    scale = min((p.scale for p in parts), key=float) if factors else _scale_by_channel(parts)
    names = [scaled(compilation, node, p, f) for p, f in zip(parts, factors or [1] * len(parts), strict=True)]
    ranges = [compilation.ints[n] for n in names]
    out = replace(
        parts[0], name=node.output[0], shape=compilation.shape(node.output[0]), scale=np.asarray(scale),
        low=np.concatenate([r.low for r in ranges]), high=np.concatenate([r.high for r in ranges]),
        bipolar=all(r.bipolar for r in ranges),
    )  # fmt: skip
    compilation.emit("Concat", names, out, node, axis=1)


def _source(compilation: Compilation, node: NodeProto) -> IntTensor:
    x = compilation.integer_input(node.input[0], f"the input of the {node.op_type.lower()}")
    if dimension(attributes(node).get("axis", 0), len(x.shape)) != 1:
        raise Unsupported(f"a {node.op_type.lower()} of other dimensions than the channels", _CURE)
    return x


def pick(compilation: Compilation, node: NodeProto, x: IntTensor, channels: np.ndarray, name: str) -> IntTensor:
    """Emit `name`, the given channels of `x` in the given order.

    Raises:
        Unsupported: there are none.
    """
    if not len(channels):
        raise Unsupported("a slice, split or gather of no channels", "drop it from the network")
    out = replace(
        x, name=name, shape=(1, len(channels), *x.shape[2:]), scale=x.scale[channels] if x.scale.ndim else x.scale,
        low=x.low[channels], high=x.high[channels],
    )  # fmt: skip
    constant = compilation.parameter(f"{name}_channels", channels, "INT64")
    compilation.emit("Gather", [x.name, constant], out, node, axis=1)
    return out


def _factors(parts: Sequence[IntTensor]) -> list[int] | None:
    """Powers of two that bring all parts to the smallest scale; None where that is impossible."""
    if any(p.scale.ndim for p in parts):
        return None
    smallest = min(float(p.scale) for p in parts)
    factors = [float(p.scale) / smallest for p in parts]
    if any(f % 1 or int(f) & (int(f) - 1) for f in factors):
        return None
    return [int(f) for f in factors]


def _scale_by_channel(parts: Sequence[IntTensor]) -> np.ndarray:
    return np.concatenate([np.broadcast_to(p.scale, p.channels) for p in parts]).astype(np.float32)
