"""Padding and crops: zeros are taken in by the window behind them where there is one, all else is an op of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.layers import attributes
from finn_build.frontend.integers.maps import map_shape
from finn_build.frontend.integers.problems import Unsupported, dimension
from finn_build.frontend.integers.registry import compiles

_OWN_PIXELS = ("edge", "reflect")  # modes by which a map's own pixels lie around it


@compiles("Pad")
def compile_pad(compilation: Compilation, node: NodeProto) -> None:
    """Padding of an integer image: zeros wait for the window that takes them in; other values, and crops, do not."""
    a = attributes(node)
    named = dict(zip(("data", "pads", "value", "axes"), node.input, strict=False))

    def parameter(name: str, default: Any) -> Any:
        tensor = named.get(name)
        return compilation.constants.get(tensor) if tensor else a.get(name, default)

    pads, value, axes = parameter("pads", None), parameter("value", 0.0), parameter("axes", None)
    rank = len(compilation.shape(node.input[0]))
    mode = a.get("mode", b"constant").decode()
    cure = "pad height and width with one value of the tensor's quantizer, by reflect or edge, or crop them"
    if mode not in ("constant", *_OWN_PIXELS) or pads is None or value is None:
        raise Unsupported(f"padding by mode {mode}, or with what is not constant", cure)
    places = range(rank) if axes is None else [dimension(i, rank) for i in axes]
    ends = dict.fromkeys(range(rank), (0, 0))
    ends |= {axis: (int(pads[k]), int(pads[k + len(places)])) for k, axis in enumerate(places)}
    if rank not in (3, 4) or any(ends[0] + ends[1]):
        raise Unsupported("padding of other dimensions than height and width", cure)
    (top, bottom), (left, right) = ends[2] if rank == 4 else (0, 0), ends[rank - 1]
    own = (top, left, bottom, right)
    if mode in _OWN_PIXELS:
        x = compilation.integer_input(node.input[0], "the input of the padding")
        _require_enough(mode, own, map_shape(x.shape)[2:])
        compilation.emit_pad(node, x, own, node.output[0], mode=mode)
        return
    if min(own) < 0 or float(value):
        x = compilation.integer_input(node.input[0], "the input of the padding")
        level = float(value) * x.divisor / x.scale
        if (x.scale.ndim and float(value)) or np.any(level != np.rint(level)):
            raise Unsupported(f"padding with {float(value):g}, no level of the tensor's quantizer", cure)
        value = int(level) if float(value) else 0
        if value and not x.dtype.allowed(value):
            occur = f"pad with a level that occurs here, {x.low.min()} to {x.high.max()} times the scale"
            raise Unsupported(f"padding with a level of {value}, beyond {x.dtype.name}", occur)
        compilation.emit_pad(node, x, own, node.output[0], value)
        return
    source, extra = compilation.unpadded(node.input[0])
    compilation.integer_input(source, "the input of the padding")
    compilation.padded[node.output[0]] = source, tuple(p + q for p, q in zip(extra, own, strict=True))


def _require_enough(mode: str, pads: tuple[int, ...], image: tuple[int, ...]) -> None:
    """Raise Unsupported where a map has not as many pixels as are to lie around it."""
    most = [size - 1 for size in image] * 2 if mode == "reflect" else pads
    if min(pads) < 0 or any(p > m for p, m in zip(pads, most, strict=True)):
        why = f"padding {list(pads)} by mode {mode} of an image of {image[0]}x{image[1]} pixels"
        raise Unsupported(why, "pad by 0 pixels or more, and reflect fewer than the image has")
