"""Which inputs of joins have to hold a pixel: those on a circle of beats that wait for each other."""

from typing import Any

import pytest
from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.ops.base import DOMAIN
from finn_build.dataflow.passes._pixel_order import pixels_held

VECTORS = [1, 5, 3]


def node(op: str, inputs: list[str], outputs: list[str], **attributes: Any) -> NodeProto:
    return helper.make_node(
        f"{op}_rtl", inputs, outputs, name=f"{op}_{outputs[0]}", domain=DOMAIN, backend="fpgadataflow",
        **{"numInputVectors": VECTORS, **attributes},
    )  # fmt: skip


def split(x: str, outputs: list[str], selection: list[int], pe: int = 1) -> NodeProto:
    return node("StreamSplit", [x], outputs, Selection=selection, inputDataType="INT4", PE=pe)


def concat(inputs: list[str], y: str, selection: list[int], pe: int = 1) -> NodeProto:
    types = ["INT4"] * len(inputs)
    return node(
        "StreamConcat", inputs, [y], Selection=selection, inputDataTypes=types, Factors=[1] * len(inputs), PE=pe
    )


def held(*nodes: NodeProto) -> dict[tuple[str, int], int]:
    ends = [helper.make_tensor_value_info(n, 1, [*VECTORS, 1]) for n in ("x", "y")]
    return pixels_held(ModelWrapper(qonnx_make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:]))))


@pytest.mark.parametrize(
    ("taken", "joined", "waits"),
    [
        ([0, 1, 0, 1], [0, 1, 0, 1], False),
        ([0, 1, 0, 1], [1, 0, 1, 0], True),
        ([0, 1, 0, 1], [0, 0, 1, 1], True),
        ([0, 0, 1, 1], [0, 0, 1, 1], False),
        ([0, 0, 0, 1, 1, 0], [0, 0, 0, 1, 1, 0], False),
        ([0, 0, 0, 1, 1, 0], [1, 1, 0, 0, 0, 0], True),
        ([0, -1, 1, 0, -1, 1], [0, 1, 0, 1], False),
    ],
)
def test_a_split_and_its_join(taken: list[int], joined: list[int], waits: bool) -> None:
    nodes = split("x", ["a", "b"], taken), concat(["a", "b"], "y", joined)
    sizes = [joined.count(k) for k in (0, 1)]
    assert held(*nodes) == ({("StreamConcat_y", k): sizes[k] for k in (0, 1)} if waits else {})


def test_only_the_inputs_on_the_circle_wait_and_lanes_count() -> None:
    """Of three parts the first is joined in place; two lanes a beat halve the beats."""
    taken = [0, 0, 1, 1, 2, 2, 1, 1, 2, 2]
    nodes = split("x", ["a", "b", "c"], taken, 2), concat(["a", "b", "c"], "y", [0, 0, 2, 2, 1, 1, 2, 2, 1, 1], 2)
    assert held(*nodes) == {("StreamConcat_y", 1): 2, ("StreamConcat_y", 2): 2}


def test_order_goes_through_what_keeps_it_and_ends_where_windows_part_it() -> None:
    add = {"NumChannels": 2, "PE": 1, "lhsDataType": "INT4", "rhsDataType": "INT4"}
    copies = node(
        "DuplicateStreams", ["b"], ["b0", "b1"], NumChannels=2, PE=1, NumOutputStreams=2, inputDataType="INT4"
    )
    through = [
        split("x", ["a", "b"], [0, 1, 0, 1]), copies, node("StreamAdd", ["b0", "b1"], ["s"], **add),
        concat(["a", "s"], "y", [1, 1, 0, 0]),
    ]  # fmt: skip
    assert held(*through) == {(f"Stream{join}", k): 2 for join in ("Add_s", "Concat_y") for k in (0, 1)}
    window: dict[str, Any] = {
        "IFMDim": [5, 3], "IFMChannels": 2, "KernelDim": [3, 3], "Padding": [1] * 4, "Stride": [1, 1], "PE": 1,
        "inputDataType": "INT4", "Function": "max",
    }  # fmt: skip
    pool = helper.make_node(
        "StreamPool_rtl", ["b"], ["s"], name="Pool", domain=DOMAIN, backend="fpgadataflow", **window
    )
    assert held(split("x", ["a", "b"], [0, 1, 0, 1]), pool, concat(["a", "s"], "y", [1, 1, 0, 0])) == {}


def test_a_circle_through_an_add_of_two_parts() -> None:
    """The add takes channel k of both at once, the stream has them one behind the other."""
    add = {"NumChannels": 2, "PE": 1, "lhsDataType": "INT4", "rhsDataType": "INT4"}
    apart = [split("x", ["a", "b"], [0, 0, 1, 1]), node("StreamAdd", ["a", "b"], ["y"], **add)]
    assert held(*apart) == {("StreamAdd_y", 0): 2, ("StreamAdd_y", 1): 2}
    assert held(split("x", ["a", "b"], [0, 1, 0, 1]), apart[1]) == {("StreamAdd_y", 0): 2, ("StreamAdd_y", 1): 2}
