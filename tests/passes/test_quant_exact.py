import copy

import numpy as np
import pytest
from finn.transformation.qonnx.convert_qonnx_to_finn import ConvertQONNXtoFINN
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.passes.quant_exact import ConvertQuantExactly
from tests.passes.graphs import IntegerGraph, run, same


def quantizer(
    bits: int,
    signed: int,
    scale: float | np.ndarray = 1.0,
    relu: bool = False,
    narrow: int = 0,
    mode: str = "ROUND",
) -> ModelWrapper:
    graph = IntegerGraph([1, 2, 16, 16], "FLOAT32", seed=0)
    values = (graph._constant(np.asarray(v), "FLOAT32") for v in (scale, 0.0, float(bits)))
    x = graph.node("Relu", ["x"]) if relu else "x"
    attributes = {"signed": signed, "narrow": narrow, "rounding_mode": mode}
    return graph.model(graph.node("Quant", [x, *values], domain="qonnx.custom_op.general", **attributes))


def half_steps(scale: float | np.ndarray) -> np.ndarray:
    """Every multiple of half a step around zero, and the float32 on both sides of it."""
    ties = np.broadcast_to(np.arange(-40, 40, dtype=np.float32) / 2 * np.float32(1), (1, 2, 80))
    ties = (ties * np.broadcast_to(np.asarray(scale, np.float32), (1, 2, 1, 1))[..., 0]).astype(np.float32)
    both = [np.nextafter(ties, np.float32(-np.inf)), ties, np.nextafter(ties, np.float32(np.inf))]
    return np.concatenate([*both, ties[..., :16]], axis=-1).reshape(1, 2, 16, 16)


def test_finn_alone_makes_an_unsigned_bit_bipolar() -> None:
    model = quantizer(bits=1, signed=0)
    converted = copy.deepcopy(model).transform(ConvertQONNXtoFINN())
    assert set(np.unique(run(model, half_steps(1.0))[0])) == {0.0, 1.0}
    assert set(np.unique(run(converted, half_steps(1.0))[0])) == {-1.0, 1.0}


def test_finn_alone_refuses_an_unsigned_bit_with_a_scale() -> None:
    with pytest.raises(AssertionError, match="Unsupported BIPOLAR scale != 1"):
        quantizer(bits=1, signed=0, scale=0.5).transform(ConvertQONNXtoFINN())


@pytest.mark.parametrize("bits, signed, relu", [(1, 0, True), (2, 0, True), (4, 1, False)])
def test_finn_alone_is_wrong_at_ties(bits: int, signed: int, relu: bool) -> None:
    model = quantizer(bits, signed, scale=0.25, relu=relu)
    assert not same(copy.deepcopy(model).transform(ConvertQONNXtoFINN()), model, half_steps(0.25))


@pytest.mark.parametrize("scale", [1.0, 0.125, 0.3, np.array([[[[0.5]], [[0.7]]]]).reshape(1, 2, 1, 1)])
@pytest.mark.parametrize("bits", [1, 2, 3, 8])
@pytest.mark.parametrize("signed, relu, narrow", [(0, False, 0), (0, True, 0), (1, False, 0), (1, False, 1)])
def test_exact_at_and_around_every_tie(
    bits: int, signed: int, relu: bool, narrow: int, scale: float | np.ndarray
) -> None:
    model = quantizer(bits, signed, scale, relu, narrow)
    exact = copy.deepcopy(model).transform(ConvertQuantExactly()).transform(ConvertQONNXtoFINN())
    assert not {"Quant", "Relu"} & {n.op_type for n in exact.graph.node}
    x = half_steps(scale)
    assert same(exact, model, x)
    assert same(exact, model, np.random.default_rng(bits).normal(0, 4, x.shape).astype(np.float32))


@pytest.mark.parametrize("mode", ["CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN"])
@pytest.mark.parametrize("signed", [0, 1])
def test_rounding_modes(mode: str, signed: int) -> None:
    model = quantizer(bits=3, signed=signed, scale=0.5, mode=mode)
    exact = copy.deepcopy(model).transform(ConvertQuantExactly())
    assert same(exact, model, half_steps(0.5))


def test_unsigned_bit_is_binary() -> None:
    exact = quantizer(bits=1, signed=0, scale=0.5).transform(ConvertQuantExactly())
    step = exact.get_nodes_by_op_type("MultiThreshold")[0]
    assert exact.get_tensor_datatype(step.output[0]) == DataType["BINARY"]


def test_wide_quantizers_and_zero_points_are_skipped() -> None:
    assert quantizer(bits=9, signed=1).transform(ConvertQuantExactly()).get_nodes_by_op_type("Quant")
    shifted = quantizer(bits=4, signed=0)
    zero = shifted.get_nodes_by_op_type("Quant")[0].input[2]
    shifted.set_initializer(zero, np.asarray(1.0, np.float32))
    assert shifted.transform(ConvertQuantExactly()).get_nodes_by_op_type("Quant")
