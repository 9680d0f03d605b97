"""Every width, sign, narrow range and rounding of a quantizer, beside qonnx; Brevitas' own roundings beside it."""

import re
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from brevitas.function.ops import dpu_round, round_to_zero
from onnx import NodeProto, TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.general.bipolar_quant import binary_quant
from qonnx.custom_op.general.quant import quant
from qonnx.custom_op.general.trunc import trunc_v2

from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.quantizer import Quantizer, quantize_constant, read_quantizer

ROUNDINGS = ("CEIL", "DOWN", "FLOOR", "HALF_DOWN", "HALF_EVEN", "HALF_UP", "ROUND", "UP")
SCALE = np.float32(0.25)
VALUES = (np.arange(-1100, 1101) / 16).astype(np.float32)[None, :, None, None]  # every quarter of a step, and beyond


def _node(op: str = "Quant", **attributes: Any) -> NodeProto:
    names = ["x", "scale", "zero", "bits"][: 2 if op == "BipolarQuant" else 4]
    return helper.make_node(op, names, ["y"], domain="qonnx.custom_op.general", **attributes)


def _graph(node: NodeProto) -> ModelWrapper:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, VALUES.shape) for name in "xy")
    return ModelWrapper(helper.make_model(helper.make_graph([node], "one", [x], [y])))


def _quantizer(
    bits: float, signed: int, narrow: int, rounding: str, scale: np.float32 = SCALE, zero: float = 0
) -> Quantizer:
    node = _node(signed=signed, narrow=narrow, rounding_mode=rounding)
    known = {"scale": scale, "zero": np.float32(zero), "bits": np.float32(bits)}
    return read_quantizer(node, known, _graph(node))


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_as_qonnx(rounding: str) -> None:
    for bits, signed, narrow in product(range(1, 9), (0, 1), (0, 1)):
        if (bits, signed, narrow) == (1, 0, 1):
            continue  # gives 0 alone: refused
        found = _quantizer(bits, signed, narrow, rounding)
        wanted = quant(VALUES, SCALE, np.float32(0), np.float32(bits), signed, narrow, rounding)
        ints = found(VALUES)
        assert np.array_equal(ints * SCALE, wanted), (bits, signed, narrow)
        assert (found.low, found.high) == (ints.min(), ints.max()) and found.bipolar == (bits == 1 and signed == 1)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("zero", [-3, 1, 8, 15])
def test_zero_points_as_qonnx(rounding: str, zero: int) -> None:
    for bits, signed, narrow in product(range(2, 9), (0, 1), (0, 1)):
        found = _quantizer(bits, signed, narrow, rounding, zero=zero)
        wanted = quant(VALUES, SCALE, np.float32(zero), np.float32(bits), signed, narrow, rounding)
        ints = found(VALUES)
        assert np.array_equal(ints * SCALE, wanted), (bits, signed, narrow)
        assert found.low <= ints.min() and ints.max() <= found.high


def test_weights_have_a_scale_along_any_axis() -> None:
    weights = np.random.default_rng(0).normal(size=(4, 3, 2, 2)).astype(np.float32)
    for axis, (bits, signed, narrow) in product((0, 1), ((1, 1, 1), (4, 1, 0), (4, 1, 1), (8, 0, 0))):
        scale = np.array([0.1, 0.2, 0.3, 0.4], np.float32)[: weights.shape[axis]].reshape(
            [-1 if i == axis else 1 for i in range(4)]
        )
        node = _node(signed=signed, narrow=narrow, rounding_mode="ROUND")
        known = {"x": weights, "scale": scale, "zero": np.float32(0), "bits": np.float32(bits)}
        _, kept, floats = quantize_constant(node, known, _graph(node))
        wanted = quant(weights, scale, np.float32(0), np.float32(bits), signed, narrow, "ROUND")
        assert np.array_equal(floats, wanted) and kept.size == 4 - axis


def test_bipolar_as_qonnx() -> None:
    node = _node("BipolarQuant")
    assert np.array_equal(
        read_quantizer(node, {"scale": SCALE}, _graph(node))(VALUES), binary_quant(VALUES, np.float32(1))
    )


@pytest.mark.parametrize(("rounding", "function"), [("ROUND_TO_ZERO", round_to_zero), ("DPU", dpu_round)])
def test_as_brevitas(rounding: str, function) -> None:  # type: ignore[no-untyped-def]
    for bits, signed in product((2, 4, 8), (0, 1)):
        found = _quantizer(bits, signed, 0, rounding)
        wanted = function(torch.from_numpy(VALUES / SCALE)).clamp(found.low, found.high).numpy()
        assert np.array_equal(found(VALUES), wanted)


