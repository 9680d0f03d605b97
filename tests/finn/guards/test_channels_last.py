import copy

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.base import Transformation
from qonnx.transformation.lower_convs_to_matmul import LowerConvsToMatMul

from finn_build.finn.guards.channels_last import ChannelsLast
from finn_build.finn.guards.max_pool_nhwc import MaxPoolToNHWC
from tests.finn.guards.graphs import IntegerGraph, same


def lowered(model: ModelWrapper) -> ModelWrapper:
    steps: list[Transformation] = [LowerConvsToMatMul(), MaxPoolToNHWC(), ChannelsLast()]
    result = copy.deepcopy(model)
    for step in steps:
        result = result.transform(step)
    return result


def transposes(model: ModelWrapper) -> int:
    return len(model.get_nodes_by_op_type("Transpose"))


def test_residual_keeps_one_transpose_at_each_end() -> None:
    graph = IntegerGraph([1, 3, 7, 8], "INT4", seed=0)
    first = graph.steps("x", 3, "UINT2", reach=5)
    total = graph.add(graph.conv(first, 3, 3, pad=1), graph.conv("x", 3, 3, k=1))
    model = graph.model(graph.steps(graph.max_pool(graph.add(total, first)), 3, "INT4", reach=20))
    result = lowered(model)
    assert transposes(result) == 2
    assert same(result, model, graph.sample())
    assert transposes(result.transform(ChannelsLast())) == 2
    assert same(result, model, graph.sample())


def test_dense_layers_behind_one_flatten() -> None:
    graph = IntegerGraph([1, 3, 4, 5], "INT4", seed=1)
    flat = graph.flatten(graph.steps("x", 3, "UINT3", reach=7))
    model = graph.model(graph.dense(flat, 60, 4), graph.dense(flat, 60, 2, weights="INT3"))
    result = lowered(model)
    assert transposes(result) == 1 and len(result.get_nodes_by_op_type("Flatten")) == 2
    assert same(result, model, graph.sample())


def test_shared_weights_are_not_reordered_for_others() -> None:
    graph = IntegerGraph([1, 3, 2, 2], "INT4", seed=2)
    first = graph.dense(graph.flatten(graph.steps("x", 3, "UINT3", reach=7)), 12, 12)
    second = graph.node("MatMul", [first, graph._nodes[-1].input[1]])
    model = graph.model(second)
    assert same(lowered(model), model, graph.sample())


def test_flatten_read_by_steps_stays_where_pixels_would_move() -> None:
    graph = IntegerGraph([1, 3, 2, 2], "INT4", seed=3)
    flat = graph.flatten(graph.max_pool(graph.steps("x", 3, "INT4", reach=7), k=1))
    model = graph.model(graph.steps(flat, 12, "UINT2", reach=7, layout="NC"))
    assert same(lowered(model), model, graph.sample())


def test_per_channel_constant_stays_and_scalar_moves() -> None:
    graph = IntegerGraph([1, 3, 2, 2], "INT4", seed=4)
    scaled = graph.constant_op("Mul", graph.steps("x", 3, "INT4", reach=7), 3.0)
    per_channel = graph.constant_op("Mul", scaled, np.arange(1.0, 4.0).reshape(1, 3, 1, 1))
    model = graph.model(per_channel)
    result = lowered(model)
    assert transposes(result) == 2
    assert same(result, model, graph.sample())
