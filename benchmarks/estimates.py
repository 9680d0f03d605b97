"""Area estimates of built designs against open synthesis, op by op, and the longest path of each op by itself.

`python benchmarks/estimates.py OUT... [--minutes M]` takes folders of builds (up to `shell` is enough). Each kind of op
is synthesised once (Yosys, raw LUT cells), the most frequent first; after M minutes no further one is begun, and a
later run goes on from the cache. Ops whose instances are equal but for their names are one kind, whatever memories
hold.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from time import monotonic

from record import record

from finn_build.config import load_board
from finn_build.evaluate.area import netlist_area
from finn_build.evaluate.synthesis import Job, netlist_of
from finn_build.evaluate.timing.figures import figures
from finn_build.evaluate.timing.graph import TimingGraph, Wires
from finn_build.evaluate.timing.netlist import read_netlist
from finn_build.evaluate.timing.paths import worst_paths
from finn_build.evaluate.timing.report import logic_in_words

Pair = tuple[int, int]  # synthesised, estimated
_SMALL = 20  # cells of an op below which a cell is too much of it


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builds", nargs="+", type=Path)
    parser.add_argument("--minutes", type=float, default=1e9)
    options = parser.parse_args()
    until = monotonic() + 60 * options.minutes
    rows = [row for build in options.builds for row in _measure(build.absolute(), until)]
    head = ["design", "ops", "Yosys", "estimate", "off", "an op, median", "an op, worst"]
    record(__file__, ["pyosys"], head, rows, "xc7, raw cells; ops of 20 and more count one by one.", keep=True)
    return 0


def kinds(folder: Path, ops: Iterable[str]) -> list[list[str]]:
    """Ops of a stitched design in groups of equal instances, the largest group first."""
    found = defaultdict(list)
    for op in ops:
        found[re.sub(rf"\b{op}(?=_|\b)", "op", (folder / f"{op}.v").read_text())].append(op)
    return sorted(found.values(), key=len, reverse=True)


def _measure(build: Path, until: float) -> list[tuple[str, ...]]:
    (sheet,) = (json.loads(p.read_text()) for n in ("report", "estimate") if (p := build / f"{n}.json").is_file())
    board, folder = load_board(sheet["board"]), build / "stitched"
    lines = (folder / "sources.f").read_text().splitlines()
    sources = [folder / line for line in lines if not line.startswith(("+", "//"))]
    estimates = {row["name"]: row for row in sheet["layers"]}
    groups = kinds(folder, estimates)
    lut: list[Pair] = []
    ff: list[Pair] = []
    for ops in groups:
        if monotonic() > until:
            break
        module = netlist_of(Job(ops[0], board.family, sources, folder))
        wires = Wires(board.net_ns, board.net_doubling_ns)
        path = worst_paths(TimingGraph(read_netlist(module, ops[0]), figures(board.family), wires), 1)[0]
        area, told = netlist_area(module), estimates[ops[0]]
        lut += [(area["lut"], told["lut"])] * len(ops)
        ff += [(area["ff"], told["ff"])] * len(ops)
        print(
            f"{len(ops):3} x {ops[0]:16} LUT {_in_words(*lut[-1])}, FF {_in_words(*ff[-1])}, {path.ns:5.2f} ns: "
            f"{path.start} -> {path.end} ({logic_in_words(path.logic)})",
            flush=True,
        )
    print(f"{sheet['model']} on {board.name}: {len(lut)} of {len(estimates)} ops")
    rows = []
    for what, pairs in (("LUT", lut), ("FF", ff)):
        off = [abs(b / a - 1) for a, b in pairs if a >= _SMALL]
        whole = _in_words(*map(sum, zip(*pairs, strict=True)))
        print(f"{what:3}: all {whole}; an op: median {median(off):.1%}, worst {max(off):.1%}")
        found, told = map(sum, zip(*pairs, strict=True))
        name = f"{sheet['model']}, {board.name}, {sheet['predicted_fps']:,.0f} frames/s, {what}"
        row = f"{len(lut)} of {len(estimates)}", f"{found:,}", f"{told:,}", f"{told / found - 1:+.1%}"
        rows.append((name, *row, f"{median(off):.1%}", f"{max(off):.1%}"))
    return rows


def _in_words(found: int, told: int) -> str:
    return f"{found:6,} est. {told:6,} ({told / max(found, 1) - 1:+6.1%})"


if __name__ == "__main__":
    sys.exit(main())
