"""What the cache of compiled simulators is worth: the same build with an empty cache and with a full one.

`python benchmarks/build_cache.py [--pairs N] [-- BUILD OPTIONS]` runs cold and warm builds in turn on this machine and
prints each wall time and the ratios, pair by pair (machines are noisy: quote the median ratio).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run the pairs and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3, help="cold and warm builds to time (default: 3)")
    parser.add_argument("options", nargs="*", help="options of build.py (default: --board pynq-z2)")
    options = parser.parse_args()
    ratios = []
    for pair in range(options.pairs):
        with tempfile.TemporaryDirectory() as folder:
            cold, warm = (_build_seconds(Path(folder), options.options) for _ in range(2))
        ratios.append(cold / warm)
        print(f"pair {pair + 1}: cold {cold:.1f} s, warm {warm:.1f} s, ratio {ratios[-1]:.2f}", flush=True)
    print(f"cold / warm: median {statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}")
    return 0


def _build_seconds(folder: Path, options: list[str]) -> float:
    """Wall seconds of one build with its cache in `folder`."""
    command = [sys.executable, str(ROOT / "finn_build" / "build.py"), "--out", str(folder / "out")]
    began = time.monotonic()
    subprocess.run(
        [*command, *(options or ["--board", "pynq-z2"])],
        env=os.environ | {"SIGNFLOW_CACHE": str(folder / "cache")},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
