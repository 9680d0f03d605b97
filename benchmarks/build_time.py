"""How long a build takes beside an earlier commit's: CPU seconds of both, children included, side by side.

`python benchmarks/build_time.py REF [--rounds N] [-- BUILD OPTIONS]` checks REF out beside this tree and runs the same
build in both in turn: cold, with an empty cache of its own, and warm, with what the cold one left there. Machines are
noisy: quote the ratio.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from record import record

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run both in turn and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ref", help="commit to compare with")
    parser.add_argument("--rounds", type=int, default=1, help="(default: 1)")
    parser.add_argument("options", nargs="*", help="options of build.py (default: --board pynq-z2)")
    options = parser.parse_args()
    asked = options.options or ["--board", "pynq-z2"]
    seconds: list[tuple[tuple[float, float], ...]] = []  # by round: of both trees, cold and warm
    with TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(
            ["git", "worktree", "add", "--quiet", "--detach", str(folder / "ref"), options.ref], cwd=ROOT, check=True
        )
        try:
            for number in range(options.rounds):
                seconds.append(
                    tuple(_seconds(tree, asked, folder / f"{number}{tree.name}") for tree in (folder / "ref", ROOT))
                )
                print(f"round {number + 1}: cold and warm {seconds[-1][0]} s, here {seconds[-1][1]} s", flush=True)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(folder / "ref")], cwd=ROOT, check=True)
    rows = []
    for how, kind in enumerate(("cold", "warm")):
        before, after = (statistics.median(each[tree][how] for each in seconds) for tree in (0, 1))
        ratio = statistics.median(each[1][how] / each[0][how] for each in seconds)
        rows.append((f"{' '.join(asked)}, {kind}", f"{before:.1f}", f"{after:.1f}", f"{ratio:.2f}"))
        print(*rows[-1])
    record(__file__, [], ["build", f"CPU seconds of {options.ref}", "here", "ratio"], rows, keep=True)


def _seconds(tree: Path, options: list[str], folder: Path) -> tuple[float, float]:
    """CPU seconds of a build, and of the same again."""
    environment = os.environ | {"SIGNFLOW_CACHE": str(folder / "cache"), "PYTHONPATH": str(tree)}
    command = [sys.executable, str(tree / "finn_build" / "build.py"), *options, "--out", str(folder / "out")]

    def build() -> float:
        began = _children()
        subprocess.run(command, cwd=tree, env=environment, check=True, capture_output=True)
        return round(_children() - began, 1)

    return build(), build()


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
