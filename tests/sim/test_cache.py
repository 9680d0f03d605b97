"""The cache of compiled things: whole entries or none, damaged ones made again, one maker at a time."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from qonnx.core.datatype import DataType

from finn_build.dataflow.stream import Stream
from finn_build.errors import SimulationError
from finn_build.rtl.stitch import stitch
from sim._cache import build_once, cache_dir
from sim.stitched import compile_design, simulate
from tests.sim.toy_ops import toy_model


def _write(text: str, made: list[str] | None = None) -> Callable[[Path], None]:
    def build(folder: Path) -> None:
        (folder / "file").write_text(text)
        if made is not None:
            made.append(text)

    return build


def test_interrupted_build_leaves_nothing(tmp_path: Path) -> None:
    def broken(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_once(tmp_path / "thing", broken, keep=3)
    assert list(tmp_path.iterdir()) == []


def test_of_two_builders_of_one_key_one_waits(tmp_path: Path) -> None:
    made: list[str] = []

    def slow(folder: Path) -> None:
        time.sleep(0.3)
        _write("x", made)(folder)

    both = [threading.Thread(target=build_once, args=(tmp_path / "key", slow, 3)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert made == ["x"] and [path.name for path in tmp_path.iterdir()] == ["key"]


def test_cache_forgets_what_was_used_longest_ago(tmp_path: Path) -> None:
    for age, name in enumerate("abc"):
        build_once(tmp_path / name, _write(name), keep=3)
        os.utime(tmp_path / name, (age, age))
    (tmp_path / ".left_by_a_killed_one").mkdir()
    os.utime(tmp_path / ".left_by_a_killed_one", (0, 0))
    (tmp_path / ".being_made").mkdir()
    build_once(tmp_path / "a", _write("a"), keep=3)  # used again
    build_once(tmp_path / "d", _write("d"), keep=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".being_made", "a", "c", "d"]


@pytest.mark.parametrize(
    "damage",
    [
        "cut",
        "changed",
        "emptied",
        "gone",
        "more",
        "sums",
        "pipe",
        "pipe of sums",
        "link",
        "folder",
        "runs",
        "entry a file",
        "entry a link",
    ],
)
def test_a_damaged_entry_is_made_again(tmp_path: Path, damage: str) -> None:
    made: list[str] = []
    for _ in range(2):
        entry = build_once(tmp_path / "key", _write("whole", made), keep=3)
    assert len(made) == 1
    file = entry / ("whole.json" if damage == "sums" else "file")
    match damage:
        case "gone":
            file.unlink()
        case "more":
            (entry / "other").touch()
        case "pipe" | "pipe of sums" | "link" | "folder":  # nothing waits for a pipe's other end
            file = entry / "whole.json" if damage == "pipe of sums" else file
            file.unlink()
            {"link": lambda path: path.symlink_to("/nowhere"), "folder": Path.mkdir}.get(damage, os.mkfifo)(file)
        case "runs":
            file.chmod(0o755)
        case "entry a file" | "entry a link":
            entry.rename(tmp_path / "moved")
            entry.touch() if damage == "entry a file" else entry.symlink_to(tmp_path / "moved")
            (tmp_path / "moved" / "file").write_text("W")
        case _:
            text = file.read_text()
            file.write_text({"cut": text[:-1], "emptied": ""}.get(damage, "W" + text[1:]))
    build_once(tmp_path / "key", _write("whole", made), keep=3)
    assert len(made) == 2 and (entry / "file").read_text() == "whole" and not (entry / "other").exists()


def test_a_truncated_simulator_is_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNFLOW_CACHE", str(tmp_path / "cache"))
    stream = Stream((1, 16), 1, DataType["UINT8"])
    design = stitch(toy_model(stream, [("add", ["in"], ["out"], 1)]), tmp_path / "rtl")
    simulator = compile_design(design).executable
    simulator.write_bytes(simulator.read_bytes()[:5000])
    tensors, _ = simulate(design, {"in": np.zeros((1, 16))}, 1)
    assert tensors["out"].max() == 1 and len(list(cache_dir().glob("verilated/*"))) == 1


def test_unwritable_cache_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SIGNFLOW_CACHE", str(tmp_path / "file"))
    with pytest.raises(SimulationError, match="set SIGNFLOW_CACHE to a writable folder"):
        build_once(cache_dir() / "verilated" / "x", os.listdir, keep=3)
