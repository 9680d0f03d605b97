"""Lines and toggles of the RTL that the checks of ops, shell and skips reach: `python -m tests.rtl_coverage`.

Verilator counts them in simulators of their own. Each line that nothing reaches is named; what Verilator works out
while it compiles, as functions of constants, counts as never reached. Exit code 1 when fewer
than 95 lines in 100 are reached.
"""

from __future__ import annotations

import benchmarks.usage  # isort: skip  # noqa: F401

import argparse
import os
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sim._board_model
import sim._toolchain
import sim._verilate
import sim.verilator
from finn_build.dataflow.ops.finn_op import RTL_DIR
from finn_build.finn.environment import prepare_finn
from finn_build.licence import HEAD_LINES
from sim._cache import cache_dir

WANTED = 0.95
_WRITES = """sim.final();
        sim.contextp()->coveragep()->write((std::string(getenv("SF_COVERAGE")) + std::to_string(getpid())).c_str());"""
_POINT = re.compile(r"C '(.*)' (\d+)$")
Points = dict[str, dict[tuple[str, ...], int]]  # by file: a line or a toggle, to how often


@contextmanager
def counting(folder: Path) -> Iterator[None]:
    """Simulators made meanwhile count, and leave their counts in a folder."""
    plain = sim._verilate._FLAGS, sim.verilator.binding_source, sim._board_model._BINDING, sim._toolchain.OPTIMISATION
    os.environ["SF_COVERAGE"], os.environ["SIGNFLOW_CACHE"] = f"{folder}/", str(cache_dir() / "coverage")
    try:
        sim._verilate._FLAGS = (*plain[0], "--coverage-line", "--coverage-toggle")
        sim.verilator.binding_source = lambda *arguments: _counted(plain[1](*arguments))
        sim._board_model._BINDING = _counted(plain[2])
        sim._toolchain.OPTIMISATION = "-O0"
        yield
    finally:
        sim._verilate._FLAGS, sim.verilator.binding_source, sim._board_model._BINDING, sim._toolchain.OPTIMISATION = (
            plain
        )
        del os.environ["SF_COVERAGE"]


def _counted(binding: str) -> str:
    """The binding with Verilator's counters, written when the simulation ends."""
    return '#include <unistd.h>\n#include "verilated_cov.cpp"\n' + binding.replace("sim.final();", _WRITES)


def read(folder: Path) -> tuple[Points, Points]:
    """Lines and toggles of the library's files, summed over all runs and instances."""
    lines: Points = defaultdict(lambda: defaultdict(int))
    toggles: Points = defaultdict(lambda: defaultdict(int))
    for path in folder.iterdir():
        for text in path.read_text(errors="replace").splitlines():
            if not (found := _POINT.match(text)):
                continue
            point = dict(part.split("\2", 1) for part in found[1].split("\1")[1:])
            name, count = Path(point["f"]).name, int(found[2])
            if not name.endswith(".sv"):
                continue
            added = 0 if Path(point["f"]).is_relative_to(RTL_DIR) else HEAD_LINES
            if point["page"].startswith("v_toggle"):
                toggles[name][point["l"], point["n"], point["o"]] += count
            elif point["page"].startswith("v_line"):
                for number in _numbers(point.get("S", "") or point["l"]):
                    lines[name][(str(int(number) - added),)] += count
    return lines, toggles


def _numbers(ranges: str) -> Iterator[str]:
    """Numbers of `3-5,8`."""
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        yield from map(str, range(int(first), int(last or first) + 1))


def report(lines: Points, toggles: Points) -> float:
    """Print what is reached, file by file; the share of all lines."""
    for name in sorted(lines):
        left = [int(number) for (number,), count in lines[name].items() if not count]
        reached = [sum(1 for count in points[name].values() if count) for points in (lines, toggles)]
        shares = [r / max(1, len(p[name])) for r, p in zip(reached, (lines, toggles), strict=True)]
        unseen = f"  lines never reached: {', '.join(map(str, sorted(left)))}" if left else ""
        print(f"{name:32} lines {shares[0]:6.1%}  toggles {shares[1]:6.1%}{unseen}")
    counts = [[count > 0 for file in points.values() for count in file.values()] for points in (lines, toggles)]
    shares = [sum(c) / max(1, len(c)) for c in counts]
    print(f"all: {len(counts[0])} lines, {shares[0]:.1%} reached; {len(counts[1])} toggles, {shares[1]:.1%}")
    return shares[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.rtl_coverage", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="of each op's cases, one in so many (default: all)")
    parser.add_argument("--only", default="", help="one op, the shell or the skip")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="signflow_coverage_") as name:
        folder = Path(name)
        prepare_finn(folder / "finn")
        from tests.mutants.checks import OPS, checks

        (folder / "counts").mkdir()
        with counting(folder / "counts"):
            for stem in (options.only,) if options.only else (*OPS, "shell", "skip"):
                print(f"{stem} ...", file=sys.stderr, flush=True)
                for check in checks(stem, folder / stem, options.every):
                    check()
        lines, toggles = read(folder / "counts")
    missing = sorted({p.name for p in RTL_DIR.rglob("*.sv")} - set(lines)) if not options.only else []
    print(f"files without a line that is counted: {', '.join(missing) or 'none'}")
    return int(report(lines, toggles) < WANTED)


if __name__ == "__main__":
    sys.exit(main())
