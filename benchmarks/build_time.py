"""How long a build takes beside an earlier commit's: CPU seconds of both, children included, side by side.

`python benchmarks/build_time.py REF [--rounds N] [--warm] [-- BUILD OPTIONS]` checks REF out beside this tree and runs
the same build in both in turn, each time with an empty cache of its own, or (`--warm`) again with the one that the
build before has filled. Machines are noisy: quote the ratio.
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
    parser.add_argument("--warm", action="store_true", help="with compiled simulators in the cache")
    parser.add_argument("options", nargs="*", help="options of build.py (default: --board pynq-z2)")
    options = parser.parse_args()
    asked = options.options or ["--board", "pynq-z2"]
    ratios, seconds = [], []
    with TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(
            ["git", "worktree", "add", "--quiet", "--detach", str(folder / "ref"), options.ref], cwd=ROOT, check=True
        )
        try:
            for number in range(options.rounds):
                before, after = (
                    _seconds(tree, asked, folder / f"{number}{tree.name}", options.warm)
                    for tree in (folder / "ref", ROOT)
                )
                ratios.append(after / before)
                seconds.append((before, after))
                print(f"round {number + 1}: {before:.1f} s, here {after:.1f} s, ratio {ratios[-1]:.2f}", flush=True)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(folder / "ref")], cwd=ROOT, check=True)
    ratio = statistics.median(ratios)
    before, after = (statistics.median(column) for column in zip(*seconds, strict=True))
    row = f"{' '.join(asked)}, {'warm' if options.warm else 'cold'}", f"{before:.1f}", f"{after:.1f}", f"{ratio:.2f}"
    record(__file__, [], ["build", f"CPU seconds of {options.ref}", "here", "ratio"], [row], keep=True)
    print(f"ratio of CPU seconds: median {ratio:.2f}")


def _seconds(tree: Path, options: list[str], folder: Path, warm: bool) -> float:
    """CPU seconds of one build."""
    environment = os.environ | {"SIGNFLOW_CACHE": str(folder / "cache"), "PYTHONPATH": str(tree)}
    command = [sys.executable, str(tree / "finn_build" / "build.py"), *options, "--out", str(folder / "out")]
    for _ in range(1 + warm):
        began = _children()
        subprocess.run(command, cwd=tree, env=environment, check=True, capture_output=True)
    return _children() - began


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
