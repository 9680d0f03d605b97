"""Two tensors joined element by element: sums on one scale, or anything of which every pair has been looked at."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.float_chain import FloatChain
from finn_build.frontend.integers.layers import scaled
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.resizing import emit_upsample
from finn_build.frontend.integers.tensor import FLOAT32_EXACT, IntTensor

_MOST_PRODUCTS = 1 << 10  # pairs that a table of steps tells apart
_MOST_PAIRS = 1 << 22  # of two operands' integers
_CURE = "quantize both operands by one quantizer, or on power-of-two scales"


@compiles("Add")
def compile_add(compilation: Compilation, node: NodeProto) -> None:
    """Add of two integer tensors; where neither scale is a multiple of the other, see `_on_two_scales`."""
    a, b = (compilation.integer_input(i, "an operand of the add").undivided() for i in node.input)
    if a.shape != b.shape:
        raise Unsupported(f"an add of shapes {a.shape} and {b.shape}", "add tensors of one shape")
    if a.scale.ndim or b.scale.ndim:
        raise Unsupported("an add of tensors with one scale per channel", _CURE)
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
    operands = [scaled(compilation, node, t, f) for t, f in ((a, fa), (b, fb))]
    compilation.emit("Add", operands, out, node)


@compiles("Div", "Max", "Min", "Mul", "Pow", "Sub")
def compile_pairs(compilation: Compilation, node: NodeProto) -> None:
    """Any function of two tensors of few levels: each pair becomes an integer of its own, p * a + b.

    What quantizes the result then knows its value for each pair. A map of one pixel is repeated over the other's.
    """
    a, b = (compilation.integer_input(i, f"an operand of the {node.op_type}") for i in node.input)
    a, b = _of_one_size(compilation, node, a, b), _of_one_size(compilation, node, b, a)
    if a.shape != b.shape or a.scale.ndim or b.scale.ndim:
        why = f"a {node.op_type} of shapes {a.shape} and {b.shape}"
        raise Unsupported(why, "join tensors of one shape, or a map with one pixel for each channel, on one scale each")
    ints = [range(int(t.low.min()), int(t.high.max()) + 1, 1 + t.bipolar) for t in (a, b)]
    if len(ints[0]) * len(ints[1]) > _MOST_PRODUCTS:
        why = f"a {node.op_type} of two tensors of {len(ints[0]):,} and {len(ints[1]):,} levels"
        raise Unsupported(why, f"quantize both so that there are up to {_MOST_PRODUCTS:,} pairs: 5 bits each")
    p = ints[1][-1] - ints[1][0] + 1
    left, right = (v.ravel() for v in np.meshgrid(*ints, indexing="ij"))
    read, by = (t.to_float(v[:, None]) for t, v in zip((a, b), (left, right), strict=True))
    chain = FloatChain(node.input[0], node.output[0], [node], {node.input[1]: by}, 2, compilation.opset)
    values = chain(read).ravel()
    points = p * left + right  # ascending
    low, high = p * a.low + b.low, p * a.high + b.high
    out = IntTensor(node.output[0], a.shape, np.asarray(1, np.float32), low, high, points=(points, values))
    compilation.emit("Add", [scaled(compilation, node, a, p), b.name], out, node)


def _of_one_size(compilation: Compilation, node: NodeProto, x: IntTensor, other: IntTensor) -> IntTensor:
    """A map of one pixel as large as the other one."""
    if x.shape[:2] != other.shape[:2] or len(x.shape) != 4 or x.shape[2:] != (1, 1) or other.shape[2:] == (1, 1):
        return x
    return emit_upsample(compilation, node, x, other.shape[2:], "nearest", f"{node.output[0]}_{x.name}_everywhere")


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
