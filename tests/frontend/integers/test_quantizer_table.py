"""Every width, sign, narrow range and rounding of a quantizer, beside qonnx; Brevitas' own roundings beside it."""

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
