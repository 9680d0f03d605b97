import copy

import pytest
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.bipolar_to_xnor import ConvertBipolarMatMulToXnorPopcount
from qonnx.transformation.lower_convs_to_matmul import LowerConvsToMatMul

from finn_build.finn.guards.one_bit_for_xnor_only import OneBitForXnorOnly
from finn_build.frontend.integers.nodes import DOMAIN
from tests.finn.guards.graphs import IntegerGraph, same


def residual() -> tuple[IntegerGraph, ModelWrapper]:
    graph = IntegerGraph([1, 2, 5, 5], "INT4", seed=0)
    bits = graph.steps("x", 2, "BIPOLAR", reach=3)
    return graph, graph.model(graph.add(graph.conv(bits, 2, 2, k=1), bits)).transform(LowerConvsToMatMul())


def two_convs() -> tuple[IntegerGraph, ModelWrapper]:
    graph = IntegerGraph([1, 2, 5, 5], "INT4", seed=1)
    bits = graph.steps("x", 2, "BIPOLAR", reach=3)
    model = graph.model(graph.conv(bits, 2, 2, k=1), graph.conv(bits, 2, 2, k=3))
    return graph, model.transform(LowerConvsToMatMul())


def test_finn_alone_is_wrong_on_a_residual() -> None:
    graph, model = residual()
    assert not same(copy.deepcopy(model).transform(ConvertBipolarMatMulToXnorPopcount()), model, graph.sample())


def test_finn_alone_dies_on_two_convs() -> None:
    with pytest.raises(Exception, match="Could not find upstream bipolar"):
        two_convs()[1].transform(ConvertBipolarMatMulToXnorPopcount())


@pytest.mark.parametrize("build", [residual, two_convs])
def test_forks_are_exact(build) -> None:
    graph, model = build()
    exact = copy.deepcopy(model).transform(OneBitForXnorOnly())
    exact = exact.transform(ConvertBipolarMatMulToXnorPopcount())
    assert not exact.get_nodes_by_op_type("XnorPopcountMatMul")
    assert same(exact, model, graph.sample())


def test_single_reader_keeps_xnor() -> None:
    graph = IntegerGraph([1, 2, 6, 6], "INT4", seed=2)
    bits = graph.steps("x", 2, "BIPOLAR", reach=3)
    model = graph.model(graph.conv(graph.max_pool(bits), 2, 2, k=3)).transform(LowerConvsToMatMul())
    exact = copy.deepcopy(model).transform(OneBitForXnorOnly())
    assert exact.get_tensor_datatype(bits) == DataType["BIPOLAR"]
    exact = exact.transform(ConvertBipolarMatMulToXnorPopcount())
    assert exact.get_nodes_by_op_type("XnorPopcountMatMul")
    assert same(exact, model, graph.sample())


def test_graph_output_beside_a_matmul_counts() -> None:
    graph = IntegerGraph([1, 2, 5, 5], "INT4", seed=4)
    bits = graph.steps("x", 2, "BIPOLAR", reach=3)
    model = graph.model(bits, graph.conv(bits, 2, 2, k=1)).transform(LowerConvsToMatMul())
    exact = copy.deepcopy(model).transform(OneBitForXnorOnly())
    assert same(exact.transform(ConvertBipolarMatMulToXnorPopcount()), model, graph.sample())


@pytest.mark.parametrize("reader", ["Add", "SumPool"])
def test_arithmetic_without_a_matmul_is_widened(reader: str) -> None:
    """FINN's HLS type of BIPOLAR holds 0 and -1: no Python execution can show it, the type does."""
    assert DataType["BIPOLAR"].get_hls_datatype_str() == "ap_int<1>"
    graph = IntegerGraph([1, 2, 5, 5], "INT4", seed=5)
    bits = graph.steps("x", 2, "BIPOLAR", reach=3)
    if reader == "Add":
        model = graph.model(graph.add(bits, "x"))
    else:
        window = {"kernel_shape": [5, 5], "strides": [1, 1]}
        model = graph.model(graph.node("SumPool", [bits], domain=DOMAIN, **window))
    exact = copy.deepcopy(model).transform(OneBitForXnorOnly())
    assert exact.get_tensor_datatype(bits) == DataType["TERNARY"]
    assert same(exact, model, graph.sample())


def test_output_alone_keeps_its_bit() -> None:
    graph = IntegerGraph([1, 2, 6, 6], "INT4", seed=6)
    bits = graph.steps("x", 2, "BIPOLAR", reach=3)
    exact = graph.model(graph.max_pool(bits)).transform(OneBitForXnorOnly())
    assert exact.get_tensor_datatype(bits) == DataType["BIPOLAR"]
