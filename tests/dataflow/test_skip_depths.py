"""Least depths of skips, against beats counted by hand."""

from typing import Any

import pytest
from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.graph import Links
from finn_build.dataflow.ops.base import DOMAIN
from finn_build.dataflow.passes._skips import least_depths, too_shallow

IMAGE, CHANNELS = [5, 4], 4
Chain = list[tuple[str, int]]  # ("pool", kernel), ("border", kernel of the pool behind it) or ("dwc", lanes to go to)


def node(op: str, inputs: list[str], outputs: list[str], **attributes: Any) -> NodeProto:
    name = f"{op}_{outputs[0]}"
    return helper.make_node(
        f"{op}_rtl", inputs, outputs, name=name, domain=DOMAIN, backend="fpgadataflow", **attributes
    )


def forked(path: Chain, skip: Chain, lanes: int = 1, outputs: int = 2) -> ModelWrapper:
    """x -> copies; one through `path`, one through `skip`, both into an add; a third leaves."""
    common = {"NumChannels": CHANNELS, "numInputVectors": [1, *IMAGE]}
    nodes = [
        node(
            "DuplicateStreams", ["x"], [f"c{k}" for k in range(outputs)], PE=lanes, NumOutputStreams=outputs,
            inputDataType="INT4", **common,
        )
    ]  # fmt: skip
    ends, most = [], []
    for k, chain in enumerate((path, skip)):
        tensor, now = f"c{k}", lanes
        for number, (what, size) in enumerate(chain):
            out = f"{tensor}_{number}"
            if what == "dwc":
                nodes.append(
                    node(
                        "StreamDWC", [tensor], [out], shape=[1, *IMAGE, CHANNELS], inLanes=now, outLanes=size,
                        dataType="INT4",
                    )
                )  # fmt: skip
                now = size
            else:
                sides, image = [size // 2] * 4, IMAGE
                if what == "border":
                    nodes.append(
                        node(
                            "StreamBorder", [tensor], [f"{out}_wide"], IFMDim=image, NumChannels=CHANNELS, PE=now,
                            Padding=sides, Mode="reflect", inputDataType="INT4",
                        )
                    )  # fmt: skip
                    tensor, sides, image = f"{out}_wide", [0] * 4, [side + 2 * (size // 2) for side in IMAGE]
                nodes.append(
                    node(
                        "StreamPool", [tensor], [out], IFMDim=image, IFMChannels=CHANNELS, KernelDim=[size] * 2,
                        Padding=sides, Stride=[1, 1], PE=now, inputDataType="INT4", Function="max",
                    )
                )  # fmt: skip
            tensor = out
        ends.append(tensor)
        most.append(now)
    assert most[0] == most[1]
    nodes.append(node("StreamAdd", ends, ["y"], PE=most[0], lhsDataType="INT4", rhsDataType="INT4", **common))
    left = [f"c{k}" for k in range(2, outputs)]
    info = {n: helper.make_tensor_value_info(n, 1, [1, *IMAGE, CHANNELS]) for n in ("x", "y", *left)}
    return ModelWrapper(
        qonnx_make_model(helper.make_graph(nodes, "skip", [info["x"]], [info[n] for n in ("y", *left)]))
    )


POOL, WIDE = ("pool", 3), ("pool", 5)


@pytest.mark.parametrize(
    ("path", "skip", "lanes", "least"),
    [
        ([POOL], [], 4, 6 - 1),  # the first window wants a row and two pixels; the fork holds a beat
        ([POOL], [], 2, 5 * 2 + 1 - 1),  # of its last pixel the first channels
        ([POOL], [], 1, 5 * 4 + 1 - 1),
        ([WIDE], [], 4, 11 - 1),  # two rows and three pixels
        ([POOL, POOL], [], 4, 11 - 1),  # the second's window ends a row and a pixel later
        ([POOL, ("dwc", 4)], [("dwc", 4)], 1, (6 * 4 - 1 - 4 - 3) // 4),  # a wide beat, and of the next all but a part
        ([POOL, ("dwc", 1)], [("dwc", 1)], 4, (6 - 1 - 1) * 4 - 1),  # a wide beat and a narrow one
        ([POOL, ("dwc", 2)], [("dwc", 1), ("dwc", 2)], 4, ((6 - 1 - 1) * 4 - 1 - 2 - 1) // 2),
        ([POOL, ("dwc", 2)], [("dwc", 4), ("dwc", 2)], 1, ((5 * 4 + 2 - 1 - 4 - 1) // 4 - 1) * 2 - 1),
    ],
)
@pytest.mark.parametrize("outputs", [2, 3])
def test_least_depths(path: Chain, skip: Chain, lanes: int, least: int, outputs: int) -> None:
    model = forked(path, skip, lanes, outputs)
    assert least_depths(Links(model)) == {("StreamAdd_y", 1): least}
    join = model.graph.node[-1]
    join.input[:] = [join.input[1], join.input[0]]
    assert least_depths(Links(model)) == {("StreamAdd_y", 0): least}


def test_a_path_that_moves_the_image_down_asks_less_than_its_skip() -> None:
    """Its last row is the first that needs what the fork gives late: the skip is behind, not ahead."""
    model = forked([], [], 4)
    down = node("StreamPad", ["c0"], ["moved"], IFMDim=IMAGE, NumChannels=CHANNELS, PE=4, Padding=[1, 0, -1, 0],
                Value=0, inputDataType="INT4")  # fmt: skip
    model.graph.node.insert(1, down)
    model.graph.node[-1].input[0] = "moved"
    assert least_depths(Links(model)) == {("StreamAdd_y", 1): -1}


def test_both_ways_straight_hold_nothing_and_two_paths_are_no_skip() -> None:
    assert least_depths(Links(forked([], [], 4))) == {("StreamAdd_y", 0): 0, ("StreamAdd_y", 1): 0}
    assert least_depths(Links(forked([POOL], [WIDE], 4))) == {}


def test_a_fork_within_the_path_has_a_skip_of_its_own() -> None:
    """x -> fork -> pool -> fork -> pool -> add -> add; what follows does not count."""
    common: dict[str, Any] = {"NumChannels": CHANNELS, "numInputVectors": [1, *IMAGE], "PE": 4}
    image: dict[str, Any] = {
        "IFMDim": IMAGE, "IFMChannels": CHANNELS, "KernelDim": [3, 3], "Padding": [1] * 4, "Stride": [1, 1], "PE": 4,
        "inputDataType": "INT4", "Function": "max",
    }  # fmt: skip
    types = {"lhsDataType": "INT4", "rhsDataType": "INT4"}
    nodes = [
        node("DuplicateStreams", ["x"], ["a", "skip"], NumOutputStreams=2, inputDataType="INT4", **common),
        node("StreamPool", ["a"], ["b"], **image),
        node("DuplicateStreams", ["b"], ["c", "inner"], NumOutputStreams=2, inputDataType="INT4", **common),
        node("StreamPool", ["c"], ["d"], **image),
        node("StreamAdd", ["d", "inner"], ["e"], **types, **common),
        node("StreamAdd", ["e", "skip"], ["f"], **{**types, "lhsDataType": "INT5"}, **common),
        node("StreamPool", ["f"], ["y"], **{**image, "inputDataType": "INT6"}),
    ]
    ends = [helper.make_tensor_value_info(n, 1, [1, *IMAGE, CHANNELS]) for n in ("x", "y")]
    model = ModelWrapper(qonnx_make_model(helper.make_graph(nodes, "nested", ends[:1], ends[1:])))
    assert least_depths(Links(model)) == {("StreamAdd_e", 1): 5, ("StreamAdd_f", 1): 10}


def test_parts_of_a_split_are_no_skip() -> None:
    common: dict[str, Any] = {"numInputVectors": [1, *IMAGE], "Selection": [0, 0, 1, 1], "PE": 2}
    nodes = [
        node("StreamSplit", ["x"], ["a", "b"], inputDataType="INT4", **common),
        node("StreamConcat", ["a", "b"], ["y"], inputDataTypes=["INT4"] * 2, Factors=[1, 1], **common),
    ]
    ends = [helper.make_tensor_value_info(n, 1, [1, *IMAGE, CHANNELS]) for n in ("x", "y")]
    model = ModelWrapper(qonnx_make_model(helper.make_graph(nodes, "parts", ends[:1], ends[1:])))
    assert least_depths(Links(model)) == {}


def test_what_is_too_shallow_is_said() -> None:
    kept = {"shape": [1, *IMAGE, CHANNELS], "lanes": 4, "dataType": "INT4", "leastDepth": 1200}
    nodes = [node("StreamFIFO", [f"i{d}"], [f"o{d}"], depth=d, **kept) for d in (1199, 1200, 1201)]
    nodes.append(node("StreamDWC", ["x"], ["y"], shape=[1, 8], inLanes=1, outLanes=8, dataType="INT4"))
    for each in nodes:
        each.doc_string = "layer"
    model = ModelWrapper(qonnx_make_model(helper.make_graph(nodes, "fifos", [], [])))
    assert too_shallow(model) == ["StreamFIFO_o1199 (skip to layer) holds 1,199 beats and needs 1,200"]
