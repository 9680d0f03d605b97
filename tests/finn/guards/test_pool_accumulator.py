import copy

import numpy as np
import pytest
from finn.transformation.fpgadataflow.minimize_accumulator_width import MinimizeAccumulatorWidth
from finn.transformation.streamline.round_thresholds import RoundAndClipThresholds
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.finn.guards.acc_pool import SumPoolToAccPool
from finn_build.finn.guards.channels_last import ChannelsLast
from finn_build.finn.guards.pool_accumulator import WidenPoolAccumulator
from finn_build.frontend.integers.nodes import DOMAIN
from tests.finn.guards.graphs import IntegerGraph, same


def summed(datatype: str) -> tuple[IntegerGraph, ModelWrapper]:
    """Sum over 3x3, then one threshold below zero."""
    graph = IntegerGraph([1, 2, 3, 3], datatype, seed=1)
    window = {"kernel_shape": [3, 3], "strides": [1, 1]}
    total = graph.node("SumPool", ["x"], domain=DOMAIN, **window)
    steps = graph._constant(np.array([[-4.0]]), "INT8")
    attributes = {"out_dtype": "BINARY", "data_layout": "NCHW"}
    model = graph.model(graph.node("MultiThreshold", [total, steps], domain="qonnx.custom_op.general", **attributes))
    return graph, model.transform(SumPoolToAccPool()).transform(ChannelsLast())


def lowest(graph: IntegerGraph) -> np.ndarray:
    return np.full(graph.shape, graph.datatype.min(), np.float32)


def test_finn_alone_makes_a_symmetric_sum_unsigned() -> None:
    graph, model = summed("TERNARY")
    narrow = copy.deepcopy(model).transform(MinimizeAccumulatorWidth())
    pool = narrow.get_nodes_by_op_type("Pool")[0]
    assert not narrow.get_tensor_datatype(pool.output[0]).allowed(-9)
    one_below = np.full(graph.shape, -1.0, np.float32)
    one_below[:, :, 0] = 1.0  # sums of -3, above the threshold of -4; and -9 below it
    narrow = narrow.transform(RoundAndClipThresholds())
    assert not same(narrow, model, one_below)


@pytest.mark.parametrize("datatype", ["TERNARY", "BIPOLAR", "INT2", "INT4", "UINT2"])
def test_holds_both_ends(datatype: str) -> None:
    graph, model = summed(datatype)
    wide = copy.deepcopy(model).transform(MinimizeAccumulatorWidth()).transform(WidenPoolAccumulator())
    total = wide.get_tensor_datatype(wide.get_nodes_by_op_type("Pool")[0].output[0])
    assert total.allowed(9 * graph.datatype.min()) and total.allowed(9 * graph.datatype.max())
    wide = wide.transform(RoundAndClipThresholds())
    assert same(wide, model, lowest(graph))
    for _ in range(5):
        assert same(wide, model, graph.sample())
