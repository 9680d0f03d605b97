"""The simulator on small designs whose behaviour is known."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qonnx.core.datatype import DataType

import sim._toolchain
from finn_build.dataflow.stream import Stream
from finn_build.errors import SimulationError
from finn_build.rtl.stitch import StitchedDesign, stitch
from sim._waves import wave_format
from sim.stitched import compile_design, simulate
from sim.verilator import Stalls, TopStream, compile_model
from tests.sim.toy_ops import toy_model

_STREAM = Stream((1, 4, 4, 6), 3, DataType["INT5"])
_BYTES = Stream((1, 16), 1, DataType["UINT8"])


def _wrapped(total: np.ndarray) -> np.ndarray:
    return (total + 16) % 32 - 16


def _frames(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-16, 16, (count, *_STREAM.shape))


def _diamond(folder: Path, fifo_depth: int, addend: int = 3) -> StitchedDesign:
    """in -> add -> fork -> (fifo, straight) -> join, where the join starts with 6 beats of the straight way."""
    nodes = [
        ("add", ["in"], ["a"], addend),
        ("fork", ["a"], ["skip", "way"], 0),
        ("fifo", ["skip"], ["late"], fifo_depth),
        ("join", ["way", "late"], ["out"], 6),
    ]
    return stitch(toy_model(_STREAM, nodes), folder)


def _single(folder: Path, kind: str, value: int, stream: Stream = _BYTES) -> StitchedDesign:
    return stitch(toy_model(stream, [(kind, ["in"], ["out"], value)]), folder)


def test_full_speed(tmp_path: Path) -> None:
    design, x = _diamond(tmp_path, fifo_depth=8), _frames(5)
    tensors, result = simulate(design, {"in": x}, 5)
    assert np.array_equal(tensors["a"], _wrapped(x + 3))
    assert np.array_equal(tensors["late"], tensors["way"])
    assert np.array_equal(tensors["out"], _wrapped(2 * (x + 3)))
    ends = np.array([result.streams["m_axis_0"].frame_end, result.streams["s_axis_0"].frame_end])
    assert (np.diff(ends) == _STREAM.beats).all()
    assert result.streams["s_axis_0"].first_beat == 0 and result.streams["a"].first_beat == 1
    assert result.cycles == result.streams["m_axis_0"].frame_end[-1] + 1
    switched = simulate(design, {"in": x}, 5, switched=True)
    assert switched[0].keys() == tensors.keys() and all(np.array_equal(switched[0][n], tensors[n]) for n in tensors)
    assert (switched[1].streams, switched[1].cycles) == (result.streams, result.cycles)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_stalls_change_the_timing_and_not_the_data(tmp_path: Path, seed: int) -> None:
    design, x = _diamond(tmp_path, fifo_depth=8), _frames(20, seed)
    calm, fast = simulate(design, {"in": x}, 20)
    shaken, slow = simulate(design, {"in": x}, 20, stalls=Stalls(seed))
    again, same = simulate(design, {"in": x}, 20, stalls=Stalls(seed))
    assert all(np.array_equal(calm[name], shaken[name]) for name in calm)
    assert slow.cycles > 1.3 * fast.cycles and slow.streams["m_axis_0"].stalled > 0
    assert same.streams == slow.streams and np.array_equal(again["out"], calm["out"])


@pytest.mark.parametrize("cycle", [0, 1, 17, 45, 100])
def test_reset_in_mid_frame_starts_over(tmp_path: Path, cycle: int) -> None:
    design, x = _diamond(tmp_path, fifo_depth=8), _frames(4)
    tensors, result = simulate(design, {"in": x}, 4, stalls=Stalls(7), reset_at_cycle=cycle)
    assert np.array_equal(tensors["out"], _wrapped(2 * (x + 3)))
    assert result.streams["s_axis_0"].first_beat >= cycle


@pytest.mark.parametrize(("depth", "fill"), [(5, 5), (8, 7)])
def test_fill_of_a_fifo(tmp_path: Path, depth: int, fill: int) -> None:
    """The join begins two cycles after its sixth beat has come, by when a seventh is in the skip, if it has room."""
    design = replace(_diamond(tmp_path, fifo_depth=depth), fifos={"late": "skip"})
    _, result = simulate(design, {"in": _frames(3)}, 3)
    assert result.fills == {"late": fill}


def test_watchdog_names_the_streams_of_a_deadlock(tmp_path: Path) -> None:
    """With room for one beat too few the fork waits for the FIFO, the join for the fork."""
    tensors, _ = simulate(_diamond(tmp_path, fifo_depth=5), {"in": _frames(2)}, 2)
    assert len(tensors["out"]) == 2
    with pytest.raises(SimulationError) as error:
        simulate(_diamond(tmp_path, fifo_depth=4), {"in": _frames(2)}, 2, watchdog_cycles=500)
    text = str(error.value)
    assert "no stream moved for 500 cycles" in text
    blocked, starving = text.split("valid but not ready: ")[1].split("; ready but not valid: ")
    assert [part.split(" ")[0] for part in blocked.split(", ")] == ["s_axis_0", "a", "skip", "late"]
    assert [part.split(" ")[0] for part in starving.split(", ")] == ["m_axis_0", "way"]
    assert "skip (4 of 64 beats)" in blocked and "m_axis_0 (0 of 64 beats)" in starving


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (1, r"stream m_axis_0 \(\d+ of 64 beats\) at cycle \d+: valid dropped before ready"),
        (2, r"stream m_axis_0 \(\d+ of 64 beats\) at cycle \d+: payload changed while valid and not ready"),
        (3, r"valid but not ready: s_axis_0 \(\d+ of 64 beats\)"),
        (4, r"ready but not valid: m_axis_0 \(56 of 64 beats\)"),
        (5, r"toy_rude: seven is forbidden"),
        (7, r"ready but not valid: m_axis_0 \(0 of 64 beats\)"),
    ],
)
def test_broken_streams_are_caught(tmp_path: Path, fault: int, message: str) -> None:
    x = np.tile(np.arange(16), (4, 1))
    with pytest.raises(SimulationError, match=message):
        simulate(_single(tmp_path, "rude", fault), {"in": x}, 4, stalls=Stalls(2))
    tensors, _ = simulate(_single(tmp_path, "rude", 6), {"in": x}, 4, stalls=Stalls(2))
    assert np.array_equal(tensors["out"].reshape(4, 16), x)


def test_protocol_is_checked_inside_too(tmp_path: Path) -> None:
    nodes = [("rude", ["in"], ["inner"], 2), ("fifo", ["inner"], ["out"], 2)]
    design = stitch(toy_model(_BYTES, nodes), tmp_path)
    with pytest.raises(SimulationError, match=r"stream inner .* payload changed"):
        simulate(design, {"in": np.zeros((4, 16))}, 4, stalls=Stalls(1))


def test_other_memory_contents_need_no_compilation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = _frames(2)
    simulate(_diamond(tmp_path / "one", 8, addend=3), {"in": x}, 2)

    def forbidden(*args: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr("sim.verilator.build_simulator", forbidden)
    start = time.perf_counter()
    tensors, _ = simulate(_diamond(tmp_path / "two", 8, addend=9), {"in": x}, 2)
    assert time.perf_counter() - start < 2
    assert np.array_equal(tensors["a"], _wrapped(x + 9))
    with pytest.raises(AssertionError, match="compiled again"):
        simulate(_diamond(tmp_path / "three", 9), {"in": x}, 2)


def test_full_or_missing_disk_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    design = _single(tmp_path / "rtl", "fifo", 2)
    compile_design(design)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    monkeypatch.setattr("finn_build.processes._guards", {})
    with pytest.raises(SimulationError, match=r"simulation: .*nowhere.*: No such file or directory"):
        simulate(design, {"in": np.zeros((1, 16))}, 1)


def test_waves(tmp_path: Path) -> None:
    design = _diamond(tmp_path / "rtl", 8)
    simulate(design, {"in": _frames(2)}, 2, trace=tmp_path / "run.fst")
    waves = (tmp_path / f"run.{wave_format()}").read_bytes()
    assert len(waves) > 500
    if wave_format() == "fst":  # header block, 329 bytes long, says which time unit
        assert waves[:9] == bytes([0]) + (329).to_bytes(8, "big")
    else:
        assert b"late_tdata" in waves


def test_the_layout_names_signals_that_the_waves_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Valid, ready and data of every stream, grouped by op; as VCD, whose names are text."""
    monkeypatch.setattr("sim.verilator.wave_format", lambda: "vcd")
    simulate(_diamond(tmp_path / "rtl", 8), {"in": _frames(2)}, 2, trace=tmp_path / "run.fst")
    layout, scopes, known = (tmp_path / "run.gtkw").read_text().splitlines(), [], set()
    for line in (tmp_path / "run.vcd").read_text().splitlines():
        words = line.split()
        if words[:1] == ["$scope"]:
            scopes.append(words[2])
        elif words[:1] == ["$upscope"]:
            scopes.pop()
        elif words[:1] == ["$var"]:
            known.add(".".join([*scopes, "".join(words[4:-1])]))
    named = [line for line in layout if line.startswith("TOP.")]
    assert len(named) == 3 * 6 and set(named) <= known, set(named) - known
    assert layout[0] == '[dumpfile] "run.vcd"'
    assert layout.count("@800200") == layout.count("@1000200") == 5  # inputs, four ops


