"""The bitstream by open tools, for PYNQ-Z2: Yosys, nextpnr-xilinx, Project X-Ray. Experimental: never run on a board.

Yosys comes with this package; `nextpnr-xilinx`, `fasm2frames` and `xc7frames2bit` are looked for on PATH, the chip
database in `$CHIPDB` (`xc7z020clg400.bin`) and Project X-Ray's in `$PRJXRAY_DB_DIR` (`zynq7/`), as openXC7 names them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import jinja2

from finn_build import processes
from finn_build.board.bitstream.tools import require_open_tools
from finn_build.board.bitstream.vivado import NAME, Bitstream
from finn_build.board.shell import Shell
from finn_build.config import Board
from finn_build.errors import BitstreamError
from finn_build.families import family_of
from finn_build.licence import license_files

TOP = "zynq7_top"
FAMILY = "xc7"
_SOURCES = Path(__file__).parent / "open"
_PORTS = 4  # of a Zynq-7000 in front of its memory
_LOG_LINES = 8

_MASTER = {"araddr": 32, "arlen": 4, "arsize": 2, "arburst": 2, "arcache": 4, "arprot": 3, "arvalid": 1, "arready": 1}
_MASTER |= {"rdata": 64, "rresp": 2, "rlast": 1, "rvalid": 1, "rready": 1}
_MASTER |= {"awaddr": 32, "awlen": 4, "awsize": 2, "awburst": 2, "awcache": 4, "awprot": 3, "awvalid": 1, "awready": 1}
_MASTER |= {"wdata": 64, "wstrb": 8, "wlast": 1, "wvalid": 1, "wready": 1, "bresp": 2, "bvalid": 1, "bready": 1}
_TIED = {"arid": 6, "awid": 6, "wid": 6, "arlock": 2, "awlock": 2, "arqos": 4, "awqos": 4}
_LITE = {"araddr": 12, "arvalid": 1, "arready": 1, "rdata": 32, "rresp": 2, "rvalid": 1, "rready": 1}
_LITE |= {"awaddr": 12, "awvalid": 1, "awready": 1, "wdata": 32, "wstrb": 4, "wvalid": 1, "wready": 1}
_LITE |= {"bresp": 2, "bvalid": 1, "bready": 1}
_GP = _LITE | {"araddr": 32, "awaddr": 32, "arid": 12, "rid": 12, "awid": 12, "bid": 12}
_GP |= {"arlen": 4, "rlast": 1, "wlast": 1}
_SHELL_BITS = {"arlen": 8, "awlen": 8, "arsize": 3, "awsize": 3}  # AXI4's are wider than AXI3's


def write_open_project(shell: Shell, board: Board, folder: Path) -> Path:
    """Write the top with the processing system, and the clock constraint.

    Returns:
        The top's file.

    Raises:
        BitstreamError: open tools know no such board, or the design has more streams than the chip has ports.
    """
    if not family_of(board).prjxray:
        raise BitstreamError(f"--bitstream open: {board.name} has no open place and route; legal: boards of {FAMILY}")
    masters = max(shell.inputs, shell.outputs)
    if masters > _PORTS:
        raise BitstreamError(f"--bitstream open: {masters} masters; the chip has {_PORTS} ports to its memory")
    folder.mkdir(parents=True, exist_ok=True)
    wires = {pin: _SHELL_BITS.get(pin, bits) for pin, bits in _MASTER.items()}
    template = jinja2.Template((_SOURCES / f"{TOP}.v.j2").read_text(), trim_blocks=True, lstrip_blocks=True)
    text = template.render(
        top=shell.top,
        wires=[("gp", _GP), ("lite", _LITE), *((f"hp{i}", wires) for i in range(masters))],
        gp=_GP,
        lite=_LITE,
        masters=masters,
        master=_MASTER,
        tied=_TIED,
    )
    (folder / f"{TOP}.v").write_text(text + "\n")
    clock = f"create_clock -period {board.clk_period_ns:.3f} -name clk [get_nets clk]\n"
    (folder / f"{TOP}.xdc").write_text(clock)
    license_files(folder, folder.iterdir())
    return folder / f"{TOP}.v"


def run_open(shell: Shell, board: Board, folder: Path) -> Bitstream:
    """Synthesise, place, route and assemble; takes from minutes to an hour.

    Raises:
        ConfigError: a tool or database is missing.
        BitstreamError: a tool failed.
    """
    write_open_project(shell, board, folder)
    chips, fabric = require_open_tools()
    chip, data, part = f"{chips / board.part.rpartition('-')[0]}.bin", fabric / family_of(board).prjxray, board.part
    made = {suffix: f"{folder / TOP}.{suffix}" for suffix in ("xdc", "json", "fasm", "frames")}
    bit, about = folder / f"{NAME}.bit", str(data / part / "part.yaml")
    place = ("--chipdb", chip, "--xdc", made["xdc"], "--json", made["json"], "--fasm", made["fasm"])
    assemble = ("--part_file", about, "--part_name", part, "--frm_file", made["frames"], "--output_file", str(bit))
    for command in (
        synthesis_command(shell, folder),
        ("nextpnr-xilinx", *place, "--freq", f"{board.clk_mhz:g}"),
        ("fasm2frames", "--part", part, "--db-root", str(data), made["fasm"], made["frames"]),
        ("xc7frames2bit", *assemble),
    ):
        _run(command, folder)
    if not bit.is_file():
        raise BitstreamError(f"xc7frames2bit left no {bit}; see {folder.name}/xc7frames2bit.log")
    return Bitstream("open tools, experimental", bit)


def synthesis_command(shell: Shell, folder: Path) -> list[str]:
    """Yosys in a process of its own, from the top and the shell's sources to `zynq7_top.json`."""
    sources = [str(_SOURCES / "sf_axi3_to_lite.sv"), *map(str, shell.sources)]
    return [
        sys.executable,
        "-m",
        "finn_build.board.bitstream.open_tools",
        str(folder),
        str(shell.folder),
        shell.top,
        *sources,
    ]


def _run(command: Sequence[str], folder: Path) -> None:
    """Run a tool; what it prints goes to `<tool>.log`."""
    name = "yosys" if command[0] == sys.executable else command[0]
    ran = processes.run(command, stderr=subprocess.STDOUT)
    (folder / f"{name}.log").write_text(ran.stdout)
    if ran.returncode:
        last = " / ".join(ran.stdout.splitlines()[-_LOG_LINES:])
        raise BitstreamError(f"{name} failed, see {folder.name}/{name}.log: {last}")


def _synthesise(folder: Path, memories: Path, top: str, sources: Sequence[str]) -> None:
    """Yosys: slang reads the shell, Yosys' own reader the top, whose PS7 it knows with all its pins."""
    from pyosys import libyosys as ys  # here: it takes over stdout, and only the fresh process wants it

    os.chdir(memories)
    design = ys.Design()
    run: Callable[[str], None] = lambda command: ys.run_pass(command, design)  # noqa: E731
    run(f"read_slang --keep-hierarchy --allow-use-before-declare --top sf_axi3_to_lite --top {top} {' '.join(sources)}")
    run(f"read_verilog {folder / TOP}.v")
    run(f"synth_xilinx -family {FAMILY} -flatten -noiopad -noclkbuf -top {TOP}")
    run("setattr -mod -unset keep_hierarchy *")  # the ROMs', which only synthesis needs
    run("flatten -noscopeinfo")
    run("delete t:$scopeinfo")  # nextpnr knows no such cell
    run(f"write_json {folder / TOP}.json")


if __name__ == "__main__":
    _synthesise(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:])
