"""FIFO depths, worked out by hand for pieces of networks: which inputs have one, and of how many beats."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.graph import Links
from finn_build.dataflow.ops.base import DOMAIN
from finn_build.dataflow.ops.swg import SWG_rtl
from finn_build.dataflow.passes.insert_fifos import InsertFIFOs

IMAGE = (6, 8)  # rows, columns
NEVER = 10**6  # cycles in which all can catch up


def node(op: str, inputs: str, outputs: str, **attributes: Any) -> NodeProto:
    """A node of four bits, called by its first output."""
    given: dict[str, Any] = {"inputDataType": "INT4"} | attributes
    made, common = outputs.split(), {"domain": DOMAIN, "backend": "fpgadataflow"}
    return helper.make_node(f"{op}_rtl", inputs.split(), made, name=made[0], **common, **given)


def window(source: str, to: str, stride: int = 1, **attributes: Any) -> NodeProto:
    """3x3 windows of four channels; the first is complete a row and two pixels in."""
    shape = {"IFMDim": [*IMAGE], "IFMChannels": 4, "KernelDim": [3, 3], "Padding": [1, 1, 1, 1]}
    return node("SWG", source, to, Stride=[stride, stride], **(shape | attributes))


def dense(source: str, to: str, inputs: int, rows: int, pixels: Sequence[int] = IMAGE, **attributes: Any) -> NodeProto:
    """An MVAU of 2-bit weights, by default of one lane each way."""
    shape = {"numInputVectors": [1, *pixels], "MW": inputs, "MH": rows, "weightDataType": "INT2"}
    return node("BitMVAU", f"{source} w", to, **({"SIMD": 1, "PE": 1, "outputDataType": "INT16"} | shape | attributes))


def added(left: str, right: str, to: str, channels: int) -> NodeProto:
    """A sum, two channels a beat."""
    types = {"lhsDataType": "INT4", "rhsDataType": "INT4", "lhsScale": 1, "rhsScale": 1}
    shape = {"numInputVectors": [1, *IMAGE], "NumChannels": channels, "PE": 1}
    return helper.make_node(
        "StreamAdd_rtl", [left, right], [to], name=to, domain=DOMAIN, backend="fpgadataflow", **types, **shape
    )


def network(*nodes: NodeProto) -> ModelWrapper:
    """A graph of them: what none makes enters, what none reads leaves."""
    made = {name: (n, k) for n in nodes for k, name in enumerate(n.output)}
    read = {n.input[k]: (n, k) for n in nodes for k in range(len(getCustomOp(n).streams_in()))}
    ends = [
        [helper.make_tensor_value_info(t, 1, list(getattr(getCustomOp(n), side)()[k].shape))
         for t, (n, k) in these.items() if t not in others]
        for side, these, others in (("streams_in", read, made), ("streams_out", made, read))
    ]  # fmt: skip
    return ModelWrapper(qonnx_make_model(helper.make_graph(list(nodes), "piece", *ends)))


def depths(model: ModelWrapper, target: int) -> dict[str, int]:
    """Depth by the tensor that a FIFO reads."""
    fifos = model.transform(InsertFIFOs(target)).get_nodes_by_op_type("StreamFIFO_rtl")
    assert all(getCustomOp(n).attr("leastDepth") == 0 for n in fifos)
    return {n.input[0]: getCustomOp(n).attr("depth") for n in fifos}


@pytest.mark.parametrize(
    ("inputs", "options", "depth"),
    [
        (6, {"PE": 1}, 6),  # a vector, which it replays for its two rows
        (6, {"PE": 1, "SIMD": 2}, 3),
        (2, {"PE": 1, "SIMD": 2}, 2),  # one beat, and a FIFO has two at least
        (6, {"PE": 2}, 0),
    ],
)
def test_a_vector_gathers_before_an_op_that_replays_it(inputs: int, options: dict[str, int], depth: int) -> None:
    model = network(dense("x", "y", inputs, 2, **options))
    assert depths(model, NEVER) == ({"x": depth} if depth else {})


def test_a_window_that_feeds_it_gives_the_vector_at_once_width_converter_or_not() -> None:
    converter = node("StreamDWC", "a", "b", shape=[1, *IMAGE, 36], inLanes=1, outLanes=2, dataType="INT4")
    direct = [window("x", "a"), dense("a", "y", 36, 2)]
    for nodes in (direct, [direct[0], converter, dense("b", "y", 36, 2, SIMD=2)]):
        assert depths(network(*nodes), NEVER) == {}


def test_a_row_waits_between_two_windows_of_which_the_first_has_a_stride_where_both_are_busy() -> None:
    """Three rows of four pixels of five channels, one a beat."""
    half = [3, 4]
    behind = node(
        "SWG", "b", "c", IFMDim=half, IFMChannels=5, KernelDim=[3, 3], Padding=[1, 1, 1, 1], SIMD=1, Stride=[1, 1]
    )
    point = {"KernelDim": [1, 1], "Padding": [0] * 4}
    model = network(window("x", "a", 2, **point), dense("a", "b", 4, 5, half, PE=5), behind)
    busy = min(getCustomOp(model.get_node_from_name(n)).get_exp_cycles() for n in "ac")
    links, last = Links(model), model.get_node_from_name("c")
    assert InsertFIFOs(busy)._stride_depth(links, last) == 4 * 5
    assert InsertFIFOs(4 * busy // 3)._stride_depth(links, last) == 0 == busy % 3
    assert InsertFIFOs(4 * busy // 3 - 1)._stride_depth(links, last) == 4 * 5
    assert InsertFIFOs(1)._stride_depth(links, model.get_node_from_name("a")) == 0
    even = network(window("x", "a", 1, **point), dense("a", "b", 4, 4, PE=4), window("b", "c"))
    assert InsertFIFOs(1)._stride_depth(Links(even), even.get_node_from_name("c")) == 0


def test_what_repeats_rows_gathers_input_meanwhile() -> None:
    """Three quarters of a row of six beats, rounded up, and four; a DepthToSpace a half, and its bursts behind it."""
    up = node("Upsample", "x", "y", IFMDim=[5, 3], Scale=[4, 2], NumChannels=2)
    assert depths(network(up), NEVER) == {"x": 5 + 4}
    blocks = node("DepthToSpace", "x", "a", IFMDim=[3, 3], NumChannels=2, BlockSize=2)
    model = network(blocks, dense("a", "y", 2, 1, (6, 6)))
    stream = getCustomOp(model.get_node_from_name("y")).streams_in()[0]
    assert depths(model, NEVER) == {"x": 3 * 8 // 2 + 4, "a": 2 * stream.folds}


def test_rows_of_a_pool_come_at_once() -> None:
    """Four results of two channels, one a beat."""
    shape = {"IFMChannels": 2, "KernelDim": [2, 2], "Stride": [2, 2], "Padding": [0] * 4, "PE": 1}
    pool = node("StreamPool", "x", "a", IFMDim=[*IMAGE], Function="max", **shape)
    assert depths(network(pool, dense("a", "y", 2, 1, (3, 4))), NEVER) == {"a": 4 * 2}


def test_the_shortcut_of_a_unit_waits_for_its_window() -> None:
    unit = node(
        "BitConv", "x s w t", "y", inputDataType="BIPOLAR", IFMDim=[*IMAGE], IFMChannels=4, KernelDim=[3, 3],
        Stride=[1, 1], Padding=[1, 1, 1, 1], Dilation=[1, 1], MH=4, PE=1, SIMD=1, Lanes=1, InLanes=1,
        accDataType="INT8", outputDataType="UINT4", shortcut="stream", shortcutDataType="INT4", numSteps=15,
    )  # fmt: skip
    op = getCustomOp(unit)
    wait = Fraction(IMAGE[1] + 2, IMAGE[0] * IMAGE[1]) + Fraction(16 + op.window_cycles(), op.get_exp_cycles())
    beats = op.streams_in()[1].beats
    assert depths(network(unit), NEVER) == {"s": ceil(wait * beats) + beats // IMAGE[0] // 2 + 4}


def test_parts_of_a_split_wait_before_it_as_long_as_the_part_that_waits_least() -> None:
    """Sums of one channel each: one waits for a window, the other for two; the second part waits for the rest."""
    split = node("StreamSplit", "x", "a b", numInputVectors=[1, *IMAGE], Selection=[0, 1])
    first = [window("z", "z1", IFMChannels=1, SIMD=1), dense("z1", "z2", 9, 1)]
    second = [window("u", "u1", IFMChannels=1, SIMD=1), dense("u1", "u2", 9, 1),
              window("u2", "u3", IFMChannels=1, SIMD=1), dense("u3", "u4", 9, 1)]  # fmt: skip
    model = network(split, *first, *second, added("a", "z2", "y", 1), added("b", "u4", "v", 1))
    fifos = InsertFIFOs(NEVER)
    lags = fifos._lags(model, {})
    assert 0 < lags["z2"] < lags["u4"]
    streams = {n: getCustomOp(model.get_node_from_name(n)).streams_in() for n in ("a", "v")}
    found = depths(model, NEVER)
    assert found["x"] >= fifos._join_depth(streams["a"][0], lags["z2"]) > 2 * (IMAGE[1] + 2)
    assert "a" not in found and found["b"] >= fifos._join_depth(streams["v"][0], lags["u4"] - lags["z2"])
    assert found["b"] < fifos._join_depth(streams["v"][0], lags["u4"])
    alone = network(split, *second, dense("a", "y", 1, 1), added("b", "u4", "v", 1))
    assert "x" not in depths(alone, NEVER), "a part that does not wait is not held up"


@pytest.mark.parametrize(("channels", "depth"), [(1, 2), (3, 3)])
def test_a_busy_join_has_a_pixel_of_each_part(channels: int, depth: int) -> None:
    """Of one beat where the part has one channel, and a FIFO has two at least."""
    selection = [k for k in range(2) for _ in range(channels)]
    nodes = [
        node("StreamSplit", "x", "a b", numInputVectors=[1, *IMAGE], Selection=selection),
        helper.make_node(
            "StreamConcat_rtl", ["a", "b"], ["y"], name="y", domain=DOMAIN, backend="fpgadataflow",
            numInputVectors=[1, *IMAGE], Selection=selection, inputDataTypes=["INT4"] * 2, Factors=[1, 1],
        ),
    ]  # fmt: skip
    busy = max(getCustomOp(n).get_exp_cycles() for n in nodes)
    found = InsertFIFOs(busy)._held(Links(network(*nodes)))
    assert found == {("y", 0): channels, ("y", 1): channels}
    assert depths(network(*nodes), busy) == {"a": depth, "b": depth}


def test_beats_that_a_window_lacks_wait_where_it_or_its_reader_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reader takes 864 cycles of a frame: three quarters of 1,152 leave time to catch up."""
    monkeypatch.setattr(SWG_rtl, "beats_missing", lambda *_: 7)
    model = network(window("x", "a", SIMD=4), dense("a", "y", 36, 2, SIMD=4))
    assert depths(model, 1152) == {} and depths(model, 1151) == {"x": 7}
