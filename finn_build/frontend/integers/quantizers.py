"""Quantizers: the chain before one, and the quantizer itself, become a step function on integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import NodeProto, helper
from qonnx.core.datatype import DataType
from qonnx.custom_op.general.quant import max_int, min_int, resolve_rounding_mode
from qonnx.util.basic import get_by_name

from finn_build.arithmetic.step_function import StepFunction, compile_steps
from finn_build.frontend.integers import pools
from finn_build.frontend.integers.compilation import MAX_EVALUATIONS, Compilation
from finn_build.frontend.integers.nodes import DOMAIN
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.tensor import IntTensor, full_range

MAX_BITS = 8  # of activations; sums and biases are wider
MAX_CONSTANT_BITS = 32
_ROUNDINGS = ("CEIL", "DOWN", "FLOOR", "HALF_DOWN", "HALF_EVEN", "HALF_UP", "ROUND", "UP")  # as qonnx executes them
MAX_STEPS = 1023  # thresholds per channel the hardware takes: 8-bit activations, dips included
QUANTIZERS = {"Quant", "IntQuant", "BipolarQuant"}


def _dpu_round(x: np.ndarray) -> np.ndarray:
    """To the nearest, ties up where negative and to even elsewhere (Source: Brevitas, `dpu_round`)."""
    return np.where((x < 0) & (x - np.floor(x) == 0.5), np.ceil(x), np.round(x))


OWN_ROUNDINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"DPU": _dpu_round, "ROUND_TO_ZERO": np.fix}
"""Rounding modes that Brevitas exports and qonnx does not execute."""
_TOLD_APART = "signflow.taps"  # in files of finn_build.frontend.export, where a BipolarQuant is one
_NEVER_NEGATIVE = {"Abs", "Exp", "HardSigmoid", "Relu", "Sigmoid", "Softplus"}
_ONLY_PLUS = (
    "a BipolarQuant of what is never negative, +1 whatever comes; Brevitas' exporter writes a QuantReLU of 1 bit so, "
    "which gives 0 and 1 in PyTorch",
    "use SignedBinaryActPerTensorConst without the ReLU, two bits, or finn_build.frontend.export",
)


class Quantizer:
    """One Quant, IntQuant or BipolarQuant node with constant parameters; one signed bit is -1 and +1, as in qonnx."""

    def __init__(self, node: NodeProto, constants: dict[str, np.ndarray]):
        """Read the parameters.

        Raises:
            Unsupported: a parameter is not constant, or not what hardware can do.
        """
        wanted = 2 if node.op_type == "BipolarQuant" else 4
        if len(node.input) != wanted:
            raise Unsupported(
                f"a {node.op_type} with {len(node.input)} inputs instead of {wanted}", "export the network again"
            )
        missing = [i for i in node.input[1:] if i not in constants]
        if missing:
            raise Unsupported(f"quantizer parameter {missing[0]} is not a constant", "export the network in eval mode")
        self._scale = np.asarray(constants[node.input[1]], np.float32)
        self.scale = np.squeeze(self._scale)
        self.bipolar = self.by_sign = node.op_type == "BipolarQuant"
        if not np.all(np.isfinite(self.scale) & (self.scale > 0)):
            raise Unsupported("the quantizer's scale is not positive", "retrain with a positive scale")
        if self.bipolar:
            self.low, self.high = -1, 1
            return
        self.zero_point = np.asarray(constants[node.input[2]], np.float32)
        self.bits = np.asarray(constants[node.input[3]], np.float32)
        self.signed, self.narrow = bool(attribute(node, "signed", 1)), bool(attribute(node, "narrow", 0))
        self._rounding = _rounding(attribute(node, "rounding_mode", b"ROUND").decode().upper())
        if np.any(self.zero_point != 0):
            raise Unsupported("the quantizer has a zero point", "use a quantizer with zero point 0 (ZeroZeroPoint)")
        if self.bits.size != 1 or not np.isfinite(self.bits).all() or float(self.bits.ravel()[0]) % 1:
            raise Unsupported("the quantizer's bit width is not one integer", "use one bit width per tensor")
        width = int(self.bits.ravel()[0])
        most = MAX_CONSTANT_BITS if node.input[0] in constants else MAX_BITS
        if not 1 <= width <= most:
            raise Unsupported(f"a quantizer of {width} bits", f"use 1 to {most} bits")
        self.bipolar = self.signed and width == 1
        self.low = -1 if self.bipolar else int(min_int(self.signed, self.narrow, width))
        self.high = 1 if self.bipolar else int(max_int(self.signed, self.narrow, width))
        if self.low == self.high:
            raise Unsupported(f"a quantizer of {width} bit that can only give {self.low}", "drop its narrow range")

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Integers, int64, of float values.

        Raises:
            Unsupported: some are no numbers, for which there is no integer.
        """
        if np.isnan(values).any():
            why = "what it quantizes is no number somewhere on its range (0 / 0, or a root or logarithm below 0)"
            raise Unsupported(why, "keep the operations before it within what they are defined for")
        if self.bipolar:
            return np.where(values >= 0, 1, -1)
        return self._rounding(np.clip(values / self.scale_for(values), self.low, self.high)).astype(np.int64)

    def scale_for(self, values: np.ndarray) -> np.ndarray:
        """The scale as it multiplies values: as it is where it has as many dimensions, else along the first."""
        if not self.scale.ndim or self._scale.ndim == values.ndim:
            return self._scale if self.scale.ndim else self.scale
        return self.scale.reshape(-1, *(1,) * (values.ndim - 1))


