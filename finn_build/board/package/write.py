"""Writes `package/`: the accelerator as an IP with AXI streams, its packaging, a testbench with the gate's frames.

`signflow_ip` is the stitched design with TLAST; the shell, which reads and writes memory, is not in it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from finn_build.errors import UnsupportedModelError
from finn_build.identifiers import identifiers
from finn_build.licence import LICENSE, licensed
from finn_build.rtl.stitch import MANIFEST, MEMORY, WAIVERS, DesignStream
from finn_build.state import Build
from sim.packing import pack
from sim.stitched import default_watchdog

TOP = "signflow_ip"
BENCH = f"{TOP}_tb"
SCRIPT = "package_ip.tcl"
_TEMPLATES = Path(__file__).parent
_FILES = {  # template to place in the package
    "top.v.j2": f"rtl/{TOP}.v",
    "testbench.sv.j2": f"tb/{BENCH}.sv",
    f"{SCRIPT}.j2": SCRIPT,
    "readme.md.j2": "README.md",
}
_PLAIN_WAIVERS = """\
// Plain Verilog as Yosys writes it: wide constants in narrow places, wires that nothing reads, modules of one op.
lint_off -rule WIDTHTRUNC -file "*.v"
lint_off -rule UNUSEDSIGNAL -file "*.v"
lint_off -rule DECLFILENAME -file "*.v"
"""


def write_package(build: Build, folder: Path) -> Path:
    """Write the folder.

    Args:
        build: gone through the gate.
        folder: new.

    Raises:
        UnsupportedModelError: a part of the design is outside of it, in the board's memory.
    """
    design, board = build.design, build.board
    if design.skips:
        raise UnsupportedModelError("skips in the board's memory need the shell; build with --ddr-skips off")
    (folder / "rtl").mkdir(parents=True)
    (folder / "tb").mkdir()
    for source in design.sources:
        shutil.copyfile(source, folder / "rtl" / source.name)
    listed = (design.mem_dir / MANIFEST).read_text().splitlines()
    memories = [line.removeprefix(MEMORY) for line in listed if line.startswith(MEMORY)]
    sources = [*(line for line in listed if not line.startswith("//")), f"{TOP}.v"]
    for name in memories:
        shutil.copyfile(design.mem_dir / name, folder / "rtl" / name)
    content = {
        "top": TOP,
        "bench": BENCH,
        "inputs": _frames(design.inputs, build, folder / "tb"),
        "outputs": _frames(design.outputs, build, folder / "tb"),
        "sources": sources,
        "memories": memories,
        "plain": design.is_plain,
        "memory_bits": design.memory_bits,
        "frames": build.config.frames,
        "quiet": default_watchdog(design),
        "clk_hz": round(board.clk_mhz * 1e6),
        "board": board,
        "network": identifiers([build.network.name])[build.network.name],
    }
    for template, place in _FILES.items():
        (folder / place).write_text(licensed(_render(template, content), Path(place).suffix))
    (folder / "rtl" / MANIFEST).write_text("\n".join(sources) + "\n")
    waived = WAIVERS.read_text() + (_PLAIN_WAIVERS if design.is_plain else "")
    (folder / "rtl" / WAIVERS.name).write_text(licensed(waived, WAIVERS.suffix))
    shutil.copyfile(LICENSE, folder / LICENSE.name)
    return folder


def _frames(streams: Sequence[DesignStream], build: Build, folder: Path) -> list[dict[str, Any]]:
    """Streams as the templates name them; their beats for the gate's frames go to `<signal>.hex`."""
    found = []
    for s in streams:
        beats = pack(build.values[2][s.tensor], s.stream)
        (folder / f"{s.signal}.hex").write_text("".join(f"{beat.tobytes().hex()}\n" for beat in np.flip(beats, 1)))
        found.append({"name": s.signal, "bits": s.stream.width_padded, "beats": s.stream.beats, "all": len(beats)})
    return found


def _render(template: str, content: dict[str, Any]) -> str:
    text = (_TEMPLATES / template).read_text()
    made = jinja2.Template(
        text, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined
    )
    return made.render(content)
