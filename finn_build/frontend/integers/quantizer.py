"""What a quantizer of a file computes: its integers, their scale and their range, and how it rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from onnx import NodeProto, TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.general.quant import max_int, min_int, resolve_rounding_mode
from qonnx.util.basic import get_by_name

from finn_build.frontend.integers.problems import Unsupported

MAX_BITS = 8  # of activations; sums and biases are wider
MAX_CONSTANT_BITS = 32
_MOST_ZERO = 1 << 24  # beyond it float32 is not exact
_ROUNDINGS = ("CEIL", "DOWN", "FLOOR", "HALF_DOWN", "HALF_EVEN", "HALF_UP", "ROUND", "UP")  # as qonnx executes them
QUANTIZERS = {"Quant", "IntQuant", "BipolarQuant", "DequantizeLinear", "Trunc"}
Rounding: TypeAlias = "Callable[[np.ndarray], np.ndarray]"
Constants: TypeAlias = "Mapping[str, Any]"


def _dpu_round(x: np.ndarray) -> np.ndarray:
    """To the nearest, ties up where negative and to even elsewhere (Source: Brevitas, `dpu_round`)."""
    return np.where((x < 0) & (x - np.floor(x) == 0.5), np.ceil(x), np.round(x))


OWN_ROUNDINGS: dict[str, Rounding] = {"DPU": _dpu_round, "ROUND_TO_ZERO": np.fix}
"""Rounding modes that Brevitas exports and qonnx does not execute."""


@dataclass(frozen=True)
class Quantizer:
    """A quantizer with constant parameters: what it reads becomes integers, zero points taken off.

    Attributes:
        scale: float32, a scalar, or as many dimensions as what is quantized with one number per channel.
        low, high: least and greatest integer, int64 scalars or [C].
        quantize: from what its node reads to float32 integers.
        bipolar: whether the integers are -1 and +1.
        by_sign: whether it is a BipolarQuant, which Brevitas also writes for 0 and 1.
    """

    scale: np.ndarray
    low: np.ndarray
    high: np.ndarray
    quantize: Rounding
    bipolar: bool = False
    by_sign: bool = False

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Integers, int64, of values.

        Raises:
            Unsupported: some are no numbers, for which there is no integer.
        """
        if np.isnan(values).any():
            why = "what it quantizes is no number somewhere on its range (0 / 0, or a root or logarithm below 0)"
            raise Unsupported(why, "keep the operations before it within what they are defined for")
        return self.quantize(values).astype(np.int64)

    @property
    def channel_scale(self) -> np.ndarray:
        """The scale of an activation: a scalar, or [C]."""
        return self.scale.reshape(-1) if self.scale.ndim else self.scale


def read_quantizer(node: NodeProto, constants: Constants, model: ModelWrapper) -> Quantizer:
    """The quantizer that a node is, with the nodes before it where it is a DequantizeLinear.

    Args:
        node: a Quant, IntQuant, BipolarQuant or DequantizeLinear.
        constants: its parameters, and what it reads where that is constant.
        model: the graph that the node is of.

    Raises:
        Unsupported: a parameter is not constant, or not what hardware can do.
    """
    missing = [i for i in node.input[1:] if i and i not in constants]
    if missing:
        raise Unsupported(f"quantizer parameter {missing[0]} is not a constant", "export the network in eval mode")
    scale = np.asarray(constants[node.input[1]], np.float32)
    if not np.all(np.isfinite(scale) & (scale > 0)):
        raise Unsupported("the quantizer's scale is not positive", "retrain with a positive scale")
    if node.op_type == "DequantizeLinear":
        return _dequantizer(node, constants, model, scale)
    wanted = {"BipolarQuant": 2, "Trunc": 6}.get(node.op_type, 4)
    if len(node.input) != wanted:
        raise Unsupported(
            f"a {node.op_type} with {len(node.input)} inputs instead of {wanted}", "export the network again"
        )
    scale = _as_broadcast(scale, node, constants, model)
    if wanted == 2:
        return _bipolar(scale, True)
    zero, bits = (np.asarray(constants[name], np.float32) for name in node.input[2:4])
    zero = _as_broadcast(zero, node, constants, model)
    _as_broadcast(np.ones((1,) * bits.ndim, np.float32), node, constants, model)  # how many they are is seen to later
    return _truncating(node, constants, scale, zero) if wanted == 6 else _integer(node, constants, scale, zero)


def _bipolar(scale: np.ndarray, by_sign: bool) -> Quantizer:
    return Quantizer(scale, np.asarray(-1), np.asarray(1), lambda x: np.where(x >= 0, 1, -1), True, by_sign)


