import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.passes.insert_duplicates import InsertDuplicates
from finn_build.dataflow.passes.lower_to_streams import CHANNEL_ORDER, LowerToStreams
from finn_build.errors import UnsupportedModelError
from finn_build.proof.levels import channel_orders
from tests.dataflow.passes.streams import execute, frame, integer_network
from tests.finn.guards.graphs import IntegerGraph, run


@pytest.mark.parametrize("bits", [1, 4])
def test_ops_and_values(tmp_path: Path, bits: int) -> None:
    integers = integer_network(tmp_path, bits).model
    streams = integers.transform(LowerToStreams())
    count = Counter(n.op_type for n in streams.graph.node)
    assert count["SWG_rtl"] == 3 and count["BitMVAU_rtl"] == 4 and count["StreamAdd_rtl"] == 1
    assert count["StreamPool_rtl"] == 1 and "Flatten" not in {n.op_type for n in streams.graph.node}
    image = frame()
    wanted = execute_onnx(integers, {integers.graph.input[0].name: np.moveaxis(image, -1, 1).astype(np.float32)})
    assert np.array_equal(execute(streams, image), next(iter(wanted.values())))


def test_padded_bipolar_windows_are_three_valued(tmp_path: Path) -> None:
    streams = integer_network(tmp_path, bits=1).model.transform(LowerToStreams())
    window = getCustomOp(streams.get_nodes_by_op_type("SWG_rtl")[1])
    assert (window.streams_in()[0].dtype.name, window.streams_out()[0].dtype.name) == ("BIPOLAR", "TERNARY")


def test_layers_keep_their_names(tmp_path: Path) -> None:
    streams = integer_network(tmp_path).model.transform(LowerToStreams())
    assert [n.doc_string for n in streams.get_nodes_by_op_type("BitMVAU_rtl")] == ["first", "second", "third", "dense"]


SHUFFLE = [0, 4, 1, 5, 2, 6, 3, 7]


def _graph(seed: int) -> tuple[IntegerGraph, str]:
    """Eight channels of 4-bit levels, 5x4 pixels."""
    graph = IntegerGraph((1, 2, 5, 4), "UINT4", seed)
    return graph, graph.steps(graph.conv("x", 2, 8, pad=1), 8, "INT4", 60)


def _lowered(graph: IntegerGraph, output: str) -> ModelWrapper:
    """Lowered; the output is that of the integer graph."""
    integers = graph.model(output)
    streams, image = integers.transform(LowerToStreams()), graph.sample()
    (wanted,) = run(integers, image)
    made = [streams.graph.input[0].name, *(o for n in streams.graph.node for o in n.output)]
    for node in streams.graph.node:  # each is behind what it reads
        read = [made.index(name) for name in node.input if streams.get_initializer(name) is None]
        assert max(read) < made.index(node.output[0])
    got = execute(streams, np.moveaxis(image, 1, -1))
    assert np.array_equal(got, np.moveaxis(wanted, 1, -1))
    return streams


def _ops(streams: ModelWrapper) -> Counter[str]:
    return Counter(n.op_type.removesuffix("_rtl") for n in streams.graph.node)


def test_a_shuffle_emits_nothing_and_rows_follow_it() -> None:
    graph, x = _graph(1)
    x = graph.max_pool(graph.steps(graph.channels(x, SHUFFLE), 8, "INT3", 7))
    streams = _lowered(graph, graph.conv(x, 8, 3, pad=1))
    assert not {"StreamSplit", "StreamConcat"} & set(_ops(streams))
    orders = json.loads(streams.get_metadata_prop(CHANNEL_ORDER))
    assert list(orders.values()) == [list(np.argsort(SHUFFLE))] * 2  # of steps and pool; the convolution's is natural


def test_flattened_maps_in_another_order_feed_dense_layers() -> None:
    graph, x = _graph(2)
    flat = graph.flatten(graph.max_pool(graph.channels(x, SHUFFLE)))
    _lowered(graph, graph.dense(flat, 8 * 2 * 2, 3))


