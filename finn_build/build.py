"""Build an accelerator: from a binary network to a simulated, verified dataflow design.

  python finn_build/build.py --board pynq-z2
      the default network with its trained weights, on generated images, into out/<model>-<board>
  python finn_build/build.py --board pynq-z2 --input-size 224
      the same network at the paper's size, with the folding shipped for it
  python finn_build/build.py --board pynq-z2 --target-fps 300 --stop buffer
      no simulation: rate, latency and area of that folding, predicted in about a minute
  python finn_build/build.py --board zcu104 --images DIR
      frames from your folder (index.csv, class sub-folders or plain images); labelled ones give the accuracy
  python finn_build/build.py --board pynq-z2 --onnx my_network.onnx
      your own QONNX file; what cannot be built is listed node by node, with the cure, before anything is built

The build compiles every activation into step functions, lowers the network onto RTL, folds it for the board, stitches
it, simulates it cycle by cycle, and compares five levels (PyTorch, QONNX, integers, each op in rtlsim, the stitched
design in rtlsim) for equality at every tap. Any difference fails the build and names layer, channel, row and column.
Then it writes deploy/, the folder for the board, vivado/build.tcl, which makes the bitstream for it, and package/, an
IP with AXI streams and its testbench, for a design of your own.

Exit code: 0 verified, 1 an error or a difference (one line on stderr), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from brevitas_models.networks.names import DEFAULT_MODEL
from finn_build.board.bitstream.tools import require_tools
from finn_build.combinations import require_together
from finn_build.config import CONFIG_DIR, Board, BuildConfig, load_board, load_build
from finn_build.errors import ConfigError, SignflowError
from finn_build.given import Given
from finn_build.options import FINISH, STEP_NAMES, parser
from finn_build.output_folder import SHEET, STEPS, no_build, output_folder
from finn_build.processes import ended_by_signals
from finn_build.terminal import in_words, say_loading, tells_errors

if TYPE_CHECKING:
    from finn_build.state import Build

_COLLECTED = (100_000, 20, 100)  # how seldom cycles are looked for: graphs and libraries are many lasting objects


@tells_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser(__doc__).parse_args(arguments)
    gc.set_threshold(*_COLLECTED)
    try:
        with ended_by_signals():
            finish(options) if options.start == FINISH else run(options)
            return 0
    except OSError as error:
        raise SignflowError(f"{error.filename or 'output'}: {in_words(error)}; nothing was kept") from error
    except KeyboardInterrupt as error:
        print(f"error: interrupted; {str(error) or 'nothing was kept'}", file=sys.stderr)
    return 1


def finish(options: argparse.Namespace) -> None:
    """Make the bitstream of a finished build, into its folder.

    Raises:
        SignflowError: no bitstream was asked for, or see `finish_build`.
    """
    _, board, out = _asked(options, Given())
    if not options.bitstream:
        raise ConfigError(f"--start {FINISH}: makes the bitstream of a finished build; add --bitstream")
    if not (out / SHEET).is_file():
        raise no_build(out)
    require_tools(options.bitstream, options.shell, board)
    from finn_build.board.finish import finish_build, require_finished  # here, as below

    require_finished(options, board, out)
    with output_folder(out, keep="all") as folder:
        finish_build(folder, board, options.bitstream)
    print(f"Made: the bitstream of the verified build {out}; it is in {out / 'deploy'}")


def run(options: argparse.Namespace, given: Given | None = None) -> tuple[Path, Build]:
    """Run a build with the options of `parser`.

    Args:
        options: parsed.
        given: a network or frames that no file holds.

    Returns:
        The folder of its files, and what its steps made.

    Raises:
        SignflowError: see `run_build`.
    """
    began, own_process, given = time.monotonic(), given is None, given or Given()
    if options.start == FINISH:
        raise ConfigError(f"--start {FINISH}: of the command alone")
    require_together(options)
    config, board, out = _asked(options, given)
    warnings.filterwarnings("ignore")  # of what libraries lack while they load, e.g. optional packages
    from finn_build.frontend.input_checks import check_input  # here, as below: `--help` does without what these load

    check_input(options, config, out)
    require_tools(options.bitstream, options.shell, board)
    with output_folder(out, "" if options.start == STEP_NAMES[0] else STEPS, options.resume) as folder:
        say_loading("PyTorch and FINN")
        from finn_build.finn.environment import prepare_finn  # before anything imports FINN
        from finn_build.frontend.load_brevitas import load_brevitas  # and Brevitas

        prepare_finn(folder / ".finn")
        if own_process:  # in another's, graphs may be compiled
            load_brevitas()
        from finn_build.command import run_build

        build = run_build(options, config, board, folder, out, given, began)
    return out, build


def _asked(options: argparse.Namespace, given: Given) -> tuple[BuildConfig, Board, Path]:
    """What is built, for what, and where."""
    config, board = _configuration(options, given.module is not None), load_board(options.board)
    board = board.at(config.clk_mhz) if config.clk_mhz else board
    name = (options.checkpoint or options.onnx or Path(config.model)).stem
    name = name if given.module is None else type(given.module).__name__
    return config, board, options.out or Path("out") / f"{name}-{board.name}"


def _configuration(options: argparse.Namespace, foreign: bool) -> BuildConfig:
    path = options.config or _preset(options)
    config, preset = load_build(path), path.resolve().parent == CONFIG_DIR
    changes = {
        "model": options.model,
        "target_fps": options.target_fps,
        "frames": options.frames,
        "clk_mhz": options.clk,
    }
    if options.limit:
        changes["limit"] = {**config.limit, **dict(options.limit)}
    if preset and (options.limit or options.target_fps not in (None, config.target_fps)):
        changes["folding"] = {}  # a preset's is for its own rate
    changes |= {"input_size": options.input_size, "ddr_skips": options.ddr_skips, "output": options.output}
    other = options.checkpoint or options.onnx or (options.model and options.model != config.model)
    other = other or (options.input_size and options.input_size != config.input_size)
    if (foreign or other) and options.config is None:
        changes |= {"folding": {}, "target_fps": "max" if options.target_fps is None else options.target_fps}
    try:
        return replace(config, **{k: v for k, v in changes.items() if v is not None})
    except ConfigError as error:
        raise ConfigError(f"command line: {error}") from error


def _preset(options: argparse.Namespace) -> Path:
    """The most special preset there is: <model>_<input size>_<board>, <model>_<board>, <model>; else the default's."""
    model, size, board = options.model or DEFAULT_MODEL, options.input_size, Path(options.board).stem
    names = [f"{model}_{size}_{board}", f"{model}_{board}", model]
    found = (path for n in names if (path := CONFIG_DIR / f"{n}.yaml").is_file())
    return next(found, CONFIG_DIR / f"{DEFAULT_MODEL}.yaml")


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: FINN is no `finn` beside this file
    sys.exit(main())
