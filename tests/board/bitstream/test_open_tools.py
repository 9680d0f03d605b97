"""The open flow: synthesis runs for real, place and route and the assembler are recorders of their command lines."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from finn_build.board.bitstream import open_tools
from finn_build.board.bitstream.open_tools import run_open, synthesis_command, write_open_project
from finn_build.board.shell import Shell
from finn_build.config import Board, load_board
from finn_build.errors import BitstreamError, ConfigError
from sim._toolchain import compiler, verilator_root

HERE = Path(__file__).parent
_PS7_INPUT = re.compile(r"MAXIGP0(\w+READY|R\w+|B\w+)$|SAXIHP\d(A[RW]\w+|W\w+|[RB]READY)$")
_TOOL = """#!{python}
import json, sys
from pathlib import Path
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
{body}
with Path("{log}").open("a") as log:
    log.write(json.dumps([Path(sys.argv[0]).name, *sys.argv[1:]]) + "\\n")
"""
_BODIES = {  # strict: what each needs exists, and it leaves what the next one needs
    "nextpnr-xilinx": """
assert set(given) == {"--chipdb", "--xdc", "--json", "--fasm", "--freq"}, given
assert all(Path(given[k]).is_file() for k in ("--chipdb", "--xdc", "--json")), given
Path(given["--fasm"]).write_text("recorded\\n")""",
    "fasm2frames": """
*options, fasm, frames = sys.argv[1:]
assert options[::2] == ["--part", "--db-root"] and Path(options[3]).is_dir() and Path(fasm).is_file(), options
Path(frames).write_text("recorded\\n")""",
    "xc7frames2bit": """
assert set(given) == {"--part_file", "--part_name", "--frm_file", "--output_file"}, given
assert all(Path(given[k]).is_file() for k in ("--part_file", "--frm_file")), given
Path(given["--output_file"]).write_text("recorded, no bitstream\\n")""",
}


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Recorders on PATH, and empty databases; returns the log."""
    log, folder = tmp_path / "commands", tmp_path / "bin"
    folder.mkdir()
    for name, body in _BODIES.items():
        (folder / name).write_text(_TOOL.format(python=sys.executable, body=body, log=log))
        (folder / name).chmod(0o755)
    part = tmp_path / "prjxray-db" / "zynq7" / "xc7z020clg400-1" / "part.yaml"
    part.parent.mkdir(parents=True)
    for file in (part, tmp_path / "xc7z020clg400.bin"):
        file.write_text("")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("CHIPDB", str(tmp_path))
    monkeypatch.setenv("PRJXRAY_DB_DIR", str(tmp_path / "prjxray-db"))
    return log


def test_from_rtl_to_the_assembler(forked: tuple[Shell, Board], tools: Path, tmp_path: Path) -> None:
    """Yosys takes the top, PS7 with all pins it names included, to a flat netlist of the chip's cells."""
    made = run_open(*forked, tmp_path / "open")
    assert made.bit.read_text() == "recorded, no bitstream\n" and made.handoff is None and made.figures is None
    commands = [json.loads(line) for line in tools.read_text().splitlines()]
    assert [c[0] for c in commands] == ["nextpnr-xilinx", "fasm2frames", "xc7frames2bit"]
    assert commands[0][-2:] == ["--freq", "125"]
    netlist = json.loads((tmp_path / "open" / "zynq7_top.json").read_text())["modules"]["zynq7_top"]
    kinds = {cell["type"] for cell in netlist["cells"].values()}
    assert {"PS7", "BUFG", "FDRE", "LUT6", "CARRY4"} <= kinds
    pins = next(cell["connections"] for cell in netlist["cells"].values() if cell["type"] == "PS7")
    assert all(isinstance(bit, int) for bit in pins["SAXIHP1WDATA"] + pins["SAXIHP0ARADDR"][12:])  # wired, not tied
    assert pins["SAXIHP1ARVALID"] == ["0"] == pins["SAXIHP1RREADY"]  # the second master only writes
    given = {name for name in pins if name.startswith(("MAXIGP0", "SAXIHP0", "SAXIHP1"))}
    left = {n for n in given if "x" in pins[n] and _PS7_INPUT.search(n)}
    assert not left, f"inputs of the PS that nothing drives: {left}"
    assert all(kind.isupper() and not kind.startswith("$") for kind in kinds), kinds  # nothing left but the chip's own
    constraint = (tmp_path / "open" / "zynq7_top.xdc").read_text()
    assert constraint.endswith("\ncreate_clock -period 8.000 -name clk [get_nets clk]\n")  # behind its licence
    assert "clk" in netlist["netnames"]  # which the constraint names


