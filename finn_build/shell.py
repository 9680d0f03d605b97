"""The shell around a stitched design: the thin top `signflow_top`, its sources and the build hash, in the same folder.

The RTL of the shell is static (`rtl/shell/`, see the README there); only the top, which names the pins, is written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from finn_build.config import Board
from finn_build.stitch import StitchedDesign

TOP = "signflow_top"
MANIFEST = "shell.f"


@dataclass(frozen=True)
class Shell:
    """A stitched design with its shell, on disk.

    Attributes:
        top: top module.
        sources: HDL files, dependencies first, the top last.
        folder: of the sources and memory files, where a simulation must run.
        data_bits: of the AXI masters.
        addr_bits: of the AXI masters.
        inputs: streams read from memory.
        outputs: streams written to memory; master i serves input i and output i.
        build_hash: 32 hexadecimal digits, of all RTL and memory files of the accelerator.
    """

    top: str
    sources: tuple[Path, ...]
    folder: Path
    data_bits: int
    addr_bits: int
    inputs: int
    outputs: int
    build_hash: str


def write_shell(design: StitchedDesign, board: Board) -> Shell:
    """Write the shell into the folder of a stitched design.

    Args:
        design: what `stitch` returned.
        board: gives the width of the masters.
    """
    raise NotImplementedError  # filled in by the commits that follow
