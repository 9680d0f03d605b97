"""FIFO depths in closed form: enough for the full rate, and a shortcut without its FIFO deadlocks, named."""

import copy
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.graph import Links
from finn_build.dataflow.ops.base import DOMAIN, Stream, Trait
from finn_build.dataflow.passes._pixel_order import pixels_held
from finn_build.dataflow.passes.insert_fifos import InsertFIFOs
from finn_build.dataflow.passes.insert_width_converters import InsertWidthConverters
from finn_build.dataflow.passes.set_folding import SetFolding, unfolded_cycles
from finn_build.errors import ConfigError, SimulationError
from finn_build.rtl.stitch import stitch
from sim.stitched import simulate
from tests.dataflow.passes.streams import execute, frame, lowered


@pytest.fixture(scope="module")
def buffered(tmp_path_factory: pytest.TempPathFactory) -> ModelWrapper:
    model = lowered(tmp_path_factory.mktemp("net"), bits=1)
    cycles = unfolded_cycles(model)
    return model.transform(SetFolding(cycles)).transform(InsertWidthConverters()).transform(InsertFIFOs(cycles))


def _shortcut_fifo(model: ModelWrapper):  # type: ignore[no-untyped-def]
    add = model.get_nodes_by_op_type("StreamAdd_rtl")[0]
    producers = [model.find_producer(i) for i in add.input]
    return next(p for p in producers if p.op_type == "StreamFIFO_rtl")


def test_a_depth_by_name_replaces_the_one_found(tmp_path: Path) -> None:
    model = lowered(tmp_path, bits=1).transform(InsertWidthConverters())
    name = model.transform(InsertFIFOs(100)).get_nodes_by_op_type("StreamFIFO_rtl")[0].name
    set_by_name = model.transform(InsertFIFOs(100, {name: 777}))
    assert getCustomOp(set_by_name.get_node_from_name(name)).attr("depth") == 777
    with pytest.raises(ConfigError, match=rf"^fifos: no FIFO is called FIFO_99; legal: .*{name}"):
        model.transform(InsertFIFOs(100, {"FIFO_99": 3}))


def test_only_the_shorter_way_waits_and_values_stay(buffered: ModelWrapper, tmp_path: Path) -> None:
    add = buffered.get_nodes_by_op_type("StreamAdd_rtl")[0]
    assert [buffered.find_producer(i).op_type for i in add.input].count("StreamFIFO_rtl") == 1
    assert np.array_equal(execute(buffered, frame()), execute(lowered(tmp_path, bits=1), frame()))


def test_full_rate_with_the_real_fifos(buffered: ModelWrapper, tmp_path: Path) -> None:
    frames = np.concatenate([frame(seed) for seed in range(5)])
    design = stitch(buffered, tmp_path / "stitched")
    _, result = simulate(design, {buffered.graph.input[0].name: frames}, 5)
    ends = result.streams["m_axis_0"].frame_end
    slowest = max(getCustomOp(n).get_exp_cycles() for n in buffered.graph.node)
    assert max(np.diff(ends)) * 0.99 <= slowest


def test_a_shortcut_without_its_fifo_deadlocks_and_the_watchdog_says_where(
    buffered: ModelWrapper, tmp_path: Path
) -> None:
    model = copy.deepcopy(buffered)
    getCustomOp(_shortcut_fifo(model)).set_nodeattr("depth", 2)
    design = stitch(model, tmp_path / "stitched")
    shortcut = _shortcut_fifo(model).output[0]
    with pytest.raises(SimulationError) as error:
        simulate(design, {model.graph.input[0].name: np.concatenate([frame(), frame()])}, 2)
    assert shortcut in str(error.value)