@pytest.mark.parametrize(
    "old, new, message",
    [
        (".MAXIGP0ARADDR(", ".MAXIGP0ARADR(", "MAXIGP0ARADR"),
        (".m_axi_0_wlast(", ".m_axi_0_last(", "m_axi_0_last"),
    ],
)
def test_wrong_pins_fail(
    forked: tuple[Shell, Board], old: str, new: str, message: str, tmp_path: Path, monkeypatch
) -> None:
    top = write_open_project(*forked, tmp_path)
    top.write_text(top.read_text().replace(old, new, 1))
    ran = subprocess.run(synthesis_command(forked[0], tmp_path), capture_output=True, text=True, check=False)
    assert ran.returncode and message in ran.stdout + ran.stderr


def test_all_that_is_missing_is_named(
    forked: tuple[Shell, Board], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHIPDB", raising=False)
    with pytest.raises(ConfigError) as caught:
        run_open(*forked, tmp_path / "open")
    for name in ("nextpnr-xilinx", "fasm2frames", "xc7frames2bit", "CHIPDB", "PRJXRAY_DB_DIR", "openXC7"):
        assert name in str(caught.value)
    with pytest.raises(BitstreamError, match="zcu104 has no open place and route; legal: boards of xc7"):
        run_open(forked[0], load_board("zcu104"), tmp_path)


def test_a_failing_tool_is_named_with_its_log(
    forked: tuple[Shell, Board], tools: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(
        open_tools, "synthesis_command", lambda *_: [sys.executable, "-c", "print('no such module'); exit(1)"]
    )
    with pytest.raises(BitstreamError, match=r"yosys failed, see .*yosys\.log: no such module"):
        run_open(*forked, tmp_path / "open")


def test_bridge_to_the_registers(tmp_path: Path) -> None:
    """Random bursts of 1 to 16 beats both ways against a slow slave; the bench checks every beat and response."""
    main = """#include "Vbench.h"
#include <cstdio>
int main() { VerilatedContext c; Vbench t{&c}; t.rst = 1;
  for (int i = 0; i < 100000; ++i) { t.clk = i & 1; if (i == 20) t.rst = 0; t.eval(); }
  std::printf("%u bursts\\n", t.bursts); t.final(); }"""
    root = verilator_root()
    (tmp_path / "main.cpp").write_text(main)
    sources = [HERE / "axi3_to_lite_bench.sv", Path(open_tools.__file__).parent / "open" / "sf_axi3_to_lite.sv"]
    command = [
        root / "bin" / "verilator_bin",
        "--cc",
        "-O3",
        "--assert",
        "-Wall",
        "-Wno-DECLFILENAME",
        "--prefix",
        "Vbench",
    ]
    lint = ["-Wno-UNUSEDSIGNAL", "-Wno-fatal"]
    environment = {**os.environ, "VERILATOR_ROOT": str(root)}
    ran = subprocess.run(
        [*command, *lint, "--Mdir", tmp_path, *sources], env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0 and "sf_axi3_to_lite.sv" not in ran.stderr, ran.stderr  # the bridge is clean under -Wall
    runtime = [root / "include" / name for name in ("verilated.cpp", "verilated_threads.cpp")]
    units = [*tmp_path.glob("*.cpp"), *runtime]
    flags = [
        "-std=c++17",
        "-O1",
        "-w",
        "-pthread",
        f"-I{tmp_path}",
        f"-I{root / 'include'}",
        f"-I{root / 'include' / 'vltstd'}",
    ]
    subprocess.run([compiler(), *flags, *units, "-o", tmp_path / "bench"], check=True)
    out = subprocess.run([tmp_path / "bench"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert int(out.split()[0]) > 500, out
