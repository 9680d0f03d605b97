import copy

import pytest
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.finn.guards.acc_pool import SumPoolToAccPool
from finn_build.frontend.integers.nodes import DOMAIN
from tests.finn.guards.graphs import IntegerGraph, same


def pooled(k: int, stride: int, datatype: str) -> tuple[IntegerGraph, ModelWrapper]:
    graph = IntegerGraph([1, 3, 7, 8], datatype, seed=k)
    window = {"kernel_shape": [k, k], "strides": [stride, stride]}
    return graph, graph.model(graph.node("SumPool", ["x"], domain=DOMAIN, **window))


@pytest.mark.filterwarnings("error:The values of tensor")
@pytest.mark.parametrize("k, stride", [(2, 2), (3, 2), (3, 1), (7, 1)])
@pytest.mark.parametrize("datatype", ["UINT2", "INT4", "TERNARY"])
def test_sums_are_equal(k: int, stride: int, datatype: str) -> None:
    graph, model = pooled(k, stride, datatype)
    result = copy.deepcopy(model).transform(SumPoolToAccPool())
    assert [n.op_type for n in result.graph.node] == ["Transpose", "Im2Col", "Pool", "Transpose"]
    assert same(result, model, graph.sample())
