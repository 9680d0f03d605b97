"""Functions of levels that give levels: a ReLU of what is quantized already needs no quantizer behind it."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.quantizer import MAX_BITS, Quantizer
from finn_build.frontend.integers.quantizers import MAX_STEPS, emit_steps
from finn_build.frontend.integers.tensor import IntTensor, full_range

_QUANTIZED = ("Add", "MultiThreshold", "StepTable")  # what gives levels, not sums that a quantizer waits for


def give_levels(compilation: Compilation, node: NodeProto) -> None:
    """Make integers of the inputs of a node that are functions of levels with levels for values.

    These are of the same scale, or of 1/2 to 1/128 of it.

    Skipped where an input is integers, or a scale away from them; where it is no such function it stays float.
    """
    for tensor in dict.fromkeys(compilation.dynamic(node)):
        if tensor in compilation.padded or tensor in compilation.moved or tensor in compilation.on_host:
            continue
        root = compilation.root(tensor)
        if root not in compilation.ints or compilation.as_integers(tensor) is not None:
            continue
        origin = compilation.ints[root]
        if _gives_levels(compilation, root, origin) and not compilation.pools_before(tensor):
            _emit(compilation, node, tensor, root, origin)


def _gives_levels(compilation: Compilation, root: str, origin: IntTensor) -> bool:
    made = next((n for n in compilation.nodes if root in n.output), None)
    narrow = origin.high.max() - origin.low.min() <= MAX_STEPS and origin.points is None and origin.divisor == 1
    return bool(narrow and (made is None or made.op_type in _QUANTIZED))


def _emit(compilation: Compilation, node: NodeProto, tensor: str, root: str, origin: IntTensor) -> None:
    ints, chain = origin.every_integer(), compilation.chain(tensor)
    try:
        values = chain.by_channel(origin.to_float(ints))
    except ValueError:
        return
    shape = compilation.shape(tensor)
    finer = [origin.scale / np.float32(1 << k) for k in range(MAX_BITS)]  # where it clips between two levels
    scale = next((s for s in finer if np.array_equal(np.rint(values / s).astype(np.float32) * s, values)), None)
    if shape != origin.shape or scale is None:
        return
    levels = np.rint(values / scale)
    low, high = full_range(origin.channels, int(levels.min()), int(levels.max()))
    out = IntTensor(tensor, shape, scale, low, high)
    if out.dtype.bitwidth() > MAX_BITS + 1:  # as of bytes less a zero point
        return

    def quantize(x: np.ndarray) -> np.ndarray:
        return np.rint(x / scale)

    try:
        emit_steps(compilation, node, tensor, root, out, Quantizer(scale, low, high, quantize))
    except Unsupported:  # it stays float, and is refused as that
        return
