"""The output folder: whole results or none, one build at a time, and nobody else's files are touched."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from finn_build.build import main
from finn_build.errors import BitstreamError, ConfigError, GateError
from finn_build.frontend.export import export_qonnx
from finn_build.output_folder import MARKER, output_folder
from tests.builds.networks import SmallResidual

ROOT = Path(__file__).resolve().parents[2]
FIRST = {"report.json": "1", "steps/lower.onnx": "l", "vivado/build.tcl": "t", "ops/deep/a.v": "a"}
SECOND = {"report.json": "2", "steps/lower.onnx": "L", "vivado/build.tcl": "T", "new/b.v": "b"}
TORN = {"other": "[1, 2]", "damaged": '{"files": ["st', "text": '{"files": "s"}', "numbers": '{"files": [1]}'}


def _build(out: Path, files: dict[str, str], error: BaseException | None = None, keep: str = "") -> None:
    with output_folder(out, keep) as folder:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        if error:
            raise error


def _content(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != MARKER)
    return {str(path.relative_to(folder)): path.read_text() for path in found}


def _beside(out: Path) -> set[str]:
    return {path.name for path in out.parent.iterdir()} - {out.name}


def test_a_build_replaces_the_one_before_it_and_nothing_else(tmp_path: Path) -> None:
    out, outside = tmp_path / "out", tmp_path / "outside"
    _build(out, FIRST)
    assert _content(out) == FIRST and set(json.loads((out / MARKER).read_text())["files"]) == set(FIRST)
    mine = {"thesis.txt": "mine", "vivado/project/run.log": "hours", "ops/deep/notes": "n", "steps/lower.bak": "s"}
    for name, text in mine.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text)
    outside.mkdir()
    (outside / "kept").write_text("k")
    (out / "link").symlink_to(outside)
    _build(out, SECOND)
    _build(out, SECOND)
    assert _content(out) == SECOND | mine and (out / "link").is_symlink() and _content(outside) == {"kept": "k"}
    assert _beside(out) == {"outside"}


@pytest.mark.parametrize("marked", ["no", "link", "other", "damaged", "text", "numbers"])
def test_a_folder_without_our_marker_is_left_alone(tmp_path: Path, marked: str) -> None:
    out = tmp_path / "out"
    (out / "steps").mkdir(parents=True)
    (out / "steps" / "lower.onnx").write_text("mine")
    if marked == "link":
        (tmp_path / "marker").write_text('{"files": ["steps/lower.onnx"]}')
        (out / MARKER).symlink_to(tmp_path / "marker")
    elif marked != "no":
        (out / MARKER).write_text(TORN[marked])
    before = _content(out)
    with pytest.raises(ConfigError, match="holds other files, not a build"):
        _build(out, FIRST)
    assert _content(out) == before and _beside(out) <= {"marker"}


def test_a_marker_that_lies_reaches_nothing_outside(tmp_path: Path) -> None:
    out, outside = tmp_path / "out", tmp_path / "outside"
    _build(out, FIRST)
    outside.mkdir()
    (outside / "a.v").write_text("mine")
    (out / "ops").rename(tmp_path / "ops")
    (out / "ops").symlink_to(outside)
    (out / f"{MARKER}.next").symlink_to(outside / "a.v")
    names = ["../outside/a.v", str(outside / "a.v"), "ops/a.v", *FIRST, "", ".", "steps", "\0", "\ud800", "x" * 5000]
    (out / MARKER).write_text(json.dumps({"files": names}))
    _build(out, SECOND)
    assert _content(outside) == {"a.v": "mine"} and (out / "ops").is_symlink()


@pytest.mark.parametrize("planted", ["link", "folder", "file", "build", "empty", "copied", "second name"])
def test_what_stands_where_a_build_is_made_is_left_alone(tmp_path: Path, planted: str) -> None:
    working, outside = tmp_path / ".out.partial", tmp_path / "outside"
    outside.mkdir()
    (outside / "mine").write_text("m")
    if planted == "link":
        working.symlink_to(outside)
    elif planted == "file":
        working.write_text("m")
    else:
        working.mkdir()
        (working / "mine").write_text("m")
        marker = working / MARKER
        if planted in ("build", "empty"):
            marker.touch()
        if planted in ("build", "copied"):
            marker.write_text(str((marker if planted == "build" else outside / "mine").stat().st_ino))
        if planted == "second name":
            (working / "mine").unlink()
            marker.hardlink_to(outside / "mine")
    if planted == "build":  # left by one that was killed
        _build(tmp_path / "out", FIRST)
        assert _content(tmp_path / "out") == FIRST and not working.exists()
        return
    with pytest.raises(ConfigError, match=r"\.out\.partial: is in the way, and was not made by a build"):
        _build(tmp_path / "out", FIRST)
    assert _content(outside) == {"mine": "m"} and not (tmp_path / "out").exists() and os.path.lexists(working)


def test_steps_of_an_interrupted_build_are_kept_for_one_that_resumes(tmp_path: Path) -> None:
    out, working = tmp_path / "out", tmp_path / ".out.partial"
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        _build(out, {"ops/a.v": "a"}, KeyboardInterrupt())
    assert not working.exists(), "nothing to go on with"
    with pytest.raises(KeyboardInterrupt, match="again with --resume goes on"):
        _build(out, FIRST, KeyboardInterrupt())
    assert _content(working) == {"steps/lower.onnx": "l"} and not out.exists()
    with output_folder(out, resume=True) as folder:
        assert _content(folder) == {"steps/lower.onnx": "l"}
    assert _content(out) == {"steps/lower.onnx": "l"} and not working.exists()
    with pytest.raises(KeyboardInterrupt):
        _build(out, FIRST, KeyboardInterrupt())
    _build(out, {"report.json": "3"})
    assert _content(out) == {"report.json": "3"}, "one that does not resume begins anew"


def test_failures_are_kept_beside_and_never_over_other_files(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _build(out, FIRST)
    for _ in range(2):
        with pytest.raises(GateError, match=r"wrong\. All of the build is kept in .*/out\.failed$"):
            _build(out, SECOND, GateError("wrong"))
    assert _content(out) == FIRST and _content(tmp_path / "out.failed") == SECOND
    other = tmp_path / "other"
    (tmp_path / "other.failed").mkdir()
    (tmp_path / "other.failed" / "mine").write_text("m")
    (tmp_path / "other.failed-2").symlink_to(out)
    with pytest.raises(BitstreamError, match=r"kept in .*/other\.failed-3$"):
        _build(other, SECOND, BitstreamError("slow"))
    assert _content(tmp_path / "other.failed") == {"mine": "m"} and _content(out) == FIRST and not other.exists()


def test_a_file_in_the_way_stops_the_build_and_both_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _build(out, FIRST)
    (out / "new").symlink_to(tmp_path)
    with pytest.raises(ConfigError, match=r"in its way: new; move them\. All of the build is kept in .*/out\.failed"):
        _build(out, SECOND)
    assert _content(out) == FIRST and _content(tmp_path / "out.failed") == SECOND and _beside(out) == {"out.failed"}


def test_other_errors_leave_nothing_and_a_later_start_takes_the_steps(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match="bad"):
        _build(out, FIRST, ConfigError("bad"))
    assert not list(tmp_path.iterdir())
    _build(out, FIRST)
    (out / "steps" / "lower.onnx").write_text("edited")
    _build(out, {"report.json": "3"}, keep="steps")
    assert _content(out) == {"report.json": "3", "steps/lower.onnx": "edited"}


def test_of_two_builds_into_one_folder_the_second_is_told(tmp_path: Path) -> None:
    out, go, began = tmp_path / "out", threading.Event(), threading.Event()

    def slow() -> None:
        with output_folder(out) as folder:
            (folder / "report.json").write_text("first")
            began.set()
            go.wait()

    first = threading.Thread(target=slow)
    first.start()
    began.wait()
    with pytest.raises(ConfigError, match="another build is writing there; wait for it"):
        _build(out, SECOND)
    go.set()
    first.join()
    assert _content(out) == {"report.json": "first"}


def _processes_of(folder: Path) -> list[str]:
    """Command lines that name a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_text().replace("\0", " "))
        except OSError:
            continue
    return [line for line in found if str(folder) in line]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_in_mid_compilation_leaves_graphs_alone(tmp_path: Path, number: signal.Signals) -> None:
    """No output, no half entry in the cache, no compiler that goes on."""
    torch.manual_seed(3)
    network = export_qonnx(SmallResidual(bits=1, signed=True).eval(), tmp_path / "net.onnx", (1, 1, 11, 9))
    cache, arguments = tmp_path / "cache", ["--onnx", str(network), "--out", str(tmp_path / "out")]
    command = [sys.executable, str(ROOT / "finn_build" / "build.py"), "--board", "pynq-z2", *arguments]
    environment = os.environ | {"SIGNFLOW_CACHE": str(cache), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as build:
        while not any("cc1plus" in line for line in _processes_of(cache)):
            assert build.poll() is None
            time.sleep(0.05)
        build.send_signal(number)
        build.send_signal(number)
        _, said = build.communicate(timeout=120)
    assert build.returncode == 1 and said.endswith("are kept: again with --resume goes on\n")
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "net.onnx", ".out.partial"}
    kept = {path.name for path in (tmp_path / ".out.partial").rglob("*")}
    assert kept == {MARKER, "steps", "asked.json", "lower.onnx", "fold.onnx", "buffer.onnx"}
    assert not list(cache.glob("*/*"))
    assert not _processes_of(cache)


def test_an_interruption_that_keeps_nothing_says_so(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("finn_build.build.run", interrupted)
    assert main(["--board", "pynq-z2"]) == 1
    assert capsys.readouterr().err == "error: interrupted; nothing was kept\n"