@pytest.mark.parametrize(
    ("bits", "signed", "narrow", "rounding", "text"),
    [
        (0, 1, 0, "ROUND", "a quantizer of 0 bits"),
        (-3, 1, 0, "ROUND", "a quantizer of -3 bits"),
        (9, 1, 0, "ROUND", "a quantizer of 9 bits"),
        (1e9, 1, 0, "ROUND", "a quantizer of 1000000000 bits"),
        (2.5, 1, 0, "ROUND", "bit width is not one integer"),
        (np.nan, 1, 0, "ROUND", "bit width is not one integer"),
        (np.inf, 1, 0, "ROUND", "bit width is not one integer"),
        (1, 0, 1, "ROUND", "can only give 0"),
        (4, 1, 0, "STOCHASTIC_ROUND", "rounding mode STOCHASTIC_ROUND"),
        (4, 1, 0, "", "rounding mode without a name"),
    ],
)
def test_refused_by_name(bits: float, signed: int, narrow: int, rounding: str, text: str) -> None:
    with pytest.raises(Unsupported, match=text):
        _quantizer(bits, signed, narrow, rounding)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf])
def test_scales_that_are_none(scale: float) -> None:
    with pytest.raises(Unsupported, match="scale is not positive"):
        _quantizer(4, 1, 0, "ROUND", np.float32(scale))


def _truncation(bits: Any = 4, to: Any = 1.0, zero: Any = 0, scale: Any = SCALE, **attributes: Any) -> Quantizer:
    names = ["x", "scale", "zero", "of", "to", "bits"]
    node = helper.make_node("Trunc", names, ["y"], domain="qonnx.custom_op.general", **attributes)
    known = {"scale": scale, "zero": zero, "of": 8, "to": to, "bits": bits}
    return read_quantizer(node, {k: np.asarray(v, np.float32) for k, v in known.items()}, _graph(node))


