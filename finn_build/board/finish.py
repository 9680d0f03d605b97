"""The bitstream of a finished build, from its own files: nothing is simulated again, and nothing may have changed."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from signflow_driver.description import Description, load_description
from signflow_driver.errors import DriverError

from finn_build.board.bitstream.open_tools import run_open
from finn_build.board.bitstream.vivado import SCRIPT, run_vivado
from finn_build.board.deploy_folder import NAME, add_bitstream
from finn_build.board.shell import MANIFEST, TOP, Shell, hash_of_files
from finn_build.board.steps import NO_BITSTREAM
from finn_build.config import Board
from finn_build.errors import ConfigError
from finn_build.families import family_of
from finn_build.output_folder import SHEET, no_build
from finn_build.report.page import redraw
from finn_build.rtl.stitch import MANIFEST as DESIGN


def require_finished(options: argparse.Namespace, board: Board, out: Path) -> None:
    """Look at options and the build before anything of it is copied.

    Raises:
        ConfigError: the bitstream is asked for by tools that want the graph; or `out` holds no
            verified build for this board and clock with our shell, or other RTL than its gate has passed.
    """
    if options.shell == "finn":
        raise ConfigError("--start deploy: FINN's shell is made from the graph; --start stitch goes on from there")
    report, description = _read(out)
    if report.get("impl") != "rtl" or not (report.get("gate") or {}).get("passed"):
        raise ConfigError(f"--start deploy: {out}: the gate has not passed our RTL; build it without --start")
    for name, asked in (("board", board.name), ("part", board.part), ("clk_mhz", board.clk_mhz)):
        if report[name] != asked:
            raise ConfigError(f"--start deploy: {out} was built for {name} {report[name]}, asked for {asked}")
    rtl = out / "stitched"
    if hash_of_files(_listed(rtl, DESIGN), rtl) != description.design_hash:
        raise ConfigError(f"--start deploy: {rtl} is not what the gate has passed; build it again without --start")


def finish_build(folder: Path, board: Board, tool: str) -> None:
    """Make the bitstream in a copy of the build, lay it into `deploy/` and its figures into `report.json`.

    Raises:
        BitstreamError: the tool failed, or the design misses the clock.
    """
    report, description = _read(folder)
    if tool == "vivado":
        made = run_vivado(folder / "vivado" / SCRIPT, board)
    else:
        made = run_open(finished_shell(folder / "stitched", board, description), board, folder / "open")
    add_bitstream(folder / "deploy", made, report["gate"]["frames"])
    report["resources"]["vivado"] = made.figures
    report["not_run"] = [said for said in report["not_run"] if said != NO_BITSTREAM]
    (folder / SHEET).write_text(json.dumps(report, indent=2) + "\n")
    redraw(folder)


def _read(folder: Path) -> tuple[dict[str, Any], Description]:
    try:
        return json.loads((folder / SHEET).read_text()), load_description(folder / "deploy" / f"{NAME}.json")
    except (OSError, ValueError, DriverError):
        raise no_build(folder) from None


def _listed(folder: Path, manifest: str) -> tuple[Path, ...]:
    """Sources of a manifest.

    Raises:
        ConfigError: one is not there.
    """
    lines = (folder / manifest).read_text().splitlines() if (folder / manifest).is_file() else []
    sources = tuple(folder / line for line in lines if not line.startswith(("//", "+")))
    if missing := [path.name for path in sources if not path.is_file()] or ([] if sources else [manifest]):
        raise ConfigError(f"--start deploy: {folder}: lacks {', '.join(missing)}; build it again without --start")
    return sources


def finished_shell(folder: Path, board: Board, description: Description) -> Shell:
    """The shell as `write_shell` left it in the folder of the design."""
    bus, skips = family_of(board), len(description.skips)
    streams = len(description.inputs) + skips, len(description.outputs) + skips
    sources = _listed(folder, MANIFEST)
    return Shell(TOP, sources, folder, bus.data_bits, bus.addr_bits, *streams, description.build_hash)
