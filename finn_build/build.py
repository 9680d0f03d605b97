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
import logging
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brevitas_models.networks.names import DEFAULT_MODEL, kinds
from finn_build.config import BOARD_DIR, CONFIG_DIR, RESOURCES, Board, BuildConfig, is_limit, load_board, load_build
from finn_build.errors import ConfigError, SignflowError
from finn_build.given import Given
from finn_build.output_folder import STEPS, output_folder
from finn_build.processes import ended_by_signals
from finn_build.terminal import in_words, tells_errors

if TYPE_CHECKING:
    from finn_build.state import Build

START_NAMES = ("integers", "lower", "fold", "buffer", "stitch")  # what comes later needs values that no file holds
STEP_NAMES = (
    "integers",
    "lower",
    "fold",
    "buffer",
    "stitch",
    "shell",
    "execute",
    "rtlsim-ops",
    "rtlsim-stitched",
    "gate",
    "package",
    "deploy",
)
FINISH = "deploy"  # a start of its own: the bitstream of a finished build, and nothing else
BRAM36_BITS = 36 * 1024
HLS_STEP_NAMES = ("hls", "csim")  # of --impl hls, in place of what is RTL


def _vivado_version(text: str) -> str:
    """The version of Vivado that `--lint` asks for; the last one refuses whatever others do."""
    from finn_build.rtl.lint import VERSIONS  # here: slang is slow to load

    tool, _, version = text.partition("=")
    if tool != "vivado" or (version or VERSIONS[-1]) not in VERSIONS:
        raise argparse.ArgumentTypeError(f"{text!r}; legal: vivado, or vivado= and one of {', '.join(VERSIONS)}")
    return version or VERSIONS[-1]


def rate_option(text: str) -> float | str:
    """Frames per second, or "max"."""
    return text if text == "max" else float(text)


def limit_option(text: str) -> tuple[str, int | str]:
    """A resource and how much of it."""
    name, _, limit = text.partition("=")
    value = int(limit) if limit.isdecimal() else limit
    if name not in RESOURCES or not is_limit(value):
        raise argparse.ArgumentTypeError(f"{text!r}; legal: {', '.join(RESOURCES)}, e.g. lut=20607 or bram=60%")
    return name, value