def own_rounding(node: NodeProto) -> bool:
    """Whether a node is a quantizer whose rounding mode qonnx does not execute."""
    return attribute(node, "rounding_mode", b"").decode().upper() in OWN_ROUNDINGS


def _rounding(mode: str) -> Callable[[np.ndarray], np.ndarray]:
    """The function of a rounding mode.

    Raises:
        Unsupported: there is none that always gives the same.
    """
    if mode in OWN_ROUNDINGS:
        return OWN_ROUNDINGS[mode]
    if mode not in _ROUNDINGS:
        legal = ", ".join(sorted((*_ROUNDINGS, *OWN_ROUNDINGS)))
        raise Unsupported(f"rounding mode {mode or 'without a name'}", f"use one of {legal}")
    return resolve_rounding_mode(mode)


def quantize_constant(node: NodeProto, context: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Integers, scale and float32 values of a constant (a weight) behind a quantizer."""
    quantizer, values = Quantizer(node, context), context[node.input[0]]
    ints = quantizer(values)
    return ints, quantizer.scale, ints.astype(np.float32) * quantizer.scale_for(values)


@compiles(*QUANTIZERS)
def compile_quantizer(compilation: Compilation, node: NodeProto) -> None:
    """Turn a quantizer and the float chain before it into `MultiThreshold` or `StepTable`."""
    quantizer, source, out_name = Quantizer(node, compilation.constants), node.input[0], node.output[0]
    if quantizer.scale.ndim:
        raise Unsupported("an activation quantizer with one scale per channel", "use one scale per tensor")
    shape = compilation.shape(source)
    low, high = full_range(shape[1], quantizer.low, quantizer.high)
    out = IntTensor(out_name, shape, quantizer.scale, low, high, bipolar=quantizer.bipolar)
    root = compilation.root(source)
    if root == compilation.image:
        if compilation.head is not None:
            raise Unsupported(
                "the image passes through a second quantizer", "quantize the image once, and fork after it"
            )
        compilation.head, compilation.head_quantizer = compilation.chain(source), quantizer
        if any(n.op_type in _NEVER_NEGATIVE for n in compilation.head.nodes[-1:]):
            _require_told(compilation, quantizer)
        compilation.ints[out_name] = out
        return
    waiting = compilation.pools_before(source)
    if not waiting:
        _emit_steps(compilation, node, root, out, quantizer)
        return
    _require_order_kept(compilation, source, waiting, quantizer)
    before = replace(out, name=f"{out_name}_before_pool", shape=compilation.ints[root].shape)
    _emit_steps(compilation, node, root, before, quantizer)
    pools.emit_max_pool(compilation, waiting[0], compilation.ints[before.name], out_name)


def _require_order_kept(compilation: Compilation, source: str, waiting: list[NodeProto], quantizer: Quantizer) -> None:
    """A quantizer may move before a max pool when nothing between them turns the order of values round.

    Raises:
        Unsupported: there are several pools, or the order is not kept somewhere on the range.
    """
    cure = "put the quantizer directly before the max pool"
    if len(waiting) > 1:
        raise Unsupported("several max pools before one quantizer", cure)
    origin = compilation.ints[compilation.root(source)]
    ints = origin.every_integer()
    pooled = compilation.chain(waiting[0].input[0]).by_channel(origin.to_float(ints))
    levels = quantizer(compilation.chain(source).by_channel(origin.to_float(ints)))
    order = np.argsort(pooled, axis=0, kind="stable")
    if np.any(np.diff(np.take_along_axis(levels, order, axis=0), axis=0) < 0):
        raise Unsupported("what lies between the max pool and its quantizer falls somewhere", cure)


def _emit_steps(compilation: Compilation, node: NodeProto, root: str, out: IntTensor, quantizer: Quantizer) -> None:
    """Emit the step function from integer tensor `root` through the quantizer `node` to `out`."""
    origin, source = compilation.ints[root], node.input[0]
    steps = _compile_steps(compilation, source, origin, quantizer)
    if not out.bipolar:  # the levels that really occur; a ReLU in front makes a signed quantizer's unsigned
        low, high = full_range(out.channels, *steps.levels)
        out = replace(out, low=low, high=high)
    if out.shape != origin.shape:  # the chain only dropped the 1x1 of a pooled map; checked by compile_reshape
        flat = replace(origin, name=f"{root}_flat_for_{out.name}", shape=out.shape)
        compilation.emit("Flatten", [root], flat, node, axis=1)
        root = flat.name
    thresholds = compilation.parameter(f"{out.name}_thresholds", steps.thresholds, _dtype_of(steps.thresholds))
    dtype = str(out.dtype.name)
    if steps.table is None:
        scale, bias = (2.0, -1.0) if out.bipolar else (1.0, float(steps.bias))
        layout = "NCHW" if len(out.shape) == 4 else "NC"
        attributes = {"out_dtype": dtype, "out_scale": scale, "out_bias": bias, "data_layout": layout}
        compilation.emit("MultiThreshold", [root, thresholds], out, node, "qonnx.custom_op.general", **attributes)
        return
    table = compilation.parameter(f"{out.name}_table", steps.table * 2 - 1 if out.bipolar else steps.table, dtype)
    compilation.emit("StepTable", [root, thresholds, table], out, node, DOMAIN, out_dtype=dtype)


def _compile_steps(compilation: Compilation, source: str, origin: IntTensor, quantizer: Quantizer) -> StepFunction:
    chain = compilation.chain(source)
    if origin.evaluations > MAX_EVALUATIONS:
        raise Unsupported(
            f"the range of {origin.name} is too wide to compile", "use fewer bits in weights or activations"
        )

    def level(ints: np.ndarray) -> np.ndarray:
        levels = quantizer(chain.by_channel(origin.to_float(ints)))
        return (levels + 1) // 2 if quantizer.bipolar else levels

    try:
        steps = compile_steps(level, origin.low, origin.high)
    except ValueError as error:
        raise Unsupported(str(error), "make the parameters of elementwise ops one per channel") from error
    if quantizer.bipolar and steps.table is None and steps.bias == 1:  # always +1: a threshold that is always reached
        # a shift by batch norm alone is the network's own
        if origin.low.min() >= 0 or any(n.op_type in _NEVER_NEGATIVE for n in chain.nodes):
            _require_told(compilation, quantizer)
        steps = replace(steps, thresholds=np.full_like(steps.thresholds, origin.low.min()), bias=0)
    if steps.steps > MAX_STEPS:
        raise Unsupported(
            f"{steps.steps} steps per channel, the hardware takes {MAX_STEPS}", "quantize to 8 bits or fewer"
        )
    return steps


def _require_told(compilation: Compilation, quantizer: Quantizer) -> None:
    """Raise Unsupported where a BipolarQuant of what is never negative may be a quantizer of 0 and 1."""
    if quantizer.by_sign and not compilation.source.get_metadata_prop(_TOLD_APART):
        raise Unsupported(*_ONLY_PLUS)


def _dtype_of(thresholds: np.ndarray) -> str:
    bits = 1 + max(int(abs(thresholds.min())), int(abs(thresholds.max()))).bit_length()
    return DataType[f"INT{max(bits, 2)}"].name


def attribute(node: NodeProto, name: str, default: Any) -> Any:
    """Value of a node's attribute, or `default`."""
    found = get_by_name(node.attribute, name)
    return default if found is None else helper.get_attribute_value(found)
