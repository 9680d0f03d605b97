"""The bitstream by Vivado: a project as one readable Tcl file, its run, and the figures of its reports."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from finn_build import processes
from finn_build.board.bitstream.reports import read_reports
from finn_build.board.bitstream.tools import require_vivado
from finn_build.board.shell import Shell
from finn_build.config import Board
from finn_build.errors import BitstreamError
from finn_build.families import family_of

NAME = "accelerator"  # of the bitstream and its handoff file: PYNQ looks for the second under the name of the first
SCRIPT = "build.tcl"
_TEMPLATE = Path(__file__).parent / f"{SCRIPT}.j2"
_CLOCK_TOLERANCE = 1e-3  # the PS divides its own clock: 250 MHz become 249.9975
_LOG_LINES = 12


@dataclass(frozen=True)
class Bitstream:
    """What a tool made for the board.

    Attributes:
        tool: which one.
        bit: the bitstream.
        handoff: addresses and clocks for PYNQ (`.hwh`), or None where the tool writes none.
        figures: timing, area and power after routing, as `report.json` holds them; None where not measured.
        ours: whether it holds our shell, so that our driver runs it.
    """

    tool: str
    bit: Path
    handoff: Path | None = None
    figures: dict[str, Any] | None = None
    ours: bool = True

    @property
    def files(self) -> tuple[Path, ...]:
        """What goes to the board."""
        return (self.bit, self.handoff) if self.handoff else (self.bit,)


def write_project(shell: Shell, board: Board, folder: Path) -> Path:
    """Write `build.tcl` into a folder; it reads the RTL from where the shell lies, by a relative path.

    Returns:
        The script.
    """
    text = _template().render(
        shell=shell,
        board=board,
        ps=family_of(board).ps,
        masters=max(shell.inputs, shell.outputs),
        name=NAME,
        rtl=os.path.relpath(shell.folder, folder),
        sources=[path.name for path in shell.sources],
        memories=sorted(path.name for path in shell.folder.glob("*.mem")),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SCRIPT).write_text(text)
    return folder / SCRIPT


def run_vivado(script: Path, board: Board) -> Bitstream:
    """Run a project to its bitstream; takes minutes to hours.

    Raises:
        ConfigError: Vivado is not on PATH.
        BitstreamError: it failed, or the routed design misses the board's clock.
    """
    command = [require_vivado(), "-mode", "batch", "-notrace", "-source", script.name]
    ran = processes.run(command, cwd=script.parent)
    if ran.returncode:
        errors = [line for line in ran.stdout.splitlines() if line.startswith("ERROR")]
        last = errors or (ran.stderr or ran.stdout).splitlines()[-_LOG_LINES:]
        raise BitstreamError(f"Vivado failed, see {script.parent.name}/vivado.log: " + "; ".join(last))
    figures = read_reports(script.parent, board.part)
    _check_timing(figures, board, script.parent)
    return Bitstream("Vivado", script.parent / f"{NAME}.bit", script.parent / f"{NAME}.hwh", figures)


def _check_timing(figures: dict[str, Any], board: Board, folder: Path) -> None:
    """A bitstream that misses its clock computes wrong results; one for another clock was not asked for."""
    period, asked = figures["clk_period_ns"], board.clk_period_ns
    if abs(period / asked - 1) > _CLOCK_TOLERANCE:
        raise BitstreamError(f"{folder.name}/timing.rpt: constrained to {period:g} ns, asked for {asked:g} ns")
    slack = min(figures[name] for name in ("wns_ns", "whs_ns", "wpws_ns"))  # all three, says UG949
    if slack < 0:
        raise BitstreamError(
            f"{folder.name}/timing.rpt: misses {board.clk_mhz:g} MHz by {-slack:g} ns; build again with a lower --clk"
        )


def _template() -> jinja2.Template:
    return jinja2.Template(
        _TEMPLATE.read_text(), trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