class ListModels(argparse.Action):
    """`--list-models`: like `--help`, it needs no other option."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(**rest, nargs="?", metavar="BOARD")

    def __call__(self, parser: argparse.ArgumentParser, options: argparse.Namespace, board: Any, *_: object) -> None:
        """Print the names and stop."""
        named, share = board or options.board, BuildConfig("").max_utilization
        try:
            room = int(share * load_board(named).bram36 * BRAM36_BITS) if named else None
        except ConfigError as error:
            parser.error(str(error))
        print("\n".join(kinds(room)))
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    boards = ", ".join(sorted(p.stem for p in BOARD_DIR.glob("*.yaml")))
    p = argparse.ArgumentParser(
        prog="build.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--board", required=True, help=f"target board: {boards}, or a YAML file like those")
    what = p.add_argument_group("network (default: the model of the configuration, with its shipped weights)")
    one = what.add_mutually_exclusive_group()
    one.add_argument(
        "--model",
        metavar="NAME",
        help="a model of the zoo, e.g. cnv_w1a2; random weights where none are shipped (see --list-models)",
    )
    one.add_argument("--checkpoint", type=Path, metavar="FILE", help="a checkpoint written by brevitas_models.train")
    one.add_argument("--onnx", type=Path, metavar="FILE", help="a QONNX file written by Brevitas")
    what.add_argument(
        "--list-models",
        action=ListModels,
        help="print the zoo by what its networks come with, and stop; those too large for a board stand apart",
    )
    what.add_argument(
        "--input-size", type=int, metavar="PX", help="height and width of the input (default: the network's own)"
    )
    what.add_argument(
        "--output",
        metavar="MEANING,...",
        help="what each output means: mask, classes, logit (one number, class 1 above the threshold) or raw (default: "
        "inferred from what the network computes)",
    )
    how = p.add_argument_group("design")
    how.add_argument(
        "--config", type=Path, metavar="YAML", help="build configuration (default: the preset of hw_configs)"
    )
    how.add_argument(
        "--target-fps",
        type=rate_option,
        metavar="FPS|max",
        help="smallest design at this rate, or the fastest that fits (default: as the preset says, else the fastest)",
    )
    how.add_argument(
        "--limit",
        type=limit_option,
        nargs="+",
        metavar="NAME=N|N%%",
        help="what the design may take of a resource, e.g. lut=20607 bram=60%% (default: 80%% of each)",
    )
    how.add_argument(
        "--clk", type=float, metavar="MHZ", help="clock to make and fold the design for (default: the board's)"
    )
    how.add_argument(
        "--ddr-skips",
        type=lambda text: text if text in ("off", "auto") else text.split(","),
        metavar="auto|off|FIFO,...",
        help="skips in the board's memory: as few as make the design fit, none (default), or these FIFOs",
    )
    how.add_argument(
        "--write-config", type=Path, metavar="YAML", help="write the configuration with the folding found, for --config"
    )
    how.add_argument(
        "--impl",
        choices=("rtl", "hls", "finn-hls"),
        default="rtl",
        help="our RTL (default), the same design as C++ for Vitis HLS, or FINN's HLS layers",
    )
    how.add_argument(
        "--rtl", choices=("systemverilog", "verilog"), default="systemverilog",
        help="the library's modules (default), or each op elaborated by Yosys to plain Verilog-2005, for any tool",
    )  # fmt: skip
    check = p.add_argument_group("verification")
    check.add_argument(
        "--images", default="synthetic", metavar="DIR", help="folder of images (default: generated ones)"
    )
    check.add_argument(
        "--frames", type=int, metavar="N", help="frames through simulation and gate, at least 4 (default: 4)"
    )
    check.add_argument("--seed", type=int, default=1, help="seed of generated images and random stalls (default: 1)")
    check.add_argument("--stalls", action="store_true", help="random idle and backpressure on every stream of the top")
    check.add_argument("--waves", action="store_true", help="record waves of the stitched simulation (slow)")
    check.add_argument(
        "--lint",
        type=_vivado_version,
        metavar="vivado[=VERSION]",
        help="check every file of the design against what Vivado is known to refuse, in one version or (default) any "
        "from 2020.2 to 2026.1; --bitstream vivado always does",
    )
    check.add_argument(
        "--yosys", action="store_true", help="synthesise every op with Yosys too: area beside the estimate"
    )
    check.add_argument(
        "--timing",
        action="store_true",
        help="estimate the clock of the whole design after synthesis (minutes; ops that were seen before cost nothing)",
    )
    check.add_argument("--require-timing", action="store_true", help="--timing, and exit 1 below the clock asked for")
    chip = p.add_argument_group("bitstream (never made unasked: it takes from minutes to hours)")
    chip.add_argument(
        "--bitstream",
        choices=("vivado", "open"),
        help="make it with the Vivado on PATH, or (PYNQ-Z2, experimental) with Yosys, nextpnr-xilinx and Project X-Ray",
    )
    chip.add_argument(
        "--shell",
        choices=("signflow", "finn"),
        default="signflow",
        help="what connects the accelerator to the processor: our shell, for our driver (default), or FINN's own Zynq "
        "build, for FINN's driver (needs Vitis HLS)",
    )
    where = p.add_argument_group("run")
    where.add_argument("--out", type=Path, metavar="DIR", help="output folder (default: out/<model>-<board>)")
    begin = where.add_mutually_exclusive_group()
    begin.add_argument(
        "--start",
        choices=(*START_NAMES, FINISH),
        default=STEP_NAMES[0],
        help="first step; earlier ones come from --out. deploy: only the --bitstream of the finished build in --out, "
        "from the very files that its gate has passed",
    )
    begin.add_argument("--resume", action="store_true", help="go on with an interrupted build of the same options")
    where.add_argument(
        "--stop", choices=(*STEP_NAMES, *HLS_STEP_NAMES), help="last step (default: all); after buffer: predictions"
    )
    return p


@tells_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        with ended_by_signals():
            finish(options) if options.start == FINISH else run(options)
            return 0
    except OSError as error:
        raise SignflowError(f"{error.filename or 'output'}: {in_words(error)}; nothing was kept") from error
    except KeyboardInterrupt as error:
        print(f"error: interrupted; {error or 'nothing was kept'}", file=sys.stderr)
    return 1


def finish(options: argparse.Namespace) -> None:
    """Make the bitstream of a finished build, into its folder.

    Raises:
        SignflowError: no bitstream was asked for, or see `finish_build`.
    """
    _, board, out = _asked(options, Given())
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
    began, given = time.monotonic(), given or Given()
    if options.start == FINISH:
        raise ConfigError(f"--start {FINISH}: of the command alone")
    config, board, out = _asked(options, given)
    _quiet_imports()
    from finn_build.frontend.input_checks import check_input  # here, as below: `--help` does without what these load

    check_input(options, config, out)
    with output_folder(out, "" if options.start == STEP_NAMES[0] else STEPS, options.resume) as folder:
        from finn_build.finn.environment import prepare_finn  # before anything imports FINN

        prepare_finn(folder / ".finn")
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


def _quiet_imports() -> None:
    """Keep what the libraries say while they load (no GPU, optional packages) out of the user's way."""
    warnings.filterwarnings("ignore")
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)


def _configuration(options: argparse.Namespace, foreign: bool) -> BuildConfig:
    config = load_build(options.config or _preset(options))
    changes = {
        "model": options.model,
        "target_fps": options.target_fps,
        "frames": options.frames,
        "clk_mhz": options.clk,
    }
    if options.limit:
        changes["limit"] = {**config.limit, **dict(options.limit)}
    if options.config is None and (options.limit or options.target_fps not in (None, config.target_fps)):
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
