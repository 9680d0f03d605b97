"""Stitched designs: what is written, what is refused, FINN's own RTL among ours."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.base import DOMAIN
from finn_build.dataflow.stream import Stream
from finn_build.errors import UnsupportedModelError
from finn_build.licence import is_licensed
from finn_build.rtl.stitch import stitch
from sim.stitched import simulate
from sim.verilator import Stalls, TopStream, compile_model
from tests.sim.toy_ops import toy_model

_STREAM = Stream((1, 5, 5, 4), 2, DataType["INT4"])


def _chain() -> ModelWrapper:
    return toy_model(_STREAM, [("add", ["in"], ["odd name/0"], 1), ("fifo", ["odd name/0"], ["out"], 4)])


def test_streams_of_the_design(tmp_path: Path) -> None:
    design = stitch(_chain(), tmp_path, top="chip")
    assert [(s.node, s.tensor, s.signal) for s in design.inputs] == [("add_0", "in", "s_axis_0")]
    assert [(s.node, s.tensor, s.signal) for s in design.taps] == [("add_0", "odd name/0", "odd_name_0")]
    assert [(s.node, s.tensor, s.signal) for s in design.outputs] == [("fifo_1", "out", "m_axis_0")]
    assert design.longest_cycles == _STREAM.beats and design.mem_dir == tmp_path
    assert [path.name for path in design.sources] == [
        "toy_add.sv", "add_0.v", "toy_fifo.sv", "fifo_1.v", "chip.v",
    ]  # fmt: skip


def test_folder_is_self_contained(tmp_path: Path) -> None:
    """Moved elsewhere, with the original gone, the folder alone simulates by its own list."""
    stitch(_chain(), tmp_path / "stitched")
    moved = tmp_path / "elsewhere"
    shutil.move(tmp_path / "stitched", moved)
    lines = (moved / "sources.f").read_text().splitlines()
    assert "// memory file: add_0_addend.mem" in lines
    assert not any(str(tmp_path) in path.read_text() for path in moved.iterdir())
    sources = [moved / line for line in lines if not line.startswith("//")]
    simulator = compile_model(
        "accelerator", sources, [TopStream("s_axis_0", 8, 50)], [TopStream("m_axis_0", 8, 50)]
    )  # fmt: skip
    beats = np.full((50, 1), 0x21, np.uint8)
    result = simulator.run({"s_axis_0": beats}, 1, cwd=moved, watchdog_cycles=100)
    assert (result.outputs["m_axis_0"] == 0x32).all()


def test_an_earlier_design_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("the user's own")
    stitch(_chain(), tmp_path)
    stitch(toy_model(_STREAM, [("fork", ["in"], ["out", "out2"], 0)], outputs=("out", "out2")), tmp_path, top="y")
    assert {path.name for path in tmp_path.iterdir()} == {
        "fork_0.v",
        "toy_fork.sv",
        "y.v",
        "sources.f",
        "LICENSE",
        "notes.txt",
    }


def test_ports_follow_the_order_of_the_graph(tmp_path: Path) -> None:
    nodes = [("join", ["b", "a"], ["mid"], 1), ("fork", ["mid"], ["y", "x"], 0)]
    design = stitch(toy_model(_STREAM, nodes, inputs=("a", "b"), outputs=("x", "y")), tmp_path)
    assert [(s.tensor, s.signal) for s in design.inputs] == [("a", "s_axis_0"), ("b", "s_axis_1")]
    assert [(s.tensor, s.signal) for s in design.outputs] == [("x", "m_axis_0"), ("y", "m_axis_1")]
    a, b = np.random.default_rng(0).integers(-4, 4, (2, 3, *_STREAM.shape))
    tensors, _ = simulate(design, {"a": a, "b": b}, 3, stalls=Stalls(5), switched=True)
    assert np.array_equal(tensors["x"], a + b) and np.array_equal(tensors["y"], a + b)


def test_names_that_become_equal_stay_apart(tmp_path: Path) -> None:
    nodes = [("add", ["in"], ["t.1"], 1), ("add", ["t.1"], ["t/1"], 1), ("add", ["t/1"], ["out"], 1)]
    design = stitch(toy_model(_STREAM, nodes), tmp_path)
    assert [s.signal for s in design.taps] == ["t_1", "t_1_1"]
    tensors, _ = simulate(design, {"in": np.zeros((1, *_STREAM.shape))}, 1)
    assert [int(tensors[name].max()) for name in ("t.1", "t/1", "out")] == [1, 2, 3]


def test_finn_rtl_between_ours(tmp_path: Path) -> None:
    model = toy_model(_STREAM, [("add", ["in"], ["a"], 1), ("fifo", ["a"], ["out"], 4)])
    padded = Stream((1, 7, 7, 4), 2, DataType["INT4"])
    _replace_by_padding(model, padded)
    x = np.random.default_rng(1).integers(-8, 7, (3, *_STREAM.shape))
    design = stitch(model, tmp_path)
    tensors, _ = simulate(design, {"in": x}, 3, stalls=Stalls(2), switched=True)
    licences = {path.name: is_licensed(path.read_text()) for path in design.sources}  # of our sources, not of FINN's
    assert licences.pop("add_0.v") and licences.pop("toy_add.sv") and licences.pop("accelerator.v")
    assert licences and not any(licences.values())
    assert np.array_equal(tensors["out"], np.pad(x + 1, ((0, 0), (0, 0), (1, 1), (1, 1), (0, 0))))


def _replace_by_padding(model: ModelWrapper, padded: Stream) -> None:
    """FINN's FMPadding_rtl in place of the last node."""
    model.graph.node.remove(model.graph.node[-1])
    attributes = {
        "ImgDim": [5, 5], "Padding": [1, 1, 1, 1], "NumChannels": 4, "SIMD": 2, "inputDataType": "INT4",
    }  # fmt: skip
    node = helper.make_node(
        "FMPadding_rtl", ["a"], ["out"], name="pad", domain=DOMAIN, backend="fpgadataflow", **attributes
    )
    model.graph.node.append(node)
    model.set_tensor_shape("out", list(padded.shape))


