"""Sums and differences of two tensors, on one scale or on two."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.layers import scaled
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.resizing import of_one_size
from finn_build.frontend.integers.tensor import FLOAT32_EXACT, IntTensor

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
        raise Unsupported(f"{what} of tensors with one scale per channel", _CURE)
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

    The float32 sums of all pairs are computed as the network does; of growing factors the first take their order, so
    that a step function of the float sum is one of the integer, no matter how the scales relate.

    Raises:
        Unsupported: there are too many pairs, or no such factors below 2^24.
    """
    ints = [np.arange(int(t.low.min()), int(t.high.max()) + 1)[:, None] for t in (a, b)]
    unit = [float(t.scale) / t.divisor for t in (a, b)]
    why = f"an add of scales {unit[0]:g} and {unit[1]:g}"
    if len(ints[0]) * len(ints[1]) > _MOST_PAIRS:
        raise Unsupported(f"{why} and {len(ints[0]):,} by {len(ints[1]):,} integers", _CURE)
    floats = (a.to_float(ints[0]) + b.to_float(ints[1]).T).ravel()
    most = [max(1, int(np.abs(v).max())) for v in ints]
    for bits in range(2, 24):
        p, q = _factors(unit[0] / unit[1], 1 << bits)
        if not p or not q or p * most[0] + q * most[1] >= FLOAT32_EXACT:
            continue
        points, first, at = np.unique(p * ints[0] + q * ints[1].T, return_index=True, return_inverse=True)
        values = floats[first]
        if np.array_equal(values[at.ravel()], floats) and np.all(np.diff(values) >= 0):
            low, high = (p * getattr(a, end) + q * getattr(b, end) for end in ("low", "high"))
            scale = np.asarray(unit[0] / p, np.float32)
            return p, q, IntTensor(name, a.shape, scale, low, high, points=(points, values))
    raise Unsupported(f"{why}, whose sums no factors below 2^24 keep in order", _CURE)


def _factors(ratio: float, most: int) -> tuple[int, int]:
    """The fraction nearest to a ratio, the larger of its parts up to `most`."""
    if ratio > 1:
        return _factors(1 / ratio, most)[::-1]
    found = Fraction(ratio).limit_denominator(most)
    return found.numerator, found.denominator
