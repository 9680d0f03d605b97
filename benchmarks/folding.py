"""What the folding search finds for the peers' networks and ours: predicted rate and area, beside the wanted rate.

`python benchmarks/folding.py [NAME ...]` prints a line for each case as it is found, with the CPU seconds of import and
search together, and writes `benchmarks/results/folding.md`; cases that are not named keep the lines they have there.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from finn_build.sweep.points import Line, compute

OUT = Path(__file__).parent / "results" / "folding.md"
HEAD = "| case | target | wanted | frames/s | LUT | BRAM36 | DSP | URAM | CPU s |\n" + "|---" + "|---:" * 8 + "|\n"


@dataclass(frozen=True)
class Case:
    """One search.

    Attributes:
        line: network, board, size, clock and limits.
        target: frames per second, or "max".
        wanted: frames per second that it has to reach.
    """

    line: Line
    target: float | str
    wanted: float


FINN_LUT = (("lut", 20607), ("bram", "100%"))  # what FINN's CNV-w1a1 takes of XC7Z020 for 3,020 frames per second
CASES = {
    "cnv_w1a1 within FINN's LUTs": Case(Line("cnv_w1a1", "pynq-z2", 0, 100, FINN_LUT), "max", 7500),
    "cnv_w1a1": Case(Line("cnv_w1a1", "pynq-z2", 0, 100), "max", 20_000),
    "cnv_w1a1 at 3000": Case(Line("cnv_w1a1", "pynq-z2"), 3000.0, 3000),
    "cnv_w1a1 at 3100": Case(Line("cnv_w1a1", "pynq-z2"), 3100.0, 3100),
    "cnv_w1a2": Case(Line("cnv_w1a2", "pynq-z2", 0, 100), "max", 12_000),
    "bi_shufflenet 224, PYNQ-Z2": Case(Line("bi_shufflenet", "pynq-z2", 224), "max", 1500),
    "bi_shufflenet 224, ZCU104": Case(Line("bi_shufflenet", "zcu104", 224, 250), "max", 4900),
    "u_binet_w1a4 224, ZCU104": Case(Line("u_binet_w1a4", "zcu104", 224, 250), "max", 277),
}


def main() -> None:
    """Search and write."""
    names = sys.argv[1:] or list(CASES)
    if unknown := set(names) - set(CASES):
        raise SystemExit(f"{', '.join(unknown)}: no such case; legal: {', '.join(CASES)}")
    kept = OUT.read_text().splitlines() if OUT.is_file() else []
    lines = {line.split("|")[1].strip(): line for line in kept if line.startswith("| ")}
    for name in names:
        case, began = CASES[name], time.process_time()
        (row,) = compute(case.line, [case.target])
        seconds = time.process_time() - began
        found = (
            [f"{row[key]:,.0f}" for key in ("fps", "lut", "bram36", "dsp", "uram")] if "fps" in row else [row["error"]]
        )
        lines[name] = f"| {' | '.join([name, str(case.target), f'{case.wanted:,.0f}', *found, f'{seconds:.0f}'])} |"
        print(lines[name], flush=True)
        OUT.parent.mkdir(exist_ok=True)
        versions = ", ".join(f"{package} {version(package)}" for package in ("signflow", "finn-plus", "qonnx", "torch"))
        rows = "\n".join(lines[case] for case in CASES if case in lines)
        OUT.write_text(
            f"By `python benchmarks/folding.py`; {versions}. Predicted, nothing simulated.\n\n{HEAD}{rows}\n"
        )


if __name__ == "__main__":
    main()
