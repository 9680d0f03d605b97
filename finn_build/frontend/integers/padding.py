"""Zero padding and crops: taken in by the window behind them where there is one, else an op of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.layers import attributes
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.tensor import IntTensor

if TYPE_CHECKING:
    from finn_build.frontend.integers.compilation import Compilation


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
    if rank != 4 or any(ends[0] + ends[1]):
        raise Unsupported("padding of other dimensions than height and width", cure)
    own = (ends[2][0], ends[3][0], ends[2][1], ends[3][1])
    if min(own) < 0:
        x = compilation.integer_input(node.input[0], "the input of the crop")
        emit_pad(compilation, node, x, own, node.output[0])
        return
    source, extra = compilation.unpadded(node.input[0])
    compilation.integer_input(source, "the input of the padding")
    compilation.padded[node.output[0]] = source, tuple(p + q for p, q in zip(extra, own, strict=True))


def emit_pad(compilation: Compilation, node: NodeProto, x: IntTensor, pads: Sequence[int], name: str) -> IntTensor:
    """Emit `name`: zeros around the map `x`, or less of it where pads (top, left, bottom, right) are negative.

    Raises:
        Unsupported: values of -1 and +1 have no zero to be padded with.
    """
    if x.bipolar and max(pads) > 0:
        cure = "pad directly before a convolution, or use an unsigned or wider quantizer"
        raise Unsupported("zero padding of values that are -1 or +1", cure)
    top, left, bottom, right = pads
    n, c, h, w = x.shape
    out = replace(x, name=name, shape=(n, c, h + top + bottom, w + left + right))
    if max(pads) > 0:
        out = replace(out, low=np.minimum(x.low, 0), high=np.maximum(x.high, 0))
    constant = compilation.parameter(f"{name}_pads", np.asarray([0, 0, top, left, 0, 0, bottom, right]), "INT64")
    compilation.emit("Pad", [x.name, constant], out, node)
    return out
