"""The sweep: real designs of a small network, resumed; its front, table and plots."""

import json
from pathlib import Path

import pytest

from finn_build.sweep.__main__ import main
from finn_build.sweep.chart import plot, table
from finn_build.sweep.points import Line, Row, front

SMALL = ("--models", "binary_rescnn_w1a1", "--targets")


def row(target: float | str, fps: float, lut: int, model: str = "net") -> Row:
    area = {"lut": lut, "ff": 2 * lut, "bram36": 1.5, "dsp": 0, "uram": 0}
    return Line(model, "pynq-z2").row(target) | {"cycles": int(1e8 / fps), "fps": fps, **area, "next_step": ""}


def test_the_front_is_what_nothing_beats() -> None:
    rows = [row(1, 100, 10), row(2, 200, 30), row(3, 150, 40), row(4, 400, 50), row(5, 390, 50)]
    assert [r["target"] for r in front(rows)] == [1, 2, 4]


def test_table_and_plots_name_every_network(tmp_path: Path) -> None:
    lost = Line("net", "pynq-z2").row("max") | {"error": "needs more"}
    rows = [row(100.0, 120, 1000), row(50.0, 60, 2000), row(30.0, 40, 500, "other"), lost]
    text = table(rows)
    assert "| net, pynq-z2 | 100.0 | 120 | 1,000 | 2,000 | 1.5 | 0 | 0 | yes |" in text
    assert "| net, pynq-z2 | 50.0 | 60 | 2,000 | 4,000 | 1.5 | 0 | 0 |  |" in text
    assert text.endswith("- net, pynq-z2, max: needs more\n")
    paths = [tmp_path / "plot.svg", tmp_path / "plot.png"]
    plot(rows, paths)
    assert paths[0].read_text().count("<svg") == 1 and paths[1].read_bytes().startswith(b"\x89PNG")


def _results(out: Path) -> list[Row]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_a_sweep_goes_on_where_it_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ("--out", str(tmp_path))
    assert main([*SMALL, "2000", "4000", *out]) == 0
    first, said = _results(tmp_path), capsys.readouterr()
    assert [r["target"] for r in first] == [2000, 4000] and said.err.count("frames/s, ") == 2
    assert all(r["fps"] >= r["target"] for r in first) and first[0]["lut"] <= first[1]["lut"]
    assert main([*SMALL, "2000", "4000", "1e9", *out, "--workers", "2"]) == 0
    rows = _results(tmp_path)
    assert rows[:2] == first and len(rows) == 3 and rows[2]["error"].startswith("target_fps=1e+09 needs 0 cycles")
    assert "1000000000.0: target_fps=1e+09 needs 0 cycles" in (tmp_path / "sweep.md").read_text()
    assert (tmp_path / "sweep.svg").is_file() and (tmp_path / "sweep.png").is_file()


def test_what_cannot_be_built_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--models", "no_such", "--out", str(tmp_path)]) == 1
    assert "error: model 'no_such' is unknown" in capsys.readouterr().err
    assert main(["--models", "cnv_w1a1", "--workers", "0", "--out", str(tmp_path)]) == 1
