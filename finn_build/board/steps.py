"""The pipeline's steps towards the board: shell, bitstream, deployment folder; the last two want the gate passed."""

from __future__ import annotations

from finn_build.board.bitstream import tools
from finn_build.board.bitstream.open_tools import run_open
from finn_build.board.bitstream.vivado import SCRIPT, run_vivado, write_project
from finn_build.board.deploy_folder import write_deployment
from finn_build.board.description import describe
from finn_build.board.package.write import TOP as PACKAGED
from finn_build.board.package.write import write_package
from finn_build.board.shell import write_shell
from finn_build.config import Board
from finn_build.errors import BitstreamError, UnsupportedModelError, require_clean
from finn_build.processes import Progress
from finn_build.rtl.lint import lint
from finn_build.rtl.stitch import MANIFEST
from finn_build.state import Build

NOT_ON_A_BOARD = "board: driver and notebook run on the simulated board only (signflow notebook)"
NO_BITSTREAM = (
    "bitstream: not asked for; --bitstream vivado runs vivado/build.tcl, which is checked against a recorder of "
    "Vivado's commands and was never run in Vivado"
)
_FINNS_DRIVER = "deployment folder: FINN's shell takes FINN's driver, finn-plus-driver"


def add_shell(build: Build, progress: Progress) -> None:
    """Write the shell around the design, and Vivado's project; lint all of it if asked to.

    Raises:
        LintError: a file breaks a rule.
    """
    build.shell = shell = write_shell(build.design, build.board, _content_hash(build))
    if build.lint:
        require_clean(lint(shell.sources, shell.top, memories=shell.folder, block_design=True, version=build.lint))
    write_project(build.shell, build.board, build.out / "vivado")


def _content_hash(build: Build) -> str:
    """Of the driver's description, where there can be one: the step `deploy` says why there is none."""
    try:
        return describe(build).content_hash
    except Exception:  # whatever it is, it does not keep the design from being simulated
        return ""


def require_tools(bitstream: str, shell: str, board: Board) -> None:
    """Ask for the tools of a bitstream before anything is built.

    Raises:
        ConfigError: some are missing.
    """
    tools.require_tools(bitstream, shell, board)
    if shell == "finn":
        from finn_build.finn.shell import require_known  # here: as below

        require_known(board)


def bitstream_vivado(build: Build, progress: Progress) -> None:
    """Run Vivado: synthesis, place and route, bitstream (minutes to hours)."""
    if _passed(build):
        build.bitstream = run_vivado(build.out / "vivado" / SCRIPT, build.board)


def bitstream_finn(build: Build, progress: Progress) -> None:
    """Run FINN's own Zynq build with Vivado and Vitis HLS (hours)."""
    from finn_build.finn.shell import run_finn  # here: FINN takes seconds to load that part of it

    if _passed(build):
        build.bitstream = run_finn(build.streams, build.board, build.out / "finn")


def bitstream_open(build: Build, progress: Progress) -> None:
    """Run Yosys, nextpnr-xilinx and Project X-Ray, experimental (up to hours)."""
    assert build.shell is not None
    if _passed(build):
        build.bitstream = run_open(build.shell, build.board, build.out / "open")


def package(build: Build, progress: Progress) -> None:
    """Write the folder for another tool: the design as an IP with AXI streams, its testbench and lint.

    Raises:
        LintError: a file of it breaks a rule.
    """
    if not _passed(build):
        return
    try:
        folder = write_package(build, build.out / "package")
    except UnsupportedModelError as error:
        build.not_run.append(f"package: {error}")
        return
    if build.lint:
        rtl = folder / "rtl"
        sources = [rtl / name for name in (rtl / MANIFEST).read_text().split()]
        require_clean(lint(sources, PACKAGED, memories=rtl, version=build.lint))


def deploy(build: Build, progress: Progress) -> None:
    """Write the folder for the board: driver, notebook, images, expected results."""
    if not _passed(build):
        return
    if build.bitstream and not build.bitstream.ours:
        build.not_run.append(_FINNS_DRIVER)
        return
    build.not_run += [] if build.bitstream else [NO_BITSTREAM]
    try:
        write_deployment(build, build.out / "deploy")
        build.not_run.append(NOT_ON_A_BOARD)
    except UnsupportedModelError as error:
        build.not_run.append(f"deployment folder: {error}")
    except Exception as error:  # whatever it is, the verified design is kept
        raise BitstreamError(f"deployment folder: {type(error).__name__}: {error}") from error


def _passed(build: Build) -> bool:
    return build.verdict is not None and build.verdict.passed
