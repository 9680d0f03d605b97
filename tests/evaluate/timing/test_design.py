"""Whole designs: ops synthesised one by one and joined, against the same design synthesised flat."""

from pathlib import Path

import pytest
from onnx import helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.ops.base import DOMAIN
from finn_build.evaluate.synthesis import Job, netlist_of
from finn_build.evaluate.timing import opensta
from finn_build.evaluate.timing.design import Timing, time_design
from finn_build.evaluate.timing.figures import figures
from finn_build.evaluate.timing.graph import TimingGraph
from finn_build.evaluate.timing.netlist import read_netlist
from finn_build.evaluate.timing.paths import worst_paths
from finn_build.evaluate.timing.report import misses_clock, op_sheet, timing_in_words, timing_sheet
from finn_build.finn.environment import prepare_finn
from finn_build.rtl.stitch import StitchedDesign, stitch
from tests.evaluate.timing.cells import WIRES

pytestmark = pytest.mark.slow
_SHAPE = [1, 4, 4, 24]
_OPS = ["DWC_0", "FIFO_0", "DWC_1", "DWC_2"]


def _chain() -> ModelWrapper:
    """Width converters and a FIFO in a row: `ready` runs through several of them in one cycle."""
    shared = {"domain": DOMAIN, "backend": "fpgadataflow", "shape": _SHAPE, "dataType": "INT3"}
    nodes = [
        helper.make_node("StreamDWC_rtl", ["in"], ["a"], name="DWC_0", inLanes=24, outLanes=6, **shared),
        helper.make_node("StreamFIFO_rtl", ["a"], ["b"], name="FIFO_0", lanes=6, depth=40, **shared),
        helper.make_node("StreamDWC_rtl", ["b"], ["c"], name="DWC_1", inLanes=6, outLanes=12, **shared),
        helper.make_node("StreamDWC_rtl", ["c"], ["out"], name="DWC_2", inLanes=12, outLanes=6, **shared),
    ]
    info = {name: helper.make_tensor_value_info(name, 1, _SHAPE) for name in ("in", "a", "b", "c", "out")}
    graph = helper.make_graph(nodes, "chain", [info["in"]], [info["out"]], value_info=[info[n] for n in "abc"])
    model = ModelWrapper(qonnx_make_model(graph))
    for name in info:
        model.set_tensor_datatype(name, DataType["INT3"])
    return model


@pytest.fixture(scope="module")
def design(tmp_path_factory: pytest.TempPathFactory) -> StitchedDesign:
    prepare_finn(tmp_path_factory.mktemp("finn"))
    return stitch(_chain(), tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def timing(design: StitchedDesign) -> Timing:
    return time_design(design.top, design.sources, design.mem_dir, _OPS, "xc7", WIRES)


def test_the_joined_design_is_as_slow_as_the_flat_one_or_a_little_slower(
    design: StitchedDesign, timing: Timing
) -> None:
    flat = netlist_of(Job(design.top, "xc7", design.sources, design.mem_dir))
    graph = TimingGraph(read_netlist(flat, design.top), figures("xc7"), WIRES)
    ratio = timing.worst_ns / worst_paths(graph, 1)[0].ns
    assert 1 <= ratio < 1.3


def test_opensta_vouches_where_it_is_installed(timing: Timing) -> None:
    assert timing.engine == ("OpenSTA" if opensta.found() else "own")


def test_paths_name_ops_registers_and_logic(timing: Timing) -> None:
    worst = timing.paths[0]
    assert {"DWC_1", "FIFO_0"} <= {op for path in timing.paths for op in path.ops} <= set(_OPS)
    assert worst.start.split(".")[0] == worst.ops[0] and worst.end.split(".")[0] == worst.ops[-1]
    assert [path.ns for path in timing.paths] == sorted((path.ns for path in timing.paths), reverse=True)


def test_sheet_and_words(timing: Timing) -> None:
    sheet = timing_sheet(timing, 100)
    assert sheet["slack_ns"] == round(10 - sheet["worst_ns"], 3) and not misses_clock(sheet)
    assert next(timing_in_words(sheet)).startswith("Clock (post-synthesis estimate, ")
    fast = misses_clock(timing_sheet(timing, 1000))
    assert fast.startswith("the clock of 1000 MHz is not reached: by the post-synthesis estimate the design runs at ")
    depths = op_sheet(timing.ops["DWC_0"])
    assert set(depths) == {"inside", "from_inputs", "to_outputs", "through"}


def test_equal_ops_are_synthesised_once(
    design: StitchedDesign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNFLOW_CACHE", str(tmp_path / "cache"))
    copy = tmp_path / "DWC_9.v"
    copy.write_text((design.mem_dir / "DWC_1.v").read_text().replace("DWC_1", "DWC_9"))
    for op in ("DWC_1", "DWC_9", "DWC_2"):
        netlist_of(Job(op, "xc7", (*design.sources, copy), design.mem_dir))
    assert len([p for p in (tmp_path / "cache" / "netlists").iterdir() if not p.name.startswith(".")]) == 2
