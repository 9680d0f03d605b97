"""The script for Vitis HLS, run as real Tcl by both of its command lines against a strict recorder."""

import shutil
import subprocess
from pathlib import Path

import pytest

from finn_build.state import Build
from tests.hls.conftest import ROOT

OLD, NEW = ["vitis_hls", "-f"], ["vitis-run", "--mode", "hls", "--tcl"]


def _run(command: list[str], folder: Path, steps: str) -> subprocess.CompletedProcess[str]:
    import os

    environment = os.environ | {"HLS_STEPS": steps}
    return subprocess.run(
        [*command, str(folder / "run_hls.tcl")], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(built: Build, tmp_path: Path) -> Path:
    """A copy of the C++, which the script may fill."""
    assert built.cpp is not None
    return Path(shutil.copytree(built.cpp.folder, tmp_path / "hls"))


def test_old_and_new_run_all_steps(folder: Path, vitis_on_path: Path) -> None:
    done = _run(OLD, folder, "csim csynth export cosim")
    assert done.returncode == 0, done.stdout
    log = [line.split()[0] for line in vitis_on_path.read_text().splitlines()]
    assert [c for c in log if c.endswith("_design")] == [
        "csim_design", "csynth_design", "export_design", "csynth_design", "cosim_design",
    ]  # fmt: skip
    done = _run(NEW, folder, "csynth,export")
    assert done.returncode == 0, done.stdout
    assert "csim_design" not in vitis_on_path.read_text()


def test_csim_of_the_script_finds_a_wrong_weight(folder: Path, vitis_on_path: Path) -> None:
    source = max((folder / "processes").glob("MVAU_*.cpp"))  # of the outputs: nothing behind it takes levels apart
    source.write_text(source.read_text().replace("{0x", "{0x40 ^ 0x"))
    done = _run(OLD, folder, "csim")
    assert done.returncode == 1 and "differs" in done.stdout and "FAILED" in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("file", "before", "after", "why"),
    [
        ("run_hls.tcl", "-flow_target vivado", "-flow vivado", "unknown or incomplete option -flow"),
        ("run_hls.tcl", "accelerator.cpp ", "accelerater.cpp ", "does not exist"),
        ("run_hls.tcl", "set_top accelerator", "set_top accelerate", "no function accelerate"),
        ("run_hls.tcl", "xc7z020clg400-1", "xc7z020", "unknown part xc7z020"),
        ("run_hls.tcl", "-DSF_COSIM", '""', "ap_ctrl_none with non-blocking reads"),
        ("accelerator.cpp", "mode=axis", "mode=axi", "mode=axi; legal"),
        ("lib/sf_mvau.h", "style=flp", "style=flush", "style=flush; legal"),
        ("lib/sf_add.h", "#pragma HLS PIPELINE II=1 style=flp\n", "", "neither pipelined nor unrolled"),
        ("lib/sf_swg.h", "#pragma HLS LOOP_TRIPCOUNT", "#pragma HLS TRIPCOUNT", "pragma TRIPCOUNT is unknown"),
        (
            "lib/sf_window.h",
            "words(0), last(0)",
            "words(0) {\n    for (int i = 0; i < 2; ++i) x[i] = 0;\n//",
            "neither pipel",
        ),
        ("processes/BitConv_0.cpp", "DEPENDENCE variable=ring", "DEPENDENCE variable=rows", "no variable rows"),
        ("processes/BitConv_0.cpp", "distance=2 true", "distance=N::LAG true", "distance=N::LAG is no literal"),
        ("lib/sf_pad.h", "int fold = 0,", "int* row = new int[4]; int fold = 0,", "memory allocated at run time: new"),
    ],
)
def test_what_vitis_would_refuse(
    folder: Path, vitis_on_path: Path, file: str, before: str, after: str, why: str
) -> None:
    path = folder / file
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after, 1))
    done = _run(OLD, folder, "csynth cosim")
    assert done.returncode == 1 and why in done.stdout, done.stdout


def test_unknown_step(folder: Path, vitis_on_path: Path) -> None:
    done = _run(OLD, folder, "synth")
    assert done.returncode == 1 and "no step synth; legal: csim csynth export cosim" in done.stdout


def test_all_of_it_states_its_licence(built: Build) -> None:
    assert built.cpp is not None and (built.cpp.folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    sources = [path for path in built.cpp.folder.rglob("*") if path.suffix in (".cpp", ".h", ".tcl")]
    assert {path.parent.name for path in sources} == {"hls", "lib", "processes", "testbench"}
    assert all(path.read_text().count("SPDX-License-Identifier: BSD-3-Clause") == 1 for path in sources)
