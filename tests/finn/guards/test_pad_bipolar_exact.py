import copy

import numpy as np
import pytest
import torch
from finn.transformation.fpgadataflow.convert_to_hw.conv_inp_gen import InferConvInpGen
from finn.transformation.fpgadataflow.convert_to_hw.quantized_matrix_vector_activation import (
    InferQuantizedMatrixVectorActivation,
)
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.bipolar_to_xnor import ConvertBipolarMatMulToXnorPopcount
from qonnx.transformation.lower_convs_to_matmul import LowerConvsToMatMul

from finn_build.errors import UnsupportedModelError
from finn_build.finn.guards.pad_bipolar_exact import PadBipolarExact
from tests.finn.guards.graphs import IntegerGraph, run, same


def padded_conv(size: int, k: int, stride: int, pad: int) -> tuple[IntegerGraph, ModelWrapper]:
    graph = IntegerGraph([1, 2, size, size], "INT4", seed=100 * size + 10 * k + stride)
    bits = graph.steps("x", 2, "BIPOLAR", reach=4)
    return graph, graph.model(bits, graph.conv(bits, 2, 3, k=k, stride=stride, pad=pad))


def finn_flow(model: ModelWrapper) -> ModelWrapper:
    return model.transform(LowerConvsToMatMul()).transform(ConvertBipolarMatMulToXnorPopcount())


def test_finn_alone_is_wrong_at_the_border() -> None:
    graph = IntegerGraph([1, 2, 5, 5], "INT4", seed=0)
    model = graph.model(graph.conv(graph.steps("x", 2, "BIPOLAR", reach=4), 2, 3, k=3, pad=1))
    x = graph.sample()
    wrong = (run(model, x)[0] != run(finn_flow(copy.deepcopy(model)), x)[0]).any(axis=(0, 1))
    border = np.ones((5, 5), bool)
    border[1:4, 1:4] = False
    np.testing.assert_array_equal(wrong, border)  # 16 of 25 pixels


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("k", [3, 5, 9])
@pytest.mark.parametrize("size", [9, 10, 11, 12])
@pytest.mark.parametrize("lowered_first", [False, True])
def test_padded_conv_equals_torch(size: int, k: int, stride: int, lowered_first: bool) -> None:
    graph, model = padded_conv(size, k, stride, pad=k // 2)
    x = graph.sample()
    conv = model.get_nodes_by_op_type("Conv")[0]
    weights = torch.from_numpy(model.get_initializer(conv.input[1]).astype(np.float64))
    bits, _ = run(model, x)
    expected = torch.conv2d(torch.from_numpy(bits.astype(np.float64)), weights, stride=stride, padding=k // 2).numpy()

    passes = [PadBipolarExact(), LowerConvsToMatMul()]
    for step in reversed(passes) if lowered_first else passes:
        model = model.transform(step)
    model = model.transform(ConvertBipolarMatMulToXnorPopcount())
    assert not model.get_nodes_by_op_type("XnorPopcountMatMul")
    after_bits, lowered = run(model, x)
    np.testing.assert_array_equal(after_bits, bits)
    np.testing.assert_array_equal(lowered, expected)

    hardware = model.transform(InferQuantizedMatrixVectorActivation()).transform(InferConvInpGen())
    np.testing.assert_array_equal(run(hardware, x)[1], expected)
    for op_type in ("FMPadding", "ConvolutionInputGenerator", "MVAU"):
        unit = getCustomOp(hardware.get_nodes_by_op_type(op_type)[0])
        assert unit.get_input_datatype(0) == DataType["TERNARY"]
    assert unit.get_input_datatype(1) == DataType["BIPOLAR"]


def test_source_is_found_behind_a_pool_and_a_shared_threshold_is_kept() -> None:
    graph = IntegerGraph([1, 2, 8, 8], "INT4", seed=5)
    bits = graph.steps("x", 2, "BIPOLAR", reach=4)
    other = graph.node(
        "MultiThreshold",
        ["x", graph._nodes[-1].input[1]],
        domain="qonnx.custom_op.general",
        out_dtype="BIPOLAR",
        out_scale=2.0,
        out_bias=-1.0,
    )
    model = graph.model(graph.conv(graph.max_pool(bits), 2, 3, pad=1), graph.conv(other, 2, 3))
    exact = copy.deepcopy(model).transform(PadBipolarExact())
    assert exact.get_tensor_datatype(bits) == DataType["TERNARY"]
    assert exact.get_tensor_datatype(other) == DataType["BIPOLAR"]
    assert same(exact, model, graph.sample())


def test_graph_input_is_annotated() -> None:
    graph = IntegerGraph([1, 2, 6, 6], "BIPOLAR", seed=3)
    model = graph.model(graph.conv("x", 2, 3, pad=1))
    exact = finn_flow(copy.deepcopy(model).transform(PadBipolarExact()))
    assert exact.get_tensor_datatype("x") == DataType["TERNARY"]
    assert same(exact, model, graph.sample())


def test_unpadded_conv_keeps_its_bit() -> None:
    _, model = padded_conv(size=8, k=3, stride=1, pad=0)
    exact = model.transform(PadBipolarExact())
    assert finn_flow(exact).get_nodes_by_op_type("XnorPopcountMatMul")


def test_other_source_is_refused_by_name() -> None:
    graph = IntegerGraph([1, 2, 6, 6], "INT4", seed=3)
    sign = graph.node("Sign", ["x"])
    model = graph.model(graph.conv(sign, 2, 3, pad=1))
    model.set_tensor_datatype(sign, DataType["BIPOLAR"])
    with pytest.raises(UnsupportedModelError, match=r"Sign_0 \(Sign\): makes -1/\+1 values"):
        model.transform(PadBipolarExact())