def test_waves_of_a_deadlock_are_kept(tmp_path: Path) -> None:
    design = _diamond(tmp_path / "rtl", 4)
    with pytest.raises(SimulationError, match="no stream moved"):
        simulate(design, {"in": _frames(2)}, 2, trace=tmp_path / "stuck.fst", watchdog_cycles=300)
    assert (tmp_path / f"stuck.{wave_format()}").stat().st_size > 500


def test_progress_ends_near_one(tmp_path: Path) -> None:
    seen: list[float] = []
    stream = Stream((1, 100_000, 6), 1, DataType["INT5"])
    x = np.zeros((10, *stream.shape), int)
    simulate(_single(tmp_path, "add", 1, stream), {"in": x}, 10, on_progress=seen.append)
    assert seen and seen == sorted(seen) and 0.5 < seen[-1] <= 1


def test_speed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    design, x = _diamond(tmp_path, 8), _frames(3000)
    compile_design(design)
    start = time.perf_counter()
    _, result = simulate(design, {"in": x}, 3000)
    with capsys.disabled():
        print(f"\nsimulation of a small design: {result.cycles / (time.perf_counter() - start):,.0f} cycles/s")


def test_wrong_inputs_are_refused(tmp_path: Path) -> None:
    design = _single(tmp_path, "fifo", 2)
    with pytest.raises(SimulationError, match=r"inputs given: \['x'\]; accelerator takes: \['in'\]"):
        simulate(design, {"x": np.zeros((1, 16))}, 1)
    with pytest.raises(SimulationError, match=r"uint8 \(32, 1\); 3 frames need uint8 \(48, 1\)"):
        simulate(design, {"in": np.zeros((2, 16))}, 3)
    simulator = compile_design(design)
    with pytest.raises(SimulationError, match="trace=True"):
        simulator.run({}, 1, cwd=tmp_path, watchdog_cycles=9, trace_file=tmp_path / "w")


