import pytest
from finn.transformation.fpgadataflow.convert_to_hw.quantized_matrix_vector_activation import (
    InferQuantizedMatrixVectorActivation,
)
from finn.transformation.fpgadataflow.minimize_weight_bit_width import MinimizeWeightBitWidth
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.finn.guards.bipolar_weights import KeepBipolarWeights
from tests.finn.guards.graphs import IntegerGraph, same


def minimized(weights: str) -> tuple[IntegerGraph, ModelWrapper, ModelWrapper]:
    graph = IntegerGraph([1, 16], "INT4", seed=1)
    model = graph.model(graph.dense("x", 16, 8, weights))
    hardware = graph.model("t1").transform(InferQuantizedMatrixVectorActivation())
    return graph, model, hardware.transform(MinimizeWeightBitWidth())


def weight_bits(model: ModelWrapper) -> int:
    return getCustomOp(model.get_nodes_by_op_type("MVAU")[0]).get_input_datatype(1).bitwidth()


def test_finn_alone_doubles_the_weight_memory() -> None:
    assert weight_bits(minimized("BIPOLAR")[2]) == 2


def test_one_bit_per_weight() -> None:
    graph, model, hardware = minimized("BIPOLAR")
    hardware = hardware.transform(KeepBipolarWeights())
    assert weight_bits(hardware) == 1
    assert same(hardware, model, graph.sample())


@pytest.mark.parametrize("weights, bits", [("TERNARY", 2), ("INT4", 4), ("BINARY", 1)])
def test_other_weights_are_left_alone(weights: str, bits: int) -> None:
    graph, model, hardware = minimized(weights)
    hardware = hardware.transform(KeepBipolarWeights())
    assert weight_bits(hardware) == bits
    assert getCustomOp(hardware.get_nodes_by_op_type("MVAU")[0]).get_input_datatype(1).name != "BIPOLAR"
    assert same(hardware, model, graph.sample())
