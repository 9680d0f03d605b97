"""Whether a bitstream's tools are there: asked before anything that takes time to load."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from finn_build.config import Board
from finn_build.errors import ConfigError

_TOOLS = ("nextpnr-xilinx", "fasm2frames", "xc7frames2bit")
_DATABASES = {"CHIPDB": "folder of nextpnr-xilinx' chip databases", "PRJXRAY_DB_DIR": "Project X-Ray's database"}


def require_tools(bitstream: str | None, shell: str, board: Board) -> None:
    """Ask for the tools of a bitstream, `vivado` or `open`, where one is wanted; the boards of its shell FINN knows.

    Raises:
        ConfigError: some are missing.
    """
    if bitstream == "open":
        require_open_tools()
    elif shell == "finn":
        require_finns_tools(board)
    elif bitstream:
        require_vivado()


def require_vivado() -> str:
    """Path of Vivado.

    Raises:
        ConfigError: it is not on PATH.
    """
    tool = shutil.which("vivado")
    if tool is None:
        raise ConfigError("vivado is not on PATH; source settings64.sh of a Vivado of 2020.2 or newer")
    return tool


def require_finns_tools(board: Board) -> None:
    """FINN's name of the board is there, and both of the vendor's tools.

    Raises:
        ConfigError: it is not, or one is not.
    """
    if not board.finn_board:
        raise ConfigError(f"--shell finn: {board.name} has no finn_board, FINN's name of it; leave out --shell")
    if shutil.which("vivado") is None or "XILINX_VIVADO" not in os.environ:
        raise ConfigError("--shell finn needs Vivado and Vitis HLS: source their settings64.sh")
    if shutil.which("vitis_hls") is None and shutil.which("vitis-run") is None:
        raise ConfigError("--shell finn needs Vitis HLS (vitis_hls or vitis-run) on PATH: source its settings64.sh")


def require_open_tools() -> tuple[Path, Path]:
    """Folders of the chip databases, nextpnr's and Project X-Ray's.

    Raises:
        ConfigError: names every tool and database that is missing.
    """
    missing = [f"{tool} is not on PATH" for tool in _TOOLS if shutil.which(tool) is None]
    missing += [f"{name} is not set ({what})" for name, what in _DATABASES.items() if name not in os.environ]
    if missing:
        raise ConfigError(f"--bitstream open: {'; '.join(missing)}. openXC7 (github.com/openXC7) has them all")
    return Path(os.environ["CHIPDB"]), Path(os.environ["PRJXRAY_DB_DIR"])