def test_errors_of_the_design_are_shown(tmp_path: Path) -> None:
    source = tmp_path / "broken.v"
    source.write_text("module broken(input ap_clk, input ap_rst_n);\n  nonsense here;\nendmodule\n")
    with pytest.raises(SimulationError, match=r"Verilator on broken failed(.|\n)*broken\.v:2"):
        compile_model("broken", [source], [], [])
    with pytest.raises(SimulationError, match=r"missing\.v: No such file"):
        compile_model("missing", [tmp_path / "missing.v"], [], [])
    with pytest.raises(SimulationError, match="12 bits is not whole bytes"):
        compile_model("broken", [source], [TopStream("in0_V", 12, 1)], [])


def test_missing_memory_file_is_an_error(tmp_path: Path) -> None:
    design = _single(tmp_path, "add", 3, _STREAM)
    (tmp_path / "add_0_addend.mem").unlink()
    with pytest.raises(SimulationError, match=r"add_0_addend\.mem: \$readmem file not found"):
        simulate(design, {"in": _frames(1)}, 1)


def test_missing_compiler_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    sim._toolchain.compiler.cache_clear()
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(SimulationError, match=r"no C\+\+ compiler \(g\+\+ or clang\+\+\) on PATH"):
        sim._toolchain.compiler()
