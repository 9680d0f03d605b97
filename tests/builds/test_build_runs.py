"""The command from end to end on a small network: what it writes, and how it stops, starts and stalls."""

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.custom_op.registry import getCustomOp

import finn_build.dataflow.ops  # noqa: F401  (registers the ops)
from finn_build import build, kept
from finn_build.frontend.export import export_qonnx
from sim.isolated import simulate_ops
from tests.builds.networks import SmallResidual, randomize

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    model = randomize(SmallResidual(bits=2, signed=True), seed=4)
    return export_qonnx(model, tmp_path_factory.mktemp("net") / "small.onnx", (1, 1, 11, 9))


def _run(onnx_file: Path, out: Path, *arguments: str) -> int:
    return build.main(["--board", "pynq-z2", "--onnx", str(onnx_file), "--out", str(out), *arguments])


def _check_cpp(layers: list[dict[str, Any]], model: ModelWrapper) -> None:
    """What the report says of the C++ beside the RTL is what the graph says."""
    rows = {row["name"]: row for row in layers}
    for node in model.graph.node:
        op, row = getCustomOp(node), rows[node.name]
        if node.op_type == "StreamFIFO_rtl":
            assert row["hls"] is None
            continue
        cpp = row["hls"]
        assert (cpp["ii"], cpp["csim"], cpp["csynth"], cpp["trips_csim"]) == (1, "not run", "not run", None)
        for key, streams in (("beats_in", op.streams_in()), ("beats_out", op.streams_out())):
            assert cpp[key] == [np.prod(s.shape) // s.lanes for s in streams]
    for node in model.get_nodes_by_op_type("BitMVAU_rtl"):
        mw, mh, pe = (getCustomOp(node).get_nodeattr(name) for name in ("MW", "MH", "PE"))
        weights = next(m for m in rows[node.name]["hls"]["memories"] if m["name"] == "weights")
        bits = model.get_tensor_datatype(node.input[1]).bitwidth()
        assert weights["words"] * weights["bits"] == mw * mh * bits and weights["words"] % (mh // pe) == 0


def test_as_a_user_runs_it(onnx_file: Path, tmp_path: Path) -> None:
    """In its own process, from another folder; report, RTL and steps are there and agree with what is printed."""
    command = [sys.executable, str(ROOT / "finn_build" / "build.py"), "--board", "pynq-z2", "--onnx", str(onnx_file)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out" / "small-pynq-z2"
    report = json.loads((out / "report.json").read_text())
    assert report["gate"]["passed"] and report["gate"]["first_difference"] is None
    assert report["gate"]["levels"] == [1, 2, 3, 4] and report["gate"]["frames"] == 4
    assert report["cycles"]["predicted_ii"] / report["cycles"]["ii"] >= 0.99
    assert report["cycles"]["predicted_latency"] == report["cycles"]["latency"]
    assert all(row["cycles_rtlsim"] == row["cycles_predicted"] for row in report["layers"])
    _check_cpp(report["layers"], ModelWrapper(str(out / "steps" / "buffer.onnx")))
    assert {"lut", "ff", "bram36", "dsp", "uram"} == set(report["resources"]["estimate"])
    assert report["resources"]["vivado"] is None and any("Vivado" in reason for reason in report["not_run"])
    assert "Gate: PASSED" in done.stdout and f"{report['cycles']['ii']:,} cycles" in done.stdout
    frames = np.load(out / "frames.npz")
    context = execute_onnx(ModelWrapper(str(onnx_file)), {"images": frames["images"][:1].astype(np.float32) / 256})
    assert np.array_equal(context["logits"], frames["output_0"][:1])
    listed = (out / "stitched" / "sources.f").read_text().split()
    assert all((out / "stitched" / name).is_file() for name in listed if not name.startswith(("//", "memory", "file:")))
    assert not list(tmp_path.rglob("*.partial"))


def test_random_stalls_change_the_traffic_not_the_values(onnx_file: Path, tmp_path: Path) -> None:
    assert _run(onnx_file, tmp_path / "out", "--stalls", "--seed", "5") == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["gate"]["passed"] and report["traffic"] == "random stalls, seed 5"
    assert report["cycles"]["ii"] is None and report["throughput_fps"] is None


def test_stop_edit_the_folding_and_go_on(onnx_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "out"
    assert _run(onnx_file, out, "--stop", "fold") == 0
    assert "nothing is verified" in capsys.readouterr().out and not (out / "report.json").exists()
    model = ModelWrapper(str(out / "steps" / "fold.onnx"))
    dense = model.get_nodes_by_op_type("BitMVAU_rtl")[-1]
    getCustomOp(dense).set_nodeattr("PE", 5)
    model.save(str(out / "steps" / "fold.onnx"))
    assert _run(onnx_file, out, "--start", "buffer") == 0
    rows = {row["name"]: row for row in json.loads((out / "report.json").read_text())["layers"]}
    assert rows[dense.name]["pe"] == 5


def test_no_start_skips_a_level_of_the_gate(onnx_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "out"
    assert _run(onnx_file, out, "--stop", "buffer") == 0
    printed = capsys.readouterr().out
    assert "Latency (predicted): " in printed and "nothing is verified" in printed and "Gate: " not in printed
    estimate = json.loads((out / "estimate.json").read_text())
    assert _run(onnx_file, out, "--start", "stitch") == 0
    report = json.loads((out / "report.json").read_text())
    assert estimate["cycles"]["ii"] is None and not (out / "estimate.json").exists()
    assert estimate["cycles"]["predicted_ii"] == report["cycles"]["predicted_ii"]
    assert estimate["cycles"]["predicted_latency"] == report["cycles"]["latency"]
    assert estimate["resources"]["estimate"] == report["resources"]["estimate"]
    assert report["gate"]["levels"] == [1, 2, 3, 4]
    for late in ("execute", "rtlsim-ops", "rtlsim-stitched", "gate"):
        with pytest.raises(SystemExit):
            _run(onnx_file, out, "--start", late)
    assert "invalid choice: 'gate'" in capsys.readouterr().err


def test_a_graph_that_was_changed_between_starts_fails_the_gate(
    onnx_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """One weight of the saved graph: all levels run again, and the first stream that it reaches is named."""
    out = tmp_path / "out"
    assert _run(onnx_file, out, "--stop", "buffer") == 0
    model = ModelWrapper(str(out / "steps" / "buffer.onnx"))
    dense = model.get_nodes_by_op_type("BitMVAU_rtl")[-1]
    weights = model.get_initializer(dense.input[1]).copy()
    weights[0, 0] = -weights[0, 0]
    model.set_initializer(dense.input[1], weights)
    model.save(str(out / "steps" / "buffer.onnx"))
    assert _run(onnx_file, out, "--start", "stitch") == 1
    assert re.search(rf"the gate failed at layer \S+ \({dense.name}\): frame \d, channel 0,", capsys.readouterr().err)


def test_a_damaged_graph_is_said_to_be(onnx_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Cut short, another file, bytes changed: one line, or a build that the gate can judge; never a traceback."""
    out, rng = tmp_path / "out", random.Random(26)
    assert _run(onnx_file, out, "--stop", "buffer") == 0
    saved = out / "steps" / "buffer.onnx"
    whole = saved.read_bytes()
    changed = [bytearray(whole) for _ in range(20)]
    for copy in changed:
        for _ in range(3):
            copy[rng.randrange(len(copy))] = rng.randrange(256)
    for content in (b"", b"text", whole[: len(whole) // 2], *changed):
        saved.write_bytes(content)
        if _run(onnx_file, out, "--start", "stitch", "--stop", "stitch"):
            said = capsys.readouterr().err.splitlines()[-1]
            assert said.startswith("error: ") and len(said) < 600, said
        else:
            assert content in changed


def test_an_interrupted_build_resumes(
    onnx_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """Its folding stands; with other options it is another build."""
    out = tmp_path / "out"

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("finn_build.pipeline.stitch", interrupted)
        assert _run(onnx_file, out) == 1
        assert "interrupted; the steps that were done are kept: again with --resume" in capsys.readouterr().err
    asked = tmp_path / ".out.partial" / "steps" / "asked.json"
    whole = asked.read_text()
    for damaged in ("", "[]", whole[:99]):
        asked.write_text(damaged)
        assert _run(onnx_file, out, "--resume") == 1
        assert f"--resume: {asked}: damaged" in capsys.readouterr().err
    asked.write_text(whole)
    monkeypatch.setattr("finn_build.pipeline.search_folding", interrupted)
    assert _run(onnx_file, out, "--resume", "--target-fps", "2000") == 1
    assert "--resume: the interrupted build differs in target_fps; leave" in capsys.readouterr().err
    with monkeypatch.context() as patched:
        patched.setattr("finn_build.pipeline.stitch", interrupted)
        assert _run(onnx_file, out, "--resume") == 1, "interrupted again, behind its folding"
    alone = []
    with monkeypatch.context() as patched:
        patched.setattr("finn_build.pipeline.simulate_ops", lambda *a, **k: alone.append(1) or simulate_ops(*a, **k))
        patched.setattr("finn_build.pipeline.simulate", interrupted)
        for frames in ("4", "4", "5"):  # kept, taken, and simulated again as there are other frames
            assert _run(onnx_file, out, "--resume", "--frames", frames) == 1
    assert len(alone) == 2
    monkeypatch.setattr("finn_build.pipeline.simulate_ops", interrupted)
    assert _run(onnx_file, out, "--resume", "--frames", "5") == 0
    said = capsys.readouterr().err
    assert "Simulated already, and taken as it is if nothing has changed: each op in rtlsim" in said
    assert "--resume: goes on with stitch\n" in said
    report = json.loads((out / "report.json").read_text())
    assert report["gate"]["levels"] == [1, 2, 3, 4] and report["gate"]["frames"] == 5
    assert all(row["cycles_rtlsim"] for row in report["layers"]) and not list(out.rglob("level_*"))


def test_levels_are_kept_for_what_they_follow_from(tmp_path: Path) -> None:
    """Whatever changes of it, they are simulated again; a file that was cut short is none."""
    source, build, runs = tmp_path / "a.v", Mock(out=tmp_path, stalls=None), []
    source.write_text("module a;")
    build.config.frames, build.values = 1, {2: {"x": np.arange(6)}}

    def run() -> tuple[dict, dict]:
        runs.append(len(runs))
        return {"b/0": np.array([len(runs)], np.int8), "a": np.zeros((2, 3))}, {"cycles": len(runs)}

    def last(asked: str = "") -> int:
        values, figures = kept.simulated(build, 3, [source], asked, run)
        assert list(values) == ["b/0", "a"] and values["b/0"].dtype == np.int8 and values["b/0"][0] == figures["cycles"]
        return figures["cycles"]

    assert (last(), last(), last("other"), last("other")) == (1, 1, 2, 2)
    source.write_text("module b;")
    assert (last("other"), last("other")) == (3, 3)
    build.values[2]["x"][5] = 0
    assert (last("other"), last("other")) == (4, 4)
    build.config.frames = 2
    assert (last("other"), last("other")) == (5, 5)
    file = tmp_path / "steps" / "level_3.npz"
    file.write_bytes(file.read_bytes()[:-30])
    assert (last("other"), last("other"), len(runs)) == (6, 6, 6)
    assert kept.kept(tmp_path) == ["each op in rtlsim"]
    kept.forget(tmp_path)
    assert not list((tmp_path / "steps").iterdir())


def test_a_build_goes_on_with_the_target_it_was_folded_for(onnx_file: Path, tmp_path: Path) -> None:
    """Depths of FIFOs follow from the cycles between frames, which may be more than the slowest op takes."""
    asked, sheets = ("--target-fps", "2000", "--stop", "buffer"), []
    for start in ("integers", "buffer"):
        assert _run(onnx_file, tmp_path / "out", *asked, "--start", start) == 0
        sheets.append(json.loads((tmp_path / "out" / "estimate.json").read_text()))
    assert sheets[0]["layers"] == sheets[1]["layers"]


def test_waves_on_request(onnx_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert _run(onnx_file, tmp_path / "out", "--waves") == 0
    waves, layout = sorted((tmp_path / "out").glob("waves.*"), key=lambda path: path.suffix == ".gtkw")
    assert f'"{waves.name}"' in layout.read_text()
    printed = " ".join(capsys.readouterr().out.split())  # lines wrap
    assert waves.stat().st_size > 10_000 and f"{waves.name} the stitched design's waves" in printed


def test_hls_is_the_same_design_in_cpp(onnx_file: Path, tmp_path: Path) -> None:
    assert _run(onnx_file, tmp_path / "out", "--impl", "hls") == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["impl"] == "hls" and report["gate"]["passed"] and report["gate"]["levels"] == [1, 2, 5]
    assert any(reason.startswith("csynth") for reason in report["not_run"])
    assert (tmp_path / "out" / "hls" / "accelerator.cpp").is_file()


def test_finns_layers_name_what_they_cannot_do(onnx_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    code = _run(onnx_file, tmp_path / "out", "--impl", "finn-hls")
    text = capsys.readouterr()
    assert code == 1 and "non-monotone" in text.err and "build with --impl hls" in text.err


def test_finn_hls_of_monotone_activations(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    torch.manual_seed(0)
    model = SmallResidual(bits=1, signed=True, kind="relu").eval()  # batch norm as made: scales are positive
    path = export_qonnx(model, tmp_path / "relu.onnx", (1, 1, 11, 9))
    assert _run(path, tmp_path / "out", "--impl", "finn-hls") == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["impl"] == "finn-hls" and report["gate"]["passed"] and report["cycles"]["ii"] is None
    assert any("HLS synthesis" in reason for reason in report["not_run"])
    assert list((tmp_path / "out" / "hls").rglob("*.cpp"))
