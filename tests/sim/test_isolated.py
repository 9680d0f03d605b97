"""Ops simulated side by side, each with its own recorded inputs."""

from pathlib import Path

import numpy as np
import pytest
from qonnx.core.datatype import DataType

from finn_build.dataflow.stream import Stream
from finn_build.errors import SimulationError
from finn_build.rtl.stitch import stitch
from sim.isolated import simulate_ops
from sim.verilator import Stalls
from tests.sim.toy_ops import toy_model

_STREAM = Stream((1, 4, 6), 3, DataType["INT6"])
_NODES = [
    ("fork", ["in"], ["a", "b"], 0),
    ("add", ["a"], ["a2"], 5),
    ("add", ["b"], ["b2"], 7),
    ("join", ["a2", "b2"], ["out"], 3),
]


@pytest.mark.parametrize("apart", [False, True], ids=["side by side", "cut apart"])
@pytest.mark.parametrize("stalls", [None, Stalls(4)])
def test_every_op_is_fed_its_own_inputs(tmp_path: Path, stalls: Stalls | None, apart: bool) -> None:
    """The recorded tensors need not belong together, and no op sees what its neighbour computed."""
    rng = np.random.default_rng(3)
    fed = {name: rng.integers(-10, 10, (4, *_STREAM.shape)) for name in ("in", "a", "b", "a2", "b2")}
    model = toy_model(_STREAM, _NODES)
    design = stitch(model, tmp_path) if apart else None
    results = simulate_ops(model, fed, 4, build_dir=tmp_path, stalls=stalls, design=design)
    assert list(results) == ["fork_0", "add_1", "add_2", "join_3"]
    assert np.array_equal(results["fork_0"].outputs["b"], fed["in"])
    assert np.array_equal(results["add_1"].outputs["a2"], fed["a"] + 5)
    assert np.array_equal(results["add_2"].outputs["b2"], fed["b"] + 7)
    assert np.array_equal(results["join_3"].outputs["out"], fed["a2"] + fed["b2"])
    if stalls is None:
        assert {result.cycles for result in results.values()} == {_STREAM.beats}
        assert [result.latency for result in results.values()] == [0, 1, 1, 4]
        assert set(results["join_3"].streams) == {"in0_V", "in1_V", "out0_V"}


def test_one_frame_counts_from_first_to_last_beat(tmp_path: Path) -> None:
    model = toy_model(_STREAM, [("add", ["in"], ["out"], 0)])
    for design in (None, stitch(model, tmp_path / "alone")):
        result = simulate_ops(model, {"in": np.zeros((1, *_STREAM.shape))}, 1, build_dir=tmp_path, design=design)[
            "add_0"
        ]
        assert result.cycles == _STREAM.beats + 1


def test_missing_inputs_are_named(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="no recorded values for input tensors: a2, b2"):
        x = np.zeros((1, *_STREAM.shape))
        simulate_ops(toy_model(_STREAM, _NODES), {"in": x, "a": x, "b": x}, 1, build_dir=tmp_path)
