"""The options of the build command."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from brevitas_models.networks.names import kinds
from finn_build.config import BOARD_DIR, LIMITS, RESOURCES, BuildConfig, is_limit, load_board
from finn_build.errors import ConfigError
from finn_build.terminal import Parser

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
    try:
        return text if text == "max" else float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}; legal: a number of frames a second, or max") from error


def limit_option(text: str) -> tuple[str, int | str]:
    """A resource and how much of it."""
    name, _, limit = text.partition("=")
    value = int(limit) if limit.isdecimal() else limit
    if name not in RESOURCES or not is_limit(value):
        raise argparse.ArgumentTypeError(f"{text!r}; legal: {LIMITS}, e.g. lut=20607 or bram=60%")
    return name, value


def _skips_option(text: str) -> str | list[str]:
    """Which skips lie in memory; the names are looked up in the graph."""
    names = text.split(",")
    if text not in ("off", "auto") and not all(re.fullmatch(r"FIFO_\d+", name) for name in names):
        raise argparse.ArgumentTypeError(f"{text!r}; legal: auto, off, or FIFOs of report.json, e.g. FIFO_3,FIFO_7")
    return text if text in ("off", "auto") else names


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


def parser(description: str | None = None) -> argparse.ArgumentParser:
    """The command line, with what its help says above the options."""
    boards = ", ".join(sorted(p.stem for p in BOARD_DIR.glob("*.yaml")))
    p = Parser(prog="signflow build", description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--board", required=True, help=f"target board: {boards}, or a YAML file like those")
    for group in (_network, _design, _verification, _bitstream, _run):
        group(p)
    return p


def _network(p: argparse.ArgumentParser) -> None:
    """What is built."""
    what = p.add_argument_group("network (default: the model of the configuration, with its shipped weights)")
    one = what.add_mutually_exclusive_group()
    one.add_argument(
        "--model",
        metavar="NAME",
        help="a model of the zoo, e.g. cnv_w1a2; random weights where none are shipped (see --list-models)",
    )
    one.add_argument("--checkpoint", type=Path, metavar="FILE", help="a checkpoint written by signflow train")
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


def _design(p: argparse.ArgumentParser) -> None:
    """For what rate, and how."""
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
        metavar="NAME=N|N%",
        help="what the design may take of a resource, e.g. lut=20607 bram=60%% (default: 80%% of each)",
    )
    how.add_argument(
        "--clk", type=float, metavar="MHZ", help="clock to make and fold the design for (default: the board's)"
    )
    how.add_argument(
        "--ddr-skips",
        type=_skips_option,
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


def _verification(p: argparse.ArgumentParser) -> None:
    """On which frames, and what is checked."""
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


def _bitstream(p: argparse.ArgumentParser) -> None:
    """What makes the bitstream."""
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


def _run(p: argparse.ArgumentParser) -> None:
    """Where, and which steps."""
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
