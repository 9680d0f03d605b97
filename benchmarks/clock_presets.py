"""The clock of every shipped preset on its board, by the estimate after synthesis.

`python benchmarks/clock_presets.py [--work DIR] [--minutes M] [PRESET ...]` stitches each design with its shell
(without a simulation), synthesises each kind of its ops once, the widest of each op first, and writes
`benchmarks/results/clock.md`; presets that are not named keep the lines they have there. Ops whose instances are equal
but for their names share memories. After M minutes no further op is begun: a line then says how many kinds of ops were
joined, and paths from and to the others are not in it. Designs stay in DIR, netlists in the cache, so a later run goes
on. A preset whose name has no board is for PYNQ-Z2; `PRESET@BOARD` takes another.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import argparse
import json
import re
import shutil
import sys
from collections import defaultdict
from dataclasses import replace
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from time import monotonic

from clock import ACCELERATOR, ROOT, TOP, share_memories, stitch
from estimates import kinds

from finn_build.config import load_board
from finn_build.evaluate.synthesis import Job, netlist_of
from finn_build.evaluate.timing.design import time_design
from finn_build.evaluate.timing.figures import figures
from finn_build.evaluate.timing.graph import TimingGraph, Wires
from finn_build.evaluate.timing.join import join
from finn_build.evaluate.timing.netlist import read_netlist
from finn_build.evaluate.timing.paths import TimingPath, worst_paths
from finn_build.evaluate.timing.report import logic_in_words

OUT = ROOT / "benchmarks" / "results" / "clock.md"
BOARDS = ("pynq-z2", "zcu104")
HEAD = """
| preset | MHz of the board | timed | longest path, ns | highest MHz | left | frames/s, predicted | path |
|---|---:|---|---:|---:|---:|---:|---|
"""


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*")
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "clock")
    parser.add_argument("--minutes", type=float, default=1e9)
    options = parser.parse_args()
    until = monotonic() + 60 * options.minutes
    every = [_with_board(path.stem) for path in sorted((ROOT / "hw_configs").glob("*.yaml"))]
    for name in map(_with_board, options.presets) if options.presets else every:
        preset, board = name.split("@")
        _write(_measure(preset, board, (options.work / name).absolute(), until))
    return 0


def _with_board(name: str) -> str:
    if "@" in name:
        return name
    return f"{name}@{next((b for b in BOARDS if name.endswith(b)), BOARDS[0])}"


def _measure(preset: str, board_name: str, out: Path, until: float) -> str:
    """A line of the table."""
    board = load_board(board_name)
    if not (out / "stitched" / "shell.f").is_file():
        stitch(ROOT, out, board, ["--config", f"hw_configs/{preset}.yaml"])
    folder, cycles = out / "stitched", json.loads((out / "estimate.json").read_text())["cycles"]
    for path in (ROOT / "finn_build" / "rtl").rglob("*.sv"):  # a design of an earlier run, with the library of now
        if (folder / path.name).is_file():
            shutil.copy(path, folder / path.name)
    sources = [
        folder / line for line in (folder / "shell.f").read_text().splitlines() if not line.startswith(("+", "//"))
    ]
    ops = [path.stem for path in sources if path.suffix == ".v" and path.stem not in (TOP, ACCELERATOR)]
    share_memories(folder, ops)
    groups, parts = _widest_first(folder, kinds(folder, ops)), {}
    for group in groups:
        if monotonic() < until:
            module = netlist_of(Job(group[0], board.family, sources, folder))
            parts |= {op: read_netlist(module, op) for op in group}
    wires = Wires(board.net_ns, board.net_doubling_ns)
    if len(parts) == len(ops):
        timing = time_design(TOP, sources, folder, ops, board.family, wires)
        worst, timed = timing.paths[0], "whole" + (", OpenSTA too" if timing.engine == "OpenSTA" else "")
    else:
        top = read_netlist(netlist_of(Job(TOP, board.family, sources, folder, tuple(ops))), TOP)
        joined = join(top, parts)
        known = tuple(cell for cell in joined.cells if cell.kind not in ops)
        (worst,) = worst_paths(TimingGraph(replace(joined, cells=known), figures(board.family), wires), 1)
        timed = f"shell and {len(kinds(folder, parts))} of {len(groups)} kinds of ops"
    return _line(preset, board_name, board.clk_mhz, timed, worst, cycles["predicted_ii"])


def _widest_first(folder: Path, groups: list[list[str]]) -> list[list[str]]:
    """Kinds of ops, by the width of their ports: the widest kind of each op, then the second ones."""

    def width(group: list[str]) -> int:
        return sum(map(int, re.findall(r"wire \[(\d+):0\]", (folder / f"{group[0]}.v").read_text())))

    by_op = defaultdict(list)
    for group in sorted(groups, key=width, reverse=True):
        by_op[group[0].rsplit("_", 1)[0]].append(group)
    return [group for rank in zip_longest(*by_op.values()) for group in rank if group]


def _line(preset: str, board: str, mhz: float, timed: str, worst: TimingPath, interval: int) -> str:
    """The table's cells."""
    name = preset.removesuffix(f"_{board}")
    left, fps = 1 - worst.ns * mhz / 1000, mhz * 1e6 / interval
    path = f"`{worst.start}` to `{worst.end}` ({logic_in_words(worst.logic)})"
    numbers = (f"{worst.ns:.2f}", f"{1000 / worst.ns:.0f}", f"{left:.0%}", f"{fps:,.0f}")
    cells = (f"`{name}`, {board}", f"{mhz:g}", timed, *numbers, path)
    return f"| {' | '.join(cells)} |"


def _write(line: str) -> None:
    print(line, flush=True)
    kept = OUT.read_text().splitlines() if OUT.is_file() else []
    lines = {row.split("|")[1]: row for row in kept if row.startswith("| `")} | {line.split("|")[1]: line}
    versions = ", ".join(f"{package} {version(package)}" for package in ("signflow", "pyosys"))
    OUT.write_text(
        f"By `python benchmarks/clock_presets.py`; {versions}. After synthesis, nothing placed.\n"
        f"{HEAD}" + "\n".join(lines[key] for key in sorted(lines)) + "\n"
    )


if __name__ == "__main__":
    sys.exit(main())
