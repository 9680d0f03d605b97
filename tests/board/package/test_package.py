"""The package of a small design: linted, run by its own testbench, packaged in the recorder; broken ones refused."""

import os
import re
import shutil
import subprocess
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from finn_build.board import steps
from finn_build.board.package.write import BENCH, SCRIPT, TOP, write_package
from finn_build.errors import LintError, UnsupportedModelError
from finn_build.frontend import network as networks
from finn_build.frontend.export import export_qonnx
from finn_build.proof.gate import Verdict
from finn_build.rtl.lint import VERSIONS
from finn_build.rtl.plain import plain_design
from finn_build.rtl.stitch import stitch
from finn_build.state import Build
from sim._toolchain import compiler, include_dirs, runtime_library, verilator_root
from tests.board.bitstream.vivado.block_design import VivadoError
from tests.board.bitstream.vivado.ipx_session import IpxSession
from tests.board.deployments import MapAndScores
from tests.builds.networks import randomize
from tests.builds.pipeline_runs import UP_TO_LEVEL_2, run_steps, start_build

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Two outputs, beats of parts of bytes; up to the integers of its frames."""
    out = tmp_path_factory.mktemp("net")
    torch.manual_seed(3)
    network = networks.from_qonnx(export_qonnx(randomize(MapAndScores(), seed=1), out / "net.onnx", (1, 3, 8, 6)))
    return run_steps(start_build(network, out), UP_TO_LEVEL_2)


@pytest.fixture(scope="module")
def package(build: Build) -> Path:
    return write_package(build, build.out / "package")


@pytest.fixture
def mine(package: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(package, tmp_path / "package"))


def _verilator(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    tool = [str(verilator_root() / "bin" / "verilator_bin"), *arguments]
    env = {**os.environ, "VERILATOR_ROOT": str(verilator_root())}
    return subprocess.run(tool, cwd=package / "rtl", env=env, capture_output=True, text=True, check=False)


def _compiled(package: Path) -> Path:
    """The testbench as Verilator's own program, without its makefile: neither make nor perl."""
    made = _verilator(
        package, "--cc", "--exe", "--main", "--timing", "--top-module", BENCH, "--Mdir", "obj", "--prefix", "Vtb",
        "-Wno-fatal", "-f", "sources.f", f"../tb/{BENCH}.sv",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr[-2000:]
    program, runtime = package / "rtl" / "obj" / "tb", runtime_library("")
    parts = [*sorted(program.parent.glob("*.cpp")), verilator_root() / "include" / "verilated_timing.cpp"]
    whole = program.parent / "whole.cpp"
    warned = "void vl_warn(const char*, int, const char*, const char*) {}\n"  # the harness has it otherwise
    whole.write_text("".join(f'#include "{part}"\n' for part in parts) + warned)
    includes = [f"-I{folder}" for folder in (*include_dirs(), program.parent)]
    objects = [str(runtime / name) for name in ("verilated.o", "verilated_threads.o")]
    flags = ("-std=c++20", "-O0", "-w", "-pthread")
    subprocess.run([compiler(), *flags, *includes, str(whole), *objects, "-o", str(program)], check=True)
    return program


@pytest.fixture(scope="module")
def testbench(package: Path) -> Path:
    return _compiled(package)


def _run(program: Path, package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *arguments], cwd=package / "rtl", capture_output=True, text=True, check=False)


def _require_silent_lint(package: Path) -> None:
    ran = _verilator(package, "--lint-only", "-Wall", "--top-module", TOP, "waivers.vlt", "-f", "sources.f")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_lints_without_a_warning(package: Path) -> None:
    _require_silent_lint(package)


