"""`python -m tests.hls.zoo [NAME ...] [--full]`: networks of the zoo as C++ in csim, exact at every tap or not.

Of few channels (default: all of `small_zoo.CASES`), as in the tests, but compiled as a build is; with --full as they
are, by every build configuration that the project ships, minutes each. Exits with 1 where one is not exact.
"""

import benchmarks.usage  # isort: skip  # noqa: F401

import argparse
import sys
import tempfile
import time
from pathlib import Path

import pytest

from finn_build import build as command
from finn_build.config import CONFIG_DIR, load_board
from finn_build.frontend.network import ImportedNetwork
from finn_build.hls.lint import lint_design
from finn_build.pipeline import STEPS_HLS
from finn_build.state import Build
from tests.builds.pipeline_runs import start_build
from tests.builds.small_zoo import CASES, small_network


def build_cpp(network: ImportedNetwork, out: Path, board: str = "zcu104") -> Build:
    """All steps of `--impl hls`; what Vitis HLS would refuse is an error."""
    build = start_build(network, out, frames=4)
    build.board = load_board(board)
    for step in STEPS_HLS:
        step.run(build, lambda fraction: None)
    assert build.cpp is not None and not lint_design(build.cpp)
    return build


def _small(name: str, out: Path) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        verdict = build_cpp(small_network(name, out, patch), out).verdict
    assert verdict is not None
    print(f"{name}: {verdict.values:,} integers at {verdict.taps} taps, first difference {verdict.first_difference}")
    return verdict.passed


def _full(name: str, out: Path) -> bool:
    board = next((b for b in ("zcu104", "pynq-z2") if name.endswith(b)), "pynq-z2")
    options = ["--config", str(CONFIG_DIR / f"{name}.yaml"), "--board", board, "--impl", "hls", "--out", str(out)]
    return command.main(options) == 0


def main() -> int:
    """Run them one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--full", action="store_true", help="by the shipped build configurations")
    options = parser.parse_args()
    names = options.names or (sorted(p.stem for p in CONFIG_DIR.glob("*.yaml")) if options.full else CASES)
    wrong = []
    for name in names:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            exact = (_full if options.full else _small)(name, Path(folder))
        print(f"{name}: {'exact' if exact else 'NOT EXACT'}, {time.monotonic() - began:.0f} s", flush=True)
        wrong += [] if exact else [name]
    print(f"{len(names) - len(wrong)} of {len(names)} exact{': not ' if wrong else ''}{', '.join(wrong)}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
