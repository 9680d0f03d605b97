"""Padding and crops: zeros are taken in by the window behind them where there is one, else an op of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.layers import attributes
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.registry import compiles


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
    cure = "pad height and width with one value of the tensor's quantizer, or crop them"
    if a.get("mode", b"constant") != b"constant" or pads is None or value is None:
        raise Unsupported(f"padding by mode {a.get('mode', b'constant').decode()}, or with what is not constant", cure)
    places = range(rank) if axes is None else [int(i) % rank for i in axes]
    ends = dict.fromkeys(range(rank), (0, 0))
    ends |= {axis: (int(pads[k]), int(pads[k + len(places)])) for k, axis in enumerate(places)}
    if rank not in (3, 4) or any(ends[0] + ends[1]):
        raise Unsupported("padding of other dimensions than height and width", cure)
    (top, bottom), (left, right) = ends[2] if rank == 4 else (0, 0), ends[rank - 1]
    own = (top, left, bottom, right)
    if min(own) < 0 or float(value):
        x = compilation.integer_input(node.input[0], "the input of the padding")
        level = float(value) * x.divisor / x.scale
        if (x.scale.ndim and float(value)) or np.any(level != np.rint(level)):
            raise Unsupported(f"padding with {float(value):g}, no level of the tensor's quantizer", cure)
        value = int(level) if float(value) else 0
        if value and not x.dtype.allowed(value):
            raise Unsupported(f"padding with a level of {value}, beyond {x.dtype.name}", cure)
        compilation.emit_pad(node, x, own, node.output[0], value)
        return
    source, extra = compilation.unpadded(node.input[0])
    compilation.integer_input(source, "the input of the padding")
    compilation.padded[node.output[0]] = source, tuple(p + q for p, q in zip(extra, own, strict=True))
