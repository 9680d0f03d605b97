"""Two tensors joined element by element, not as a sum: by tables of all pairs where these are few, else as integers."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.float_chain import ELEMENTWISE_OPS, FloatChain
from finn_build.frontend.integers.layers import scaled
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.quantizer import QUANTIZERS
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.resizing import of_one_size
from finn_build.frontend.integers.tensor import FLOAT32_EXACT, IntTensor
from finn_build.frontend.integers.two_scales import factors_in_order, levels_of

_MOST_PRODUCTS = 1 << 10  # pairs that a table of steps tells apart
_TABLED = ("Div", "Max", "Min", "Mul", "Pow")
_OF_INTEGERS = {"Max": np.maximum, "Min": np.minimum, "Mul": np.multiply}


@compiles(*_TABLED)
def compile_pairs(compilation: Compilation, node: NodeProto) -> None:
    """Any function of two tensors of few levels: each pair becomes an integer of its own, p * a + b.

    What quantizes the result then knows its value for each pair. Of more levels it is the integers that are multiplied
    or compared. A map of one pixel is repeated over the other's.
    """
    given = (compilation.integer_input(i, f"an operand of the {node.op_type}") for i in node.input)
    a, b = of_one_size(compilation, node, *given)
    if a.shape != b.shape:
        why = f"a {node.op_type} of shapes {a.shape} and {b.shape}"
        raise Unsupported(why, "join tensors of one shape, or a map with one pixel for each channel")
    ints = [range(int(t.low.min()), int(t.high.max()) + 1, 1 + t.bipolar) for t in (a, b)]
    few = len(ints[0]) * len(ints[1]) <= _MOST_PRODUCTS and not a.scale.ndim and not b.scale.ndim
    if not few or _better_as_integers(compilation, node, a, b):
        _by_integers(compilation, node, a, b, [len(levels) for levels in ints])
        return
    p = ints[1][-1] - ints[1][0] + 1
    left, right = (v.ravel() for v in np.meshgrid(*ints, indexing="ij"))
    read, by = (t.to_float(v[:, None]) for t, v in zip((a, b), (left, right), strict=True))
    chain = FloatChain(node.input[0], node.output[0], [node], {node.input[1]: by}, 2, compilation.opset)
    values = chain(read).ravel()
    points = p * left + right  # ascending
    low, high = p * a.low + b.low, p * a.high + b.high
    out = IntTensor(node.output[0], a.shape, np.asarray(1, np.float32), low, high, points=(points, values, values))
    compilation.emit("Add", [scaled(compilation, node, a, p), b.name], out, node)


def _better_as_integers(compilation: Compilation, node: NodeProto, a: IntTensor, b: IntTensor) -> bool:
    """Of few levels: a comparison on one scale, and a product that something else than a quantizer reads."""
    if a.bipolar or b.bipolar:
        return False
    if node.op_type in ("Max", "Min"):
        return bool(a.scale == b.scale and a.divisor == b.divisor)
    return node.op_type == "Mul" and not _ends_in_quantizers(compilation, node.output[0])


def _ends_in_quantizers(compilation: Compilation, tensor: str) -> bool:
    """Whether all that reads a tensor are quantizers, and functions that they alone read."""
    readers = [n for n in compilation.source.graph.node if tensor in n.input]
    return bool(readers) and all(
        n.op_type in QUANTIZERS
        or (
            n.op_type in ELEMENTWISE_OPS
            and len(compilation.dynamic(n)) == 1
            and _ends_in_quantizers(compilation, n.output[0])
        )
        for n in readers
    )


def one_origin(compilation: Compilation, node: NodeProto) -> str | None:
    """The tensor that all operands of a node are functions of, their quantizers included; None where there is none.

    Such is a hard swish in a file of ONNX Runtime: levels times a function of them, quantized. It is one step function,
    which costs no product. Only where quantizers alone read the result.
    """
    readers = [n for n in compilation.source.graph.node if node.output[0] in n.input]
    if node.op_type not in _TABLED or any(n.op_type != "QuantizeLinear" for n in readers):
        return None
    roots = {compilation.root(i) for i in compilation.dynamic(node)}
    return next((r for r in roots if r in compilation.ints and _is_function_of(compilation, node, r)), None)


def _is_function_of(compilation: Compilation, node: NodeProto, origin: str) -> bool:
    wanted, seen = list(node.input), {origin}
    while wanted:
        if (name := wanted.pop()) in seen or name in compilation.constants or not name:
            continue
        seen.add(name)
        made = compilation.producers.get(name)
        if made is None or made.op_type not in ELEMENTWISE_OPS | {"DequantizeLinear"}:
            return False
        wanted += made.input
    return compilation.ints[origin].points is None


def _by_integers(compilation: Compilation, node: NodeProto, a: IntTensor, b: IntTensor, levels: list[int]) -> None:
    """A product, on the product of both scales; the greater or lesser one, on the scale of both where it is one.

    Raises:
        Unsupported: it is another function, or float32 would round such products.
    """
    if node.op_type not in _OF_INTEGERS:
        why = f"a {node.op_type} of two tensors of {levels[0]:,} and {levels[1]:,} levels"
        raise Unsupported(why, f"quantize both so that there are up to {_MOST_PRODUCTS:,} pairs: 5 bits each")
    scale, divisor = a.scale, a.divisor
    if node.op_type == "Mul":
        scale, divisor = (a.scale * b.scale).astype(np.float32), a.divisor * b.divisor
    elif not np.all(a.scale == b.scale) or a.divisor != b.divisor:
        _on_two_scales(compilation, node, a, b)
        return
    function = _OF_INTEGERS[node.op_type]
    ends = np.stack([function(x, y) for x in (a.low, a.high) for y in (b.low, b.high)])
    if np.abs(ends).max() >= FLOAT32_EXACT:
        cure = "quantize both operands to 8 bits or fewer"
        raise Unsupported("products beyond 2^24, where float32 is no longer exact", cure)
    out = IntTensor(node.output[0], a.shape, np.asarray(scale), ends.min(axis=0), ends.max(axis=0), divisor)
    compilation.emit(node.op_type, [a.name, b.name], out, node)


def _on_two_scales(compilation: Compilation, node: NodeProto, a: IntTensor, b: IntTensor) -> None:
    """The greater or lesser one of p * a and q * b, which are in the order of the floats.

    Raises:
        Unsupported: one has a scale per channel, or there are no such factors below 2^24.
    """
    why, cure = f"a {node.op_type} of tensors on two scales", "quantize both operands by one quantizer"
    if a.scale.ndim or b.scale.ndim or a.bipolar or b.bipolar:
        raise Unsupported(why, cure)
    ints, function = levels_of((a, b)), _OF_INTEGERS[node.op_type]
    floats = np.concatenate([a.to_float(ints[0]), b.to_float(ints[1])]).ravel()
    found = factors_in_order((a, b), lambda p, q: np.concatenate([p * ints[0], q * ints[1]]), floats)
    if found is None:
        raise Unsupported(f"{why}, which no factors below 2^24 keep in order", cure)
    p, q, points = found
    low, high = (function(p * getattr(a, end), q * getattr(b, end)) for end in ("low", "high"))
    out = IntTensor(node.output[0], a.shape, np.asarray(1, np.float32), low, high, points=points)
    operands = [scaled(compilation, node, t, factor) for t, factor in ((a, p), (b, q))]
    compilation.emit(node.op_type, operands, out, node)
