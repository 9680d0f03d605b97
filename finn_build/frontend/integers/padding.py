"""Zero padding and crops: taken in by the window behind them where there is one, else an op of their own."""

from __future__ import annotations

from typing import Any

from onnx import NodeProto

from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.layers import attributes
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.registry import compiles


@compiles("Pad")
def compile_pad(compilation: Compilation, node: NodeProto) -> None:
    """Zero padding of an integer image: it waits for the convolution or pool that takes it in; a crop does not."""
    a = attributes(node)
    named = dict(zip(("data", "pads", "value", "axes"), node.input, strict=False))

    def parameter(name: str, default: Any) -> Any:
        tensor = named.get(name)
        return compilation.constants.get(tensor) if tensor else a.get(name, default)

    pads, value, axes = parameter("pads", None), parameter("value", 0.0), parameter("axes", None)
    rank = len(compilation.shape(node.input[0]))
    cure = "pad height and width with zeros, or crop them"
    if a.get("mode", b"constant") != b"constant" or pads is None or value is None or float(value) != 0:
        raise Unsupported("padding with other values than zeros", cure)
    places = range(rank) if axes is None else [int(i) % rank for i in axes]
    ends = dict.fromkeys(range(rank), (0, 0))
    ends |= {axis: (int(pads[k]), int(pads[k + len(places)])) for k, axis in enumerate(places)}
    if rank not in (3, 4) or any(ends[0] + ends[1]):
        raise Unsupported("padding of other dimensions than height and width", cure)
    (top, bottom), (left, right) = ends[2] if rank == 4 else (0, 0), ends[rank - 1]
    own = (top, left, bottom, right)
    if min(own) < 0:
        x = compilation.integer_input(node.input[0], "the input of the crop")
        compilation.emit_pad(node, x, own, node.output[0])
        return
    source, extra = compilation.unpadded(node.input[0])
    compilation.integer_input(source, "the input of the padding")
    compilation.padded[node.output[0]] = source, tuple(p + q for p, q in zip(extra, own, strict=True))
