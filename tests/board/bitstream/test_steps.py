"""The pipeline's last steps: a bitstream only when asked for and only past the gate, its figures in the report."""

import json
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from signflow_driver.description import load_description
from signflow_driver.inspection import Inspection

from finn_build import build as command_line
from finn_build import command
from finn_build.board.finish import finished_shell
from finn_build.combinations import require_together
from finn_build.config import load_board
from finn_build.errors import ConfigError
from finn_build.output_folder import MARKER
from finn_build.pipeline import BITSTREAMS, STEPS, STEPS_HLS
from finn_build.report.sheet import make_report, write_report
from finn_build.report.tables import print_report
from finn_build.state import Build
from tests.builds.pipeline_runs import run_steps


@pytest.fixture
def gated(lowered: Build, tmp_path: Path) -> Build:
    """The small build past its gate (levels 1 and 2), in a folder of this test."""
    build = copy(lowered)  # not `replace`, which leaves out what the steps have made
    build.out, build.values, build.not_run = tmp_path / "out", {}, []
    return run_steps(build, ("stitch", "shell", "execute", "gate"))


def _run(build: Build, *names: tuple[str, str] | str) -> Build:
    for name in names:
        step = BITSTREAMS[name] if isinstance(name, tuple) else next(s for s in STEPS if s.name == name)
        step.run(build, lambda fraction: None)
    return build


def test_vivados_figures_reach_the_report_and_its_files_the_board(gated: Build, vivado_on_path: Path) -> None:
    build = _run(gated, ("vivado", "signflow"), "deploy")
    report = make_report(build, "rtl")
    assert report["resources"]["vivado"]["lut"] == 28360 and report["resources"]["vivado"]["wns_ns"] == 0.265
    assert not any(reason.startswith("bitstream") for reason in report["not_run"])
    deployed = build.out / "deploy"
    assert (deployed / "accelerator.bit").is_file() and (deployed / "accelerator.hwh").is_file()
    assert "was made by Vivado; it was not run on a board here" in (deployed / "README.md").read_text()


def test_unasked_the_project_is_written_and_vivado_left_alone(gated: Build, vivado_on_path: Path) -> None:
    build = _run(gated, "deploy")
    assert (build.out / "vivado" / "build.tcl").is_file() and not vivado_on_path.exists()
    report = make_report(build, "rtl")
    assert report["resources"]["vivado"] is None
    assert [r.split(":")[0] for r in report["not_run"][-2:]] == ["bitstream", "board"]
    assert not list((build.out / "deploy").glob("*.bit"))


def test_what_the_gate_refuses_goes_nowhere(gated: Build, vivado_on_path: Path) -> None:
    assert gated.verdict is not None
    gated.verdict = replace(gated.verdict, passed=False)
    _run(gated, ("vivado", "signflow"), ("open", "signflow"), ("vivado", "finn"), "deploy")
    assert not vivado_on_path.exists() and not (gated.out / "deploy").exists() and gated.bitstream is None


def test_a_finished_build_gets_its_bitstream_without_being_built_again(
    gated: Build, vivado_on_path: Path, capsys: pytest.CaptureFixture
) -> None:
    build, out = _run(gated, "deploy"), gated.out
    write_report(make_report(build, "rtl"), out)
    names = (path.relative_to(out) for path in out.rglob("*") if path.is_file())
    (out / MARKER).write_text(json.dumps({"files": [str(name) for name in names]}))
    asked = ["--board", "pynq-z2", "--out", str(out), "--start", "deploy"]

    def refused(*given: str) -> str:
        assert command_line.main([*asked, *given]) == 1
        return capsys.readouterr().err

    assert "add --bitstream" in refused()
    assert "was built for clk_mhz 125, asked for 100" in refused("--bitstream", "vivado", "--clk", "100")
    source = out / "stitched" / "accelerator.v"
    text = source.read_text()
    source.write_text(text + "// mine\n")
    assert "stitched is not what the gate has passed" in refused("--bitstream", "vivado")
    assert not vivado_on_path.exists() and not list(out.rglob("*.bit"))
    source.write_text(text)
    assert command_line.main([*asked, "--bitstream", "vivado"]) == 0
    described = load_description(out / "deploy" / "accelerator.json")
    assert (
        build.shell and finished_shell(build.shell.folder, build.board, described) == build.shell
    )  # for the open tools
    report = json.loads((out / "report.json").read_text())
    assert report["resources"]["vivado"]["lut"] == 28360 and not any("bitstream" in said for said in report["not_run"])
    assert (out / "deploy" / "accelerator.bit").is_file() and (out / "report.html").is_file()
    assert "was made by Vivado" in (out / "deploy" / "README.md").read_text()
    source.unlink()
    assert "lacks accelerator.v; build it again" in refused("--bitstream", "vivado")
    (out / "report.json").unlink()
    assert "holds no finished build" in refused("--bitstream", "vivado")