@pytest.mark.parametrize("rounding", ["FLOOR", "ROUND", "CEIL"])
@pytest.mark.parametrize("to", [0.25, 1.0, 1.1, 8.0])
def test_truncations_as_qonnx(rounding: str, to: float) -> None:
    """Of scales that are powers of two apart, or nearly so."""
    for bits, signed, narrow in product((2, 3, 8), (0, 1), (0, 1)):
        found = _truncation(bits, to, signed=signed, narrow=narrow, rounding_mode=rounding)
        args = (np.float32(0), np.float32(8), narrow, signed, np.float32(to), np.float32(bits), rounding)
        wanted = trunc_v2(VALUES, SCALE, *args)
        ints = found(VALUES)
        assert np.array_equal(ints.astype(np.float32) * np.float32(to), wanted.astype(np.float32))
        assert found.low <= ints.min() and ints.max() <= found.high and found.scale == np.float32(to)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"scale": np.full((VALUES.size, 1, 1), SCALE)}, "by channel"),
        ({"to": [1.0, 1.0]}, "by channel"),
        ({"bits": [4, 4]}, "by channel"),
        ({"zero": 1}, "by channel"),
        ({"zero": -1}, "by channel"),
        ({"bits": 0}, "a truncation to 0 bits"),
        ({"bits": 9}, "a truncation to 9 bits"),
    ],
)
def test_truncations_refused_by_name(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(Unsupported, match=text):
        _truncation(**changed)


def _stored(
    x: str = "q", axis: int = 1, kind: type = np.uint8, shape: tuple[int, ...] = (1, 2, 3, 3), **known: Any
) -> Any:
    """A DequantizeLinear behind a QuantizeLinear of one image."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "by", "off"], ["q"], axis=axis),
        helper.make_node("DequantizeLinear", [x, "scale", "zero"], ["y"], axis=axis),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n in "xy"]
    inner = [helper.make_tensor_value_info("q", helper.np_dtype_to_tensor_dtype(np.dtype(kind)), shape)]
    graph = ModelWrapper(helper.make_model(helper.make_graph(nodes, "pair", ends[:1], ends[1:], value_info=inner)))
    constants = {"scale": np.float32(0.5), "zero": kind(0), "by": np.float32(0.5), "off": kind(0)} | known
    return read_quantizer(nodes[1], constants, graph)


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
def test_stored_integers_take_their_zero_point_off(kind: type) -> None:
    ends = np.iinfo(kind)
    found = _stored(kind=kind, zero=kind(3))
    assert (found.low, found.high) == (ends.min - 3, ends.max - 3) and found.scale == np.float32(0.5)
    values = np.arange(ends.min, ends.max + 1)[None, :, None, None]
    assert np.array_equal(found(values), values - 3)


def test_stored_integers_of_channels() -> None:
    scales = np.array([0.5, 0.25], np.float32)
    for axis in (1, -3):
        found = _stored(axis=axis, scale=scales, zero=np.array([1, 2], np.uint8))
        assert found.channel_scale.tolist() == [0.5, 0.25] and found.low.tolist() == [-1, -2]
        assert found.high.tolist() == [254, 253]
        assert found(np.full((1, 2, 1, 1), 7)).ravel().tolist() == [6, 5]
    weights = np.array([[3, 4, 5], [6, 7, 8]], np.uint8)
    for axis, zero in ((0, [1, 2]), (1, [1, 2, 3])):
        scale = np.ones(len(zero), np.float32)
        found = _stored("w", axis, w=weights, scale=scale, zero=np.array(zero, np.uint8))
        wanted = weights.astype(int) - np.reshape(zero, (-1, 1) if axis == 0 else (1, -1))
        assert np.array_equal(found(weights), wanted) and (found.low, found.high) == (wanted.min(), wanted.max())
        assert found.scale.shape == ((2, 1) if axis == 0 else (1, 3))


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"scale": np.ones((2, 2), np.float32)}, "by blocks"),
        ({"zero": np.zeros((2, 2), np.uint8)}, "by blocks"),
        ({"axis": 2, "scale": np.ones(3, np.float32), "zero": np.zeros(3, np.uint8)}, "along dimension 2"),
        ({"axis": 2, "scale": np.ones(3, np.float32)}, "3 scales with 1 zero points"),
        ({"axis": 2, "zero": np.zeros(3, np.uint8)}, "1 scales with 3 zero points"),
        ({"off": np.int16(0)}, "a QuantizeLinear to int16"),
        ({"x": "x"}, "what nothing makes"),
    ],
    ids=str,
)
def test_stored_integers_refused_by_name(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(Unsupported, match=text):
        _stored(**changed)


def test_stored_integers_along_another_axis_share_one_scale() -> None:
    assert _stored(axis=2).high == 255


@pytest.mark.parametrize(
    "shape", [(3,), (1, 3, 1), (1, 1, 3), (3, 1, 1), (1, 1, 1, 3), (1, 1, 3, 1, 1), (1,) * 4, (1,) * 5]
)
def test_parameters_of_activations_along_another_axis_or_of_more_are_refused(shape: tuple[int, ...]) -> None:
    known = {"scale": np.ones(shape, np.float32), "zero": np.float32(0), "bits": np.float32(4)}
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 3, 3, 3)) for name in "xy")
    graph = ModelWrapper(helper.make_model(helper.make_graph([_node()], "one", [x], [y])))
    if shape in ((3, 1, 1), (1,) * 4):
        assert read_quantizer(_node(), known, graph).channel_scale.shape == ((3,) if shape[0] == 3 else ())
        return
    one = {"scale": np.float32(1), "bits": np.full((1,) * len(shape), 4, np.float32)}
    for parameters in (known, known | one) if len(shape) > 4 and max(shape) == 1 else (known,):
        with pytest.raises(Unsupported, match=rf"quantizer parameters of shape {re.escape(str(shape))}"):
            read_quantizer(_node(), parameters, graph)


def test_what_is_no_number_and_missing_inputs_are_refused() -> None:
    quantizer = _quantizer(4, 1, 0, "ROUND")
    with pytest.raises(Unsupported, match="is no number"):
        quantizer(np.array([[0.5, np.nan]], np.float32))
    short = helper.make_node("Quant", ["x", "scale", "zero"], ["y"], domain="qonnx.custom_op.general")
    with pytest.raises(Unsupported, match="with 3 inputs instead of 4"):
        read_quantizer(short, {"scale": SCALE, "zero": np.float32(0)}, _graph(short))
    with pytest.raises(Unsupported, match="zero is not a constant"):
        read_quantizer(_node(), {"scale": SCALE, "bits": np.float32(4)}, _graph(_node()))
    with pytest.raises(Unsupported, match="zero point is no integer"):
        _quantizer(4, 1, 0, "ROUND", zero=0.5)
