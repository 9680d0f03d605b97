"""Clock, area and cycles of an earlier commit and of this tree, side by side: by the estimate after synthesis.

`python benchmarks/clock.py REF [--board BOARD] [-- BUILD OPTIONS]` stitches both designs with their shells (without a
simulation), times both with this tree's delays, and prints worst path, clock, Yosys LUTs, interval, latency and frames
per second at that clock, with the ratios. Ops joined one by one make paths through several ops look up to half longer
than one flat synthesis does; `--flat` synthesises each whole design at once (tens of minutes for 169 ops).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from finn_build.config import Board, load_board
from finn_build.evaluate.area import netlist_area
from finn_build.evaluate.synthesis import Job, netlist_of, netlists
from finn_build.evaluate.timing.design import time_design
from finn_build.evaluate.timing.figures import figures
from finn_build.evaluate.timing.graph import TimingGraph, Wires
from finn_build.evaluate.timing.netlist import read_netlist
from finn_build.evaluate.timing.paths import worst_paths

ROOT = Path(__file__).resolve().parent.parent
TOP, ACCELERATOR = "signflow_top", "accelerator"


@dataclass(frozen=True)
class Design:
    """Figures of one design; cycles are predicted, which rtlsim confirms to the cycle or two."""

    worst_ns: float
    lut: int
    interval: int
    latency: int

    @property
    def mhz(self) -> float:
        """Highest clock by the estimate."""
        return 1000 / self.worst_ns

    @property
    def fps(self) -> float:
        """Frames per second at that clock."""
        return self.mhz * 1e6 / self.interval


def main() -> int:
    """Measure both and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ref", help="commit to compare with")
    parser.add_argument("--board", default="pynq-z2")
    parser.add_argument("--flat", action="store_true", help="synthesise whole designs, not op by op")
    parser.add_argument("options", nargs="*", help="further options of build.py, after --")
    options = parser.parse_args()
    board = load_board(options.board)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(["git", "worktree", "add", "--detach", folder / "ref", options.ref], cwd=ROOT, check=True)
        try:
            found = [
                _measure(tree, folder / f"out{i}", board, options.flat, options.options)
                for i, tree in enumerate((folder / "ref", ROOT))
            ]
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", folder / "ref"], cwd=ROOT, check=True)
    _print(options.ref, *found)
    return 0


def _measure(tree: Path, out: Path, board: Board, flat: bool, options: list[str]) -> Design:
    """Stitch the design of a tree by its own command, and time it by ours."""
    command = [sys.executable, str(tree / "finn_build" / "build.py"), "--board", board.name, *options]
    driver = next(tree.glob("finn_build/**/signflow_driver")).parent  # not installed with the tree
    places = [str(tree), str(driver), *filter(None, [os.environ.get("PYTHONPATH")])]
    subprocess.run(
        [*command, "--stop", "shell", "--out", str(out)],
        cwd=tree, env=os.environ | {"PYTHONPATH": os.pathsep.join(places)}, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    folder, cycles = out / "stitched", json.loads((out / "estimate.json").read_text())["cycles"]
    lines = (folder / "shell.f").read_text().splitlines()
    sources = [folder / line for line in lines if not line.startswith(("+", "//"))]
    ops = [path.stem for path in sources if path.suffix == ".v" and path.stem not in (TOP, ACCELERATOR)]
    wires = Wires(board.net_ns, board.net_doubling_ns)
    if flat:
        whole = read_netlist(netlist_of(Job(TOP, board.family, sources, folder)), TOP)
        worst = worst_paths(TimingGraph(whole, figures(board.family), wires), 1)[0].ns
    else:
        worst = time_design(TOP, sources, folder, ops, board.family, wires).worst_ns
    areas = [netlist_area(m) for m in netlists([Job(op, board.family, sources, folder) for op in ops], lambda f: None)]
    return Design(worst, sum(a["lut"] for a in areas), cycles["predicted_ii"], cycles["predicted_latency"])


def _print(ref: str, before: Design, now: Design) -> None:
    print(f"{'post-synthesis estimate':24}{ref[:12]:>14}{'now':>14}{'ratio':>9}")
    for what in ("worst_ns", "mhz", "lut", "interval", "latency", "fps"):
        old, new = getattr(before, what), getattr(now, what)
        print(f"{what:24}{old:14,.2f}{new:14,.2f}{new / old:9.3f}")


if __name__ == "__main__":
    sys.exit(main())
