import copy

import numpy as np
import pytest
from finn.transformation.streamline.reorder import MoveLinearPastEltwiseAdd
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.passes.linear_past_eltwise_add import MoveLinearPastAdd
from tests.passes.graphs import IntegerGraph, same


def residual(op: str, left: float, right: float, fork: bool) -> tuple[IntegerGraph, ModelWrapper]:
    """(x op left) + (steps(x) op right), the first branch also read by a convolution if it forks."""
    graph = IntegerGraph([1, 2, 5, 5], "INT4", seed=0)
    first = graph.constant_op(op, "x", left)
    second = graph.constant_op(op, graph.steps("x", 2, "UINT2", reach=4), right)
    total = graph.add(first, second)
    return graph, graph.model(total, graph.conv(first, 2, 2, k=1)) if fork else graph.model(total)


def ops_before(model: ModelWrapper, output: str) -> list[str]:
    last = model.find_producer(output)
    return [last.op_type, model.find_producer(last.input[0]).op_type]


def test_finn_alone_breaks_a_fork() -> None:
    graph, model = residual("Mul", 0.5, 0.5, fork=True)
    x = graph.sample()
    try:
        wrong = not same(copy.deepcopy(model).transform(MoveLinearPastEltwiseAdd()), model, x)
    except Exception as error:
        print(error)
        wrong = True
    assert wrong


@pytest.mark.parametrize("fork", [False, True])
@pytest.mark.parametrize("op, left, right", [("Mul", 0.5, 0.5), ("Add", 3.0, -1.0)])
def test_moved_and_exact(op: str, left: float, right: float, fork: bool) -> None:
    graph, model = residual(op, left, right, fork)
    moved = copy.deepcopy(model).transform(MoveLinearPastAdd())
    assert ops_before(moved, moved.graph.output[0].name) == [op, "Add"]
    assert len([n for n in moved.graph.node if n.op_type == "Mul"]) == (op == "Mul") * (1 + fork)
    for _ in range(3):
        assert same(moved, model, graph.sample())


def test_unequal_scales_stay() -> None:
    _, model = residual("Mul", 0.5, 0.25, fork=False)
    moved = copy.deepcopy(model).transform(MoveLinearPastAdd())
    assert ops_before(moved, moved.graph.output[0].name) == ["Add", "Mul"]


def test_broadcasting_constant_stays() -> None:
    graph = IntegerGraph([1, 2, 1, 1], "INT4", seed=0)
    wide = np.ones((1, 2, 3, 3))
    model = graph.model(graph.add(graph.constant_op("Mul", "x", wide), graph.constant_op("Mul", "x", wide)))
    moved = copy.deepcopy(model).transform(MoveLinearPastAdd())
    assert [n.op_type for n in moved.graph.node] == ["Mul", "Mul", "Add"]


def test_sum_with_itself() -> None:
    graph = IntegerGraph([1, 2, 3, 3], "INT4", seed=0)
    scaled = graph.constant_op("Mul", "x", 0.5)
    model = graph.model(graph.add(scaled, scaled))
    moved = copy.deepcopy(model).transform(MoveLinearPastAdd())
    assert [n.op_type for n in moved.graph.node] == ["Add", "Mul"]
    assert same(moved, model, graph.sample())
