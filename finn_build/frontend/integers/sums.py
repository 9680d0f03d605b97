"""Sums and differences of two tensors, on one scale or on two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.layers import scaled
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.resizing import of_one_size
from finn_build.frontend.integers.tensor import FLOAT32_EXACT, IntTensor
from finn_build.frontend.integers.two_scales import factors_in_order, levels_of, units_of

_MOST_PAIRS = 1 << 22  # of two operands' integers
_CURE = "quantize both operands by one quantizer, or on power-of-two scales"


@compiles("Add", "Sub")
def compile_sum(compilation: Compilation, node: NodeProto) -> None:
    """The sum or difference of two integer tensors; a map of one pixel, or channel, is repeated over the other's.

    Where neither scale is a multiple of the other, see `_on_two_scales`.
    """
    what, sign = ("an add", 1) if node.op_type == "Add" else ("a difference", -1)
    given = (compilation.integer_input(i, f"an operand of the {node.op_type.lower()}") for i in node.input)
    a, taken = (x.undivided() for x in of_one_size(compilation, node, *given))
    if a.shape != taken.shape:
        raise Unsupported(f"{what} of shapes {a.shape} and {taken.shape}", "join tensors of one shape")
    if a.scale.ndim or taken.scale.ndim:
        raise Unsupported(
            f"{what} of tensors with one scale per channel", "quantize each of them on one scale before it"
        )
    b = taken if sign > 0 else replace(taken, low=-taken.high, high=-taken.low)
    scale = min(a.scale, b.scale)
    factors = [float(t.scale) / float(scale) for t in (a, b)]
    if a.divisor == b.divisor and not any(f % 1 for f in factors):
        fa, fb = (int(f) for f in factors)
        out = IntTensor(
            node.output[0], a.shape, np.asarray(scale), a.low * fa + b.low * fb, a.high * fa + b.high * fb, a.divisor
        )
    else:
        fa, fb, out = _on_two_scales(node.output[0], a, b)
    if max(np.abs(out.low).max(), out.high.max()) >= FLOAT32_EXACT:
        raise Unsupported("sums beyond 2^24, where float32 is no longer exact", "quantize both operands on one scale")
    operands = [scaled(compilation, node, t, f) for t, f in ((a, fa), (taken, sign * fb))]
    compilation.emit("Add", operands, out, node)


def _on_two_scales(name: str, a: IntTensor, b: IntTensor) -> tuple[int, int, IntTensor]:
    """Two factors whose sum p * a + q * b tells all float sums apart, and that sum with the float value of each.

    Raises:
        Unsupported: there are too many pairs, or no such factors below 2^24.
    """
    ints, units = levels_of((a, b)), units_of((a, b))
    why = f"an add of scales {units[0]:g} and {units[1]:g}"
    if len(ints[0]) * len(ints[1]) > _MOST_PAIRS:
        raise Unsupported(f"{why} and {len(ints[0]):,} by {len(ints[1]):,} integers", _CURE)
    floats = (a.to_float(ints[0]) + b.to_float(ints[1]).T).ravel()
    found = factors_in_order((a, b), lambda p, q: p * ints[0] + q * ints[1].T, floats)
    if found is None:
        raise Unsupported(f"{why}, whose sums no factors below 2^24 keep in order", _CURE)
    p, q, points = found
    low, high = (p * getattr(a, end) + q * getattr(b, end) for end in ("low", "high"))
    return p, q, IntTensor(name, a.shape, np.asarray(units[0] / p, np.float32), low, high, points=points)