@pytest.mark.parametrize(
    ("nodes", "outputs", "message"),
    [
        (
            [("add", ["in"], ["a"], 1), ("add", ["a"], ["x"], 1), ("add", ["a"], ["y"], 1)],
            ("x", "y"),
            "stitching: a has 2 receivers (add_1, add_2), must have 1; insert DuplicateStreams",
        ),
        (
            [("fork", ["in"], ["out", "lost"], 1)],
            ("out",),
            "stitching: lost has 0 receivers (none), must have 1; insert DuplicateStreams",
        ),
        (
            [("join", ["in", "nowhere"], ["out"], 1)],
            ("out",),
            "stitching: nowhere feeds join_0 but comes from no node",
        ),
    ],
)
def test_graphs_that_do_not_connect(tmp_path: Path, nodes: list, outputs: tuple[str, ...], message: str) -> None:
    with pytest.raises(UnsupportedModelError) as error:
        stitch(toy_model(_STREAM, nodes, outputs=outputs), tmp_path)
    assert str(error.value) == message


def test_ends_that_differ(tmp_path: Path) -> None:
    model = _chain()
    lanes = next(a for a in model.graph.node[1].attribute if a.name == "lanes")
    lanes.i = 4
    with pytest.raises(UnsupportedModelError, match=r"odd name/0: add_0 sends .*lanes=2.*fifo_1 takes .*lanes=4"):
        stitch(model, tmp_path)
    assert not (tmp_path / "sources.f").exists()


def test_nodes_that_are_no_hardware(tmp_path: Path) -> None:
    model = _chain()
    model.graph.node.append(helper.make_node("Relu", ["out"], ["z"], name="relu"))
    model.graph.node.append(helper.make_node("Nonsense", ["z"], ["zz"], domain=DOMAIN))
    with pytest.raises(UnsupportedModelError, match=re.escape("none: relu (Relu), Nonsense (Nonsense)")):
        stitch(model, tmp_path)


def test_names_must_be_unique(tmp_path: Path) -> None:
    model = _chain()
    model.graph.node[1].name = "add_0"
    with pytest.raises(UnsupportedModelError, match=r"unique names of letters, .* apply GiveUniqueNodeNames first"):
        stitch(model, tmp_path)
