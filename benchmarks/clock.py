"""Clock, area and cycles of an earlier commit and of this tree, side by side: by the estimate after synthesis.

`python benchmarks/clock.py REF [--board BOARD] [-- BUILD OPTIONS]` stitches both designs with their shells (without a
simulation), times both with this tree's delays, and prints worst path, clock, Yosys LUTs, interval, latency and frames
per second at that clock, with the ratios. Ops joined one by one make paths through several ops look up to half longer
than one flat synthesis does; `--flat` synthesises each whole design at once (tens of minutes for 169 ops). Stitched
designs stay in the folder of `--work`, netlists of ops in the cache, so that a run that was broken off goes on.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import argparse
import json
import os
import re
import shutil
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
from finn_build.evaluate.timing.report import logic_in_words

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
    parser.add_argument("ref", help="commit to compare with, or none")
    parser.add_argument("--board", default="pynq-z2")
    parser.add_argument("--work", type=Path, help="folder to keep stitched designs in")
    parser.add_argument("--flat", action="store_true", help="synthesise whole designs, not op by op")
    parser.add_argument("options", nargs="*", help="further options of build.py, after --")
    cut = [*sys.argv, "--"].index("--")  # argparse gives a list after an option to nobody
    options = parser.parse_args(sys.argv[1:cut], argparse.Namespace(options=[]))
    options.options = sys.argv[cut + 1 :]
    board = load_board(options.board)
    with tempfile.TemporaryDirectory() as name:
        work, reference = (options.work or Path(name)).absolute(), Path(name) / "ref"
        if options.ref == "none":
            _print({"now": _measure(ROOT, work / "now", board, options.flat, options.options)})
            return 0
        subprocess.run(["git", "worktree", "add", "--detach", reference, options.ref], cwd=ROOT, check=True)
        try:
            designs = {
                name: _measure(tree, work / name, board, options.flat, options.options)
                for name, tree in {options.ref[:12]: reference, "now": ROOT}.items()
            }
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", reference], cwd=ROOT, check=True)
    _print(designs)
    return 0


def stitch(tree: Path, out: Path, board: Board, options: list[str]) -> None:
    """Stitch the design of a tree by its own command."""
    command = [sys.executable, str(tree / "finn_build" / "build.py"), "--board", board.name, *options]
    driver = next(tree.glob("finn_build/**/signflow_driver")).parent  # not installed with the tree
    places = [str(tree), str(driver), *filter(None, [os.environ.get("PYTHONPATH")])]
    subprocess.run(
        [*command, "--stop", "shell", "--out", str(out)],
        cwd=tree, env=os.environ | {"PYTHONPATH": os.pathsep.join(places)}, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip


def _measure(tree: Path, out: Path, board: Board, flat: bool, options: list[str]) -> Design:
    """Stitch the design of a tree, unless it is there, and time it by ours."""
    if not (out / "stitched" / "shell.f").is_file():
        stitch(tree, out, board, options)
    folder, cycles = out / "stitched", json.loads((out / "estimate.json").read_text())["cycles"]
    lines = (folder / "shell.f").read_text().splitlines()
    sources = [folder / line for line in lines if not line.startswith(("+", "//"))]
    ops = [path.stem for path in sources if path.suffix == ".v" and path.stem not in (TOP, ACCELERATOR)]
    share_memories(folder, ops)
    wires = Wires(board.net_ns, board.net_doubling_ns)
    if flat:
        whole = read_netlist(netlist_of(Job(TOP, board.family, sources, folder)), TOP)
        worst = worst_paths(TimingGraph(whole, figures(board.family), wires), 1)[0].ns
    else:
        timing = time_design(TOP, sources, folder, ops, board.family, wires)
        worst = timing.worst_ns
        for path in timing.paths[:3]:
            print(f"{path.ns:8.2f} ns: {path.start} -> {path.end} ({logic_in_words(path.logic)})", flush=True)
    areas = [netlist_area(m) for m in netlists([Job(op, board.family, sources, folder) for op in ops], lambda f: None)]
    return Design(worst, sum(a["lut"] for a in areas), cycles["predicted_ii"], cycles["predicted_latency"])


def share_memories(folder: Path, ops: list[str]) -> None:
    """Give ops that are equal but for their names equal memories, too."""
    first: dict[str, str] = {}
    for op in ops:
        other = first.setdefault(re.sub(rf"\b{op}(?=_|\b)", "op", (folder / f"{op}.v").read_text()), op)
        for path in folder.glob(f"{other}_*.mem") if other != op else ():
            shutil.copy(path, folder / path.name.replace(other, op, 1))


def _print(designs: dict[str, Design]) -> None:
    print("".join([f"{'post-synthesis estimate':24}", *(f"{name:>14}" for name in (*designs, "ratio"))]))
    for what in ("worst_ns", "mhz", "lut", "interval", "latency", "fps"):
        figures_of = [getattr(design, what) for design in designs.values()]
        print("".join([f"{what:24}", *(f"{f:14,.2f}" for f in figures_of), f"{figures_of[-1] / figures_of[0]:14.3f}"]))


if __name__ == "__main__":
    sys.exit(main())