def _as_broadcast(parameter: np.ndarray, node: NodeProto, constants: Constants, model: ModelWrapper) -> np.ndarray:
    """A scalar where it holds one number, else with as many dimensions as what is quantized, the last ones aligned.

    Raises:
        Unsupported: numbers that do not meet those of weights, or of an activation that are not one per channel.
    """
    if parameter.size == 1 and parameter.ndim < 2:
        return parameter.reshape(())
    values = constants.get(node.input[0])
    shape = (model.get_tensor_shape(node.input[0]) or ()) if values is None else values.shape
    if parameter.size == 1 and parameter.ndim <= len(shape):  # with more dimensions it would lend them to the result
        return parameter.reshape(())
    aligned = (1,) * (len(shape) - parameter.ndim) + parameter.shape
    legal = [size if axis == 1 or values is not None else 1 for axis, size in enumerate(shape)]
    if len(aligned) != len(shape) or any(size not in (1, most) for size, most in zip(aligned, legal, strict=True)):
        what = "an activation" if values is None else "weights"
        why = f"{what} of shape {tuple(shape)} with quantizer parameters of shape {parameter.shape}"
        raise Unsupported(why, "use one scale and zero point per tensor or per channel")
    return parameter.reshape(aligned)


def _integer(node: NodeProto, constants: Constants, scale: np.ndarray, zero: np.ndarray) -> Quantizer:
    """A Quant: round(clip(x / scale + zero point)) - zero point, in float32, as Brevitas and qonnx have it."""
    bits = np.asarray(constants[node.input[3]], np.float32)
    signed, narrow = bool(attribute(node, "signed", 1)), bool(attribute(node, "narrow", 0))
    rounding = _rounding(attribute(node, "rounding_mode", b"ROUND").decode().upper())
    if not np.array_equal(zero, np.rint(zero)) or np.abs(zero).max(initial=0) > _MOST_ZERO:
        raise Unsupported("the quantizer's zero point is no integer of up to 24 bits", "use one whose zero point is")
    if bits.size != 1 or not np.isfinite(bits).all() or float(bits.ravel()[0]) % 1:
        raise Unsupported("the quantizer's bit width is not one integer", "use one bit width per tensor")
    width = int(bits.ravel()[0])
    most = MAX_CONSTANT_BITS if node.input[0] in constants else MAX_BITS
    if not 1 <= width <= most:
        raise Unsupported(f"a quantizer of {width} bits", f"use 1 to {most} bits")
    if signed and width == 1:
        return _bipolar(scale, False)
    low, high = int(min_int(signed, narrow, width)), int(max_int(signed, narrow, width))
    if low == high:
        raise Unsupported(f"a quantizer of {width} bit that can only give {low}", "drop its narrow range")

    def quantize(x: np.ndarray) -> np.ndarray:
        by, shift = (_along_channels(v, x.ndim) for v in (scale, zero))
        return rounding(np.clip(x / by + shift, low, high)) - shift

    offset = zero.astype(np.int64).reshape(-1) if zero.ndim else zero.astype(np.int64)
    return Quantizer(scale, low - offset, high - offset, quantize)


def _truncating(node: NodeProto, constants: Constants, scale: np.ndarray, zero: np.ndarray) -> Quantizer:
    """A Trunc: integers of one scale to fewer bits of another, 2^k times as coarse.

    Source: qonnx, `trunc_v2`, a port of Brevitas' TruncIntQuant; both in float32.
    """
    to, bits = (np.asarray(constants[node.input[k]], np.float32) for k in (4, 5))
    if scale.size > 1 or to.size > 1 or bits.size > 1 or np.any(zero != 0):
        raise Unsupported("a truncation with a zero point, or by channel", "truncate on one scale, zero point 0")
    if not 1 <= float(bits.item()) <= MAX_BITS:
        raise Unsupported(f"a truncation to {bits.item():g} bits", f"truncate to 1 to {MAX_BITS} bits")
    signed, narrow = bool(attribute(node, "signed", 1)), bool(attribute(node, "narrow", 0))
    low, high = int(min_int(signed, narrow, int(bits.item()))), int(max_int(signed, narrow, int(bits.item())))
    rounding = _rounding(attribute(node, "rounding_mode", b"FLOOR").decode().upper())
    step = np.float32(2 ** np.round(np.log2(to.reshape(()) / scale)))

    def quantize(x: np.ndarray) -> np.ndarray:
        return rounding(np.clip(np.round(x / scale) / step, low, high))

    return Quantizer(to.reshape(()), np.asarray(low), np.asarray(high), quantize)


def _along_channels(parameter: np.ndarray, rank: int) -> np.ndarray:
    """A parameter as it meets values of `rank` dimensions: one per channel lies along dimension 1 of activations."""
    if not parameter.ndim or parameter.ndim == rank:
        return parameter
    return parameter.reshape(1, -1, *(1,) * (rank - 2))