def test_vivado_takes_it_by_its_record(build: Build, mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step lints what it has written, its own top included, and names what is refused."""
    passed = copy(build)
    passed.lint, passed.verdict = VERSIONS[-1], Verdict(True, 4, 1, 1, 1, (1, 2), None)
    monkeypatch.setattr(steps, "write_package", lambda *given: mine)
    steps.package(passed, lambda fraction: None)
    top = mine / "rtl" / f"{TOP}.v"
    top.write_text(top.read_text().replace("endmodule", "    wire last = '0;\nendmodule"))
    with pytest.raises(LintError, match=rf"{TOP}\.v:\d+: verilog-literal: '0"):
        steps.package(passed, lambda fraction: None)


@pytest.mark.parametrize("stalls", [(), ("+stalls=7",)])
def test_its_testbench_passes(testbench: Path, package: Path, stalls: tuple[str, ...]) -> None:
    ran = _run(testbench, package, *stalls)
    assert ran.returncode == 0 and re.search(r"^PASS: 4 frames, \d+ beats out in \d+ cycles$", ran.stdout, re.MULTILINE)


def test_its_testbench_names_a_wrong_beat(testbench: Path, mine: Path) -> None:
    """The same program, another expectation: the memory files are read as it starts."""
    file = next(iter(sorted((mine / "tb").glob("m_axis_1.hex"))))
    beats = file.read_text().splitlines()
    beats[1] = f"{int(beats[1], 16) ^ 1:0{len(beats[1])}x}"
    file.write_text("\n".join(beats) + "\n")
    ran = _run(testbench, mine)
    assert ran.returncode != 0 and "FAIL m_axis_1 frame 0 beat 1: " in ran.stdout + ran.stderr
    sent = mine / "tb" / "s_axis_0.hex"
    sent.write_text("0\n" * len(sent.read_text().splitlines()))
    assert "FAIL m_axis_1 frame 0 beat 0: " in _run(testbench, mine).stdout


def _require_licences(folder: Path) -> None:
    """Of each source one line that names it, the first; and the whole licence in the folder."""
    assert (folder / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    sources = [p for p in folder.rglob("*") if p.suffix in (".v", ".sv", ".tcl", ".vlt")]
    assert len(sources) > 10
    for source in sources:
        lines = source.read_text().splitlines()
        assert [n for n, line in enumerate(lines) if "SPDX-License-Identifier: BSD-3-Clause" in line] == [0], source


def test_all_of_it_states_its_licence(package: Path, build: Build) -> None:
    _require_licences(package)
    _require_licences(build.design.mem_dir)


def test_packages_as_an_ip(mine: Path) -> None:
    session = IpxSession()
    session.source(mine / SCRIPT)
    assert (mine / "ip" / "component.xml").is_file() and session.core is not None
    assert session.clocks == dict.fromkeys(("s_axis_0", "m_axis_0", "m_axis_1"), "ap_clk")
    assert session.parameters == {("ap_clk", "FREQ_HZ"): "125000000"} and session.properties["name"] == TOP
    assert {name: i["mode"] for name, i in session.core.interfaces.items()} == {
        "s_axis_0": "slave", "m_axis_0": "master", "m_axis_1": "master",
    }  # fmt: skip
    for stream in ("m_axis_0", "m_axis_1"):
        assert re.search(rf"output wire {stream}_tlast\b", (mine / "rtl" / f"{TOP}.v").read_text())


BREAKS = {
    "file left out": (r" +accelerator\.v\n", "", "elaborating signflow_ip"),
    "no top": (r"set_property top .*\n", "", "top"),
    "another top": ("set_property top signflow_ip", "set_property top signflow", "module signflow is in 0"),
    "unknown stream": ("{ s_axis_0", "{ s_axis_9", "no stream s_axis_9 was inferred"),
    "no clock": (r" +ipx::associate_bus_interfaces.*\n", "", "no clock for m_axis_0"),
    "wrong clock": ("-clock ap_clk", "-clock ap_rst_n", "ap_rst_n no clock"),
    "no frequency": (r"\nset_property value \d+ .*\n", "\n", "no value for ap_clk.FREQ_HZ"),
    "files stay where they are": ("-import_files", "", "where they are now"),
    "no checksums": (r"ipx::update_checksums.*\n", "", "not summed up"),
    "not checked": (r"ipx::check_integrity.*\n", "", "not checked"),
    "unknown command": ("ipx::save_core", "ipx::save", "invalid command name"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_recorder_refuses(name: str, mine: Path) -> None:
    old, new, message = BREAKS[name]
    text, found = re.subn(old, new, (mine / SCRIPT).read_text(), count=1)
    assert found
    (mine / SCRIPT).write_text(text)
    with pytest.raises(VivadoError, match=message):
        IpxSession().source(mine / SCRIPT)


def test_icarus_runs_the_plain_form(build: Build, tmp_path: Path) -> None:
    """Where it is installed; else the same testbench in Verilator, on plain Verilog."""
    plain = copy(build)
    plain.design = plain_design(stitch(build.streams, tmp_path / "stitched"))
    package = write_package(plain, tmp_path / "package")
    assert not list(package.glob("rtl/*.sv"))
    _require_licences(package)
    _require_silent_lint(package)
    if shutil.which("iverilog") is None:
        assert _run(_compiled(package), package).returncode == 0
        return
    sources = ["-f", "sources.f", f"../tb/{BENCH}.sv"]
    run = {"cwd": package / "rtl", "capture_output": True, "text": True, "check": False}
    made = subprocess.run(["iverilog", "-g2012", "-s", BENCH, "-o", "tb.vvp", *sources], **run)  # type: ignore[call-overload]
    assert made.returncode == 0, made.stdout + made.stderr
    ran = subprocess.run(["vvp", "-n", "tb.vvp", "+stalls=3"], **run)  # type: ignore[call-overload]
    assert ran.returncode == 0 and "PASS: 4 frames" in ran.stdout
    said = [line.partition("$readmemh: ")[2] for line in (ran.stdout + ran.stderr).splitlines() if "WARNING" in line]
    assert all(words and f"`$readmemh: {words.rstrip('.')}`" in (package / "README.md").read_text() for words in said)


def test_skips_in_memory_are_refused(build: Build, tmp_path: Path) -> None:
    skipping = copy(build)
    skipping.design = replace(build.design, skips=(None,))  # type: ignore[arg-type]
    with pytest.raises(UnsupportedModelError, match="need the shell"):
        write_package(skipping, tmp_path / "package")
