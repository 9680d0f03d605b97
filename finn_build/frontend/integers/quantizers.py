"""Quantizers: the chain before one, and the quantizer itself, become a step function on integers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from onnx import NodeProto, helper
from qonnx.core.datatype import DataType
from qonnx.custom_op.general.bipolar_quant import binary_quant
from qonnx.custom_op.general.quant import max_int, min_int, quant
from qonnx.util.basic import get_by_name

from finn_build.arithmetic.step_function import StepFunction, compile_steps
from finn_build.frontend.integers import pools
from finn_build.frontend.integers.compilation import MAX_EVALUATIONS, Compilation
from finn_build.frontend.integers.nodes import DOMAIN
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.tensor import IntTensor, full_range

MAX_STEPS = 1023  # thresholds per channel the hardware takes: 8-bit activations, dips included
QUANTIZERS = {"Quant", "IntQuant", "BipolarQuant"}


class Quantizer:
    """One Quant, IntQuant or BipolarQuant node with constant parameters."""

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
        self.scale = np.squeeze(np.asarray(constants[node.input[1]], np.float32))
        self.bipolar = node.op_type == "BipolarQuant"
        if np.any(self.scale <= 0):
            raise Unsupported("the quantizer's scale is not positive", "retrain with a positive scale")
        if self.bipolar:
            self.low, self.high = -1, 1
            return
        self.zero_point = np.asarray(constants[node.input[2]], np.float32)
        self.bits = np.asarray(constants[node.input[3]], np.float32)
        self.signed, self.narrow = bool(attribute(node, "signed", 1)), bool(attribute(node, "narrow", 0))
        self.rounding = attribute(node, "rounding_mode", b"ROUND").decode()
        if np.any(self.zero_point != 0):
            raise Unsupported("the quantizer has a zero point", "use a quantizer with zero point 0 (ZeroZeroPoint)")
        if self.bits.size != 1 or float(self.bits.ravel()[0]) % 1:
            raise Unsupported("the quantizer's bit width is not one integer", "use one bit width per tensor")
        width = self.bits.ravel()[0]
        self.low = int(min_int(self.signed, self.narrow, width))
        self.high = int(max_int(self.signed, self.narrow, width))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Integers, int64, of float values."""
        if self.bipolar:
            return binary_quant(values, np.float32(1)).astype(np.int64)
        scale = (
            self.scale if values.ndim == 0 or not self.scale.ndim else self.scale.reshape(-1, *(1,) * (values.ndim - 1))
        )
        out = quant(values, scale, np.float32(0), self.bits.ravel()[0], self.signed, self.narrow, self.rounding)
        return np.rint(out / scale).astype(np.int64)


def quantize_constant(node: NodeProto, context: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Integers and scale of a constant (a weight) behind a quantizer."""
    quantizer = Quantizer(node, context)
    return quantizer(context[node.input[0]]), quantizer.scale


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
        steps = replace(steps, thresholds=np.full_like(steps.thresholds, origin.low.min()), bias=0)
    if steps.steps > MAX_STEPS:
        raise Unsupported(
            f"{steps.steps} steps per channel, the hardware takes {MAX_STEPS}", "quantize to 8 bits or fewer"
        )
    return steps


def _dtype_of(thresholds: np.ndarray) -> str:
    bits = 1 + max(int(abs(thresholds.min())), int(abs(thresholds.max()))).bit_length()
    return DataType[f"INT{max(bits, 2)}"].name


def attribute(node: NodeProto, name: str, default: Any) -> Any:
    """Value of a node's attribute, or `default`."""
    found = get_by_name(node.attribute, name)
    return default if found is None else helper.get_attribute_value(found)