@pytest.mark.parametrize(("selection", "waiting"), [([0, 1, 0, 1], False), ([1, 0, 1, 0], True), ([0, 0, 1, 1], True)])
def test_parts_wait_where_a_join_takes_them_in_another_order(selection: list[int], waiting: bool) -> None:
    attributes = {"numInputVectors": [1, 5, 3], "domain": DOMAIN, "backend": "fpgadataflow"}
    nodes = [
        helper.make_node(
            "StreamSplit_rtl", ["x"], ["a", "b"], name="Split_0", Selection=[0, 1, 0, 1], inputDataType="INT4",
            **attributes,
        ),
        helper.make_node(
            "StreamConcat_rtl", ["a", "b"], ["y"], name="Concat_0", Selection=selection,
            inputDataTypes=["INT4"] * 2, Factors=[1, 1], **attributes,
        ),
    ]  # fmt: skip
    ends = [helper.make_tensor_value_info(n, 1, [1, 5, 3, 4]) for n in ("x", "y")]
    model = ModelWrapper(qonnx_make_model(helper.make_graph(nodes, "chain", [ends[0]], [ends[1]])))
    assert pixels_held(model) == ({("Concat_0", 0): 2, ("Concat_0", 1): 2} if waiting else {})
    slow = model.transform(InsertFIFOs(10 * 60))  # nothing is busy
    assert len(slow.get_nodes_by_op_type("StreamFIFO_rtl")) == 2 * waiting
    busy = max(getCustomOp(node).get_exp_cycles() for node in model.graph.node)
    held = [InsertFIFOs(cycles)._held(Links(model)) for cycles in (2 * busy, 2 * busy - 1)]
    assert [len(inputs) for inputs in held] == [2 * waiting, 2], "from half of the cycles on they do not wait"


def test_only_windows_that_are_paced_lack_beats(tmp_path: Path) -> None:
    """The beats that they say; none where they, and what is around them, have twice the cycles."""
    links = Links(lowered(tmp_path, bits=4).transform(InsertWidthConverters()))
    windows = [node for node in links.nodes if Trait.SLIDES in getCustomOp(node).traits]
    assert windows
    for node in windows:
        op, reader = getCustomOp(node), getCustomOp(links.reader(node.output[0]))
        busy, arrival = max(op.get_exp_cycles(), reader.get_exp_cycles()), InsertFIFOs(1)._busiest_before(links, node)
        paced = op.beats_missing(arrival, busy, 1 / reader.vector_reads())
        assert InsertFIFOs(1)._pace_depth(links, node) == paced
        assert InsertFIFOs(2 * max(busy, arrival))._pace_depth(links, node) == 0


def test_depths_at_a_join_are_lag_margin_and_pipelines() -> None:
    """Beats of a stream that wait for another one: those of the lag, half a row and four more."""
    stream, fifos = Stream((1, 8, 6, 4), 2, DataType["INT4"]), InsertFIFOs(1000)
    assert fifos._join_depth(stream, Fraction(0)) == 0
    assert fifos._join_depth(stream, Fraction(1, 8)) == 12 + 6 + 4
    assert fifos._join_depth(stream, Fraction(1, 8) + Fraction(1, 1000)) == 13 + 6 + 4


def test_what_grows_lags_by_the_rows_that_it_keeps() -> None:
    """Three of four copies of a row are sent while the next row arrives."""
    attributes = {"domain": DOMAIN, "backend": "fpgadataflow", "inputDataType": "INT4", "NumChannels": 2}
    node = helper.make_node("Upsample_rtl", ["x"], ["y"], name="Up", IFMDim=[5, 3], Scale=[4, 2], **attributes)
    ends = [helper.make_tensor_value_info(n, 1, s) for n, s in (("x", [1, 5, 3, 2]), ("y", [1, 20, 6, 2]))]
    model = ModelWrapper(qonnx_make_model(helper.make_graph([node], "up", ends[:1], ends[1:])))
    lag, filled = InsertFIFOs(1000)._lags, getCustomOp(node).fill_cycles()
    assert lag(model, {})["y"] == Fraction(3, 4) / 5 + Fraction(filled, 1000)
    assert lag(model, {"Up": 120})["y"] == Fraction(3, 4) / 5 + Fraction(filled, 120)