def test_units_split_and_join_each_stream_once() -> None:
    graph, left = _graph(3)
    right = graph.steps(graph.conv(left, 8, 8, k=1), 8, "INT4", 30)
    for _ in range(2):
        both = graph.channels(graph.concat(left, right), [c // 2 + 8 * (c % 2) for c in range(16)])
        left, right = graph.channels(both, range(8)), graph.channels(both, range(8, 16))
        right = graph.steps(graph.conv(right, 8, 8, pad=1), 8, "INT4", 90)
    streams = _lowered(graph, graph.conv(graph.concat(left, right), 16, 2))
    assert (_ops(streams)["StreamSplit"], _ops(streams)["StreamConcat"]) == (4, 5)
    natural = [n for n in json.loads(streams.get_metadata_prop(CHANNEL_ORDER)) if "_part" not in n]
    assert natural == []  # joins merge in the order of the shuffle


def test_parts_of_the_image_itself_are_split() -> None:
    graph = IntegerGraph((1, 4, 5, 4), "UINT4", 11)
    left, right = (graph.conv(graph.channels("x", part), 2, 3, k=1) for part in ([0, 2], [3, 1]))
    assert _ops(_lowered(graph, graph.add(left, right)))["StreamSplit"] == 1


def test_convolutions_and_steps_follow_the_order_of_what_they_are_added_to() -> None:
    graph, x = _graph(4)
    x = graph.channels(x, SHUFFLE)
    direct = graph.add(graph.conv(x, 8, 8, pad=1), x)
    x = graph.steps(direct, 8, "INT4", 60)
    added = graph.add(x, graph.steps(graph.conv(x, 8, 8, pad=1), 8, "INT4", 60))
    streams = _lowered(graph, graph.conv(added, 8, 3, k=1))
    assert not {"StreamSplit", "StreamConcat"} & set(_ops(streams))


def test_channels_of_two_scales_join_as_integers() -> None:
    graph, x = _graph(5)
    y = graph.constant_op("Mul", graph.channels(x, [1, 6, 3]), np.asarray([4]))
    _lowered(graph, graph.conv(graph.concat(y, graph.channels(x, [0, 1]), x), 13, 3))


def test_what_nobody_reads_is_dropped() -> None:
    graph, x = _graph(6)
    unread = graph.steps(graph.conv(x, 8, 4), 4, "INT4", 60)
    cropped = graph.steps(graph.conv(x, 8, 4), 4, "INT4", 60)
    joined = graph.concat(graph.channels(unread, [0, 2]), cropped)
    streams = _lowered(graph, graph.conv(graph.channels(joined, [5, 2]), 2, 3, k=1))
    assert _ops(streams)["BitMVAU"] == 3 and _ops(streams)["StreamConcat"] == 0


def test_joined_and_parted_outputs_carry_their_names() -> None:
    graph, x = _graph(7)
    y = graph.concat(graph.steps(x, 8, "INT2", 5), graph.steps(x, 8, "INT2", 5))
    assert _lowered(graph, y).graph.output[0].name == y
    z = graph.channels(y, [9, 10])
    assert _lowered(graph, z).graph.output[0].name == z


def test_copies_have_the_order_of_what_they_copy() -> None:
    graph, x = _graph(8)
    y = graph.steps(graph.channels(x, SHUFFLE), 8, "INT4", 7)
    streams = _lowered(graph, graph.conv(graph.add(y, graph.max_pool(y, k=1)), 8, 2)).transform(InsertDuplicates())
    orders = channel_orders(streams)
    assert orders[f"{y}_copy0"] == orders[f"{y}_copy1"] == orders[y] == list(np.argsort(SHUFFLE))


def test_an_output_out_of_order_is_refused() -> None:
    graph, x = _graph(9)
    with pytest.raises(UnsupportedModelError, match="stream in another order than the network gives them; end it in"):
        _lowered(graph, graph.steps(graph.channels(x, SHUFFLE), 8, "INT4", 7))


def test_operands_in_two_orders_are_refused() -> None:
    graph, x = _graph(10)
    with pytest.raises(UnsupportedModelError, match="the add's operands stream their channels in different orders"):
        _lowered(graph, graph.conv(graph.add(graph.channels(x, SHUFFLE), x), 8, 2))
