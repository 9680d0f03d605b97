import copy

import pytest
from finn.transformation.fpgadataflow.convert_to_hw.thresholding import InferThresholdingLayer
from finn.util.exception import FINNUserError

from finn_build.finn.guards.bipolar_thresholding import InferBipolarThresholding
from tests.finn.guards.graphs import IntegerGraph, same


def test_finn_alone_refuses() -> None:
    graph = IntegerGraph([1, 6], "INT4", seed=0)
    with pytest.raises(FINNUserError, match="out_scale must be 1"):
        graph.model(graph.steps("x", 6, "BIPOLAR", 5, "NC")).transform(InferThresholdingLayer())


@pytest.mark.parametrize("shape, layout", [([1, 6], "NC"), ([1, 4, 5, 6], "NHWC")])
def test_minus_one_and_plus_one(shape: list[int], layout: str) -> None:
    graph = IntegerGraph(shape, "INT4", seed=1)
    model = graph.model(graph.steps("x", 6, "BIPOLAR", 5, layout))
    result = copy.deepcopy(model).transform(InferBipolarThresholding())
    assert [n.op_type for n in result.graph.node] == ["Thresholding"]
    assert same(result, model, graph.sample())


@pytest.mark.parametrize("datatype, layout", [("UINT2", "NHWC"), ("BIPOLAR", "NCHW")])
def test_others_are_left(datatype: str, layout: str) -> None:
    graph = IntegerGraph([1, 6, 6, 6], "INT4", seed=1)
    model = graph.model(graph.steps("x", 6, datatype, 5, layout)).transform(InferBipolarThresholding())
    assert [n.op_type for n in model.graph.node] == ["MultiThreshold"]