def _options(*given: str) -> tuple[str, ...]:
    options = command_line.parser().parse_args(["--board", "pynq-z2", *given])
    require_together(options)
    return tuple(step.name for step in command._steps(options, load_board("pynq-z2")))


def test_missing_tools_are_named_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for given, text in ((["vivado"], "vivado is not on PATH"), (["open"], "nextpnr-xilinx is not on PATH"),
                        (["vivado", "--shell", "finn"], "--shell finn needs Vivado and Vitis HLS")):  # fmt: skip
        out = tmp_path / "out"
        assert command_line.main(["--board", "pynq-z2", "--out", str(out), "--bitstream", *given]) == 1
        assert text in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_options_choose_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "require_tools", lambda bitstream, shell, board: None)
    assert _options() == tuple(s.name for s in STEPS)
    assert _options("--impl", "hls") == tuple(s.name for s in STEPS_HLS)
    for given in (["vivado"], ["open"], ["vivado", "--shell", "finn"]):
        assert _options("--bitstream", *given)[-3:] == ("package", "bitstream", "deploy")
    for given in ([], ["--bitstream", "open"]):
        with pytest.raises(ConfigError, match=r"--shell finn: .* add --bitstream vivado"):
            _options(*given, "--shell", "finn")
    with pytest.raises(ConfigError, match="--impl hls has no --waves, --bitstream, --shell; leave out, or"):
        _options("--impl", "hls", "--bitstream", "vivado", "--waves", "--shell", "finn")
    with pytest.raises(ConfigError, match="--impl finn-hls has no --stalls, --yosys, --lint; leave out"):
        _options("--impl", "finn-hls", "--yosys", "--stalls", "--lint", "vivado")
    with pytest.raises(ConfigError, match=r"--start stitch: not a step of --impl hls; legal: integers, .*, csim, gate"):
        _options("--impl", "hls", "--start", "stitch")
    with pytest.raises(
        ConfigError, match="--stop shell: not a step of --impl finn-hls; legal: integers, lower, execute"
    ):
        _options("--impl", "finn-hls", "--stop", "shell")


def test_a_build_says_how_many_images_it_inspects(lowered: Build, capsys: pytest.CaptureFixture) -> None:
    assert make_report(lowered, "rtl")["inspection"] is None
    build = copy(lowered)
    build.network = replace(lowered.network, inspection=Inspection(96, 48, 2.5, 0.04, 0.91, windows=12.5))
    report = make_report(build, "rtl")
    rate = build.board.clk_mhz * 1e6 / report["cycles"]["predicted_ii"] / 12.5
    assert report["inspection"]["images_per_s"] == pytest.approx(rate) and report["inspection"]["threshold"] == 2.5
    print_report(report, Console(width=200))
    said = f"windows of 96 pixels, one every 48 or less; 12.5 per image, so {rate:,.1f} images/s at this rate"
    assert said in capsys.readouterr().out
    build.network = replace(lowered.network, inspection=Inspection(96, 48))
    assert make_report(build, "rtl")["inspection"]["images_per_s"] is None