def _dequantizer(node: NodeProto, constants: Constants, model: ModelWrapper, scale: np.ndarray) -> Quantizer:
    """A DequantizeLinear: what it reads are integers already, its zero point is taken off."""
    shape = np.shape(constants[node.input[0]]) if node.input[0] in constants else model.get_tensor_shape(node.input[0])
    zero = np.asarray(constants[node.input[2]] if len(node.input) > 2 and node.input[2] else 0).astype(np.int64)
    axis = int(attribute(node, "axis", 1))
    if max(scale.ndim, zero.ndim) > 1 or attribute(node, "block_size", 0):
        raise Unsupported("quantization by blocks", "use one scale per tensor or per channel")
    if len(node.input) > 2 and node.input[2] and scale.size != zero.size:
        raise Unsupported(f"{scale.size} scales with {zero.size} zero points", "export the network again")
    if scale.size > 1 and not -len(shape) <= axis < len(shape):
        raise Unsupported(f"scales along dimension {axis} of {len(shape)}", "export the network again")
    along = [size if k == axis % max(len(shape), 1) else 1 for k, size in enumerate(shape)]
    scale, zero = (v.reshape(along if v.size > 1 else ()) for v in (scale, zero))
    if node.input[0] in constants:
        values = constants[node.input[0]].astype(np.int64) - zero
        return Quantizer(scale, values.min(), values.max(), lambda x: x.astype(np.int64) - zero)
    if not shape:
        raise Unsupported(
            f"the shape of {node.input[0]} is unknown", "mend what makes it, and export with fixed shapes"
        )
    if axis % len(shape) != 1 and max(scale.ndim, zero.ndim):
        raise Unsupported(f"an activation with scales along dimension {axis}", "use one scale per tensor")
    low, high = _stored_range(node, constants, model)
    offset = zero.reshape(-1) if zero.ndim else zero

    def quantize(x: np.ndarray) -> np.ndarray:
        return np.clip(x, low, high).astype(np.int64) - _along_channels(offset, x.ndim)

    return Quantizer(scale, low - offset, high - offset, quantize)


def _stored_range(node: NodeProto, constants: Constants, model: ModelWrapper) -> tuple[int, int]:
    """Least and greatest number that a DequantizeLinear can read: the type, and each Clip, before it.

    Raises:
        Unsupported: no QuantizeLinear of 8 bits makes what it reads.
    """
    clips, made = [], model.find_producer(node.input[0])
    while made is not None and made.op_type in ("Clip", "Identity", "MaxPool"):
        clips += [made] if made.op_type == "Clip" else []
        made = model.find_producer(made.input[0])
    if made is None or made.op_type != "QuantizeLinear":
        by = "nothing" if made is None else f"a {made.op_type}"
        raise Unsupported(
            f"a DequantizeLinear of what {by} makes", "put it behind a QuantizeLinear, at most a Clip between"
        )
    kind = np.asarray(constants[made.input[2]]).dtype if len(made.input) > 2 and made.input[2] else np.dtype(np.uint8)
    if stated := attribute(made, "output_dtype", TensorProto.UNDEFINED):
        kind = helper.tensor_dtype_to_np_dtype(stated)
    if kind not in (np.int8, np.uint8):
        raise Unsupported(f"a QuantizeLinear to {kind}", "quantize activations to int8 or uint8")
    ends = np.asarray([np.iinfo(kind).min, np.iinfo(kind).max], np.int64)
    for clip in reversed(clips):
        for name, bound in zip(clip.input[1:], (np.maximum, np.minimum), strict=False):
            ends = bound(ends, constants[name]) if name else ends
    return int(ends[0]), int(ends[1])


def own_rounding(node: NodeProto) -> bool:
    """Whether a node is a quantizer that qonnx does not execute: by its rounding mode, or a Trunc of either version."""
    return node.op_type == "Trunc" or attribute(node, "rounding_mode", b"").decode().upper() in OWN_ROUNDINGS


def _rounding(mode: str) -> Rounding:
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


def quantize_constant(
    node: NodeProto, context: Constants, model: ModelWrapper
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Integers, scale and float32 values of a constant (a weight) behind a quantizer."""
    quantizer, values = read_quantizer(node, context, model), context[node.input[0]]
    ints = quantizer(values)
    return ints, quantizer.scale, ints.astype(np.float32) * quantizer.scale


def attribute(node: NodeProto, name: str, default: Any) -> Any:
    """Value of a node's attribute, or `default`."""
    found = get_by_name(node.attribute, name)
    return default if found is None else helper.get_attribute_value(found)
