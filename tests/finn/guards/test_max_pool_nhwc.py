import copy

import numpy as np
import pytest
from finn.transformation.streamline.absorb import AbsorbConsecutiveTransposes
from finn.transformation.streamline.reorder import MakeMaxPoolNHWC
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.finn.guards.max_pool_nhwc import MaxPoolToNHWC
from tests.finn.guards.graphs import IntegerGraph, same


def forked() -> tuple[IntegerGraph, ModelWrapper]:
    graph = IntegerGraph([1, 3, 6, 6], "INT4", seed=0)
    pool = graph.max_pool("x")
    return graph, graph.model(graph.transpose(pool, [0, 2, 3, 1]), graph.steps(pool, 3, "UINT2", reach=4))


def is_wrong_or_broken(model: ModelWrapper, reference: ModelWrapper, x: np.ndarray) -> bool:
    try:
        return not same(model, reference, x)
    except Exception as error:
        print(f"not executable: {error}")
        return True


def test_finn_alone_corrupts_a_fork() -> None:
    graph, model = forked()
    assert is_wrong_or_broken(copy.deepcopy(model).transform(MakeMaxPoolNHWC()), model, graph.sample())


def test_fork_is_exact() -> None:
    graph, model = forked()
    nhwc = copy.deepcopy(model).transform(MaxPoolToNHWC())
    assert not nhwc.get_nodes_by_op_type("MaxPool")
    assert same(nhwc, model, graph.sample())


def test_transposes_meet_and_cancel() -> None:
    graph = IntegerGraph([1, 6, 7, 3], "INT4", seed=1)
    pool = graph.max_pool(graph.transpose("x", [0, 3, 1, 2]))
    model = graph.model(graph.steps(graph.transpose(pool, [0, 2, 3, 1]), 3, "UINT2", 4, "NHWC"))
    nhwc = copy.deepcopy(model).transform(MaxPoolToNHWC()).transform(AbsorbConsecutiveTransposes())
    assert [node.op_type for node in nhwc.graph.node] == ["MaxPoolNHWC", "MultiThreshold"]
    assert same(nhwc, model, graph.sample())


@pytest.mark.parametrize("k, stride, pad", [(2, 2, 0), (3, 2, 1), (3, 1, 1), (3, 3, 0)])
@pytest.mark.parametrize("size", [7, 8])
def test_windows(k: int, stride: int, pad: int, size: int) -> None:
    graph = IntegerGraph([1, 2, size, size], "INT4", seed=k)
    pool = graph.node("MaxPool", ["x"], kernel_shape=[k, k], strides=[stride] * 2, pads=[pad] * 4)
    model = graph.model(pool)
    nhwc = copy.deepcopy(model).transform(MaxPoolToNHWC())
    assert nhwc.get_nodes_by_op_type("MaxPoolNHWC")
    assert same(nhwc, model, graph.sample())


@pytest.mark.parametrize("attributes", [{"dilations": [2, 2]}, {"pads": [1, 1, 0, 0]}, {"auto_pad": "SAME_UPPER"}])
def test_what_nhwc_cannot_say_is_skipped(attributes: dict) -> None:
    graph = IntegerGraph([1, 2, 8, 8], "INT4", seed=0)
    model = graph.model(graph.node("MaxPool", ["x"], kernel_shape=[2, 2], strides=[2, 2], **attributes))
    assert [n.op_type for n in model.transform(MaxPoolToNHWC()).graph.node] == ["MaxPool"]
