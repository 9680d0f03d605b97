"""C simulation beside the stitched design in rtlsim: frames a second and seconds of compilation, in one run.

    python benchmarks/csim.py [--graph FILE] [--board BOARD] [--frames N] [--cold]

The graph is what a build leaves as `steps/buffer.onnx`; by default that of `make build`. Random frames go through
rtlsim, then through csim, each on one core; every stream of the two is compared. --cold compiles both with an empty
cache.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper

import finn_build.dataflow.ops  # noqa: F401  (registers the ops)
from finn_build.config import Board, load_board
from finn_build.hls.design import write_hls
from finn_build.hls.testbench import write_testbench
from finn_build.rtl.stitch import stitch
from sim.csim import compile_cpp, simulate_cpp
from sim.stitched import compile_design, simulate

MADE = "out/bi_shufflenet-pynq-z2/steps/buffer.onnx"
T = TypeVar("T")


def main() -> int:
    """Measure and print; 1 where a stream differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graph", type=Path, default=MADE, help=f"a folded graph with its FIFOs (default: {MADE})")
    parser.add_argument("--board", default="pynq-z2", help="that it was folded for (default: pynq-z2)")
    parser.add_argument("--frames", type=int, default=16, help="through both (default: 16)")
    parser.add_argument("--cold", action="store_true", help="compile with an empty cache")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if options.cold:
            os.environ["SIGNFLOW_CACHE"] = str(Path(name) / "cache")
        model = ModelWrapper(str(options.graph))
        return _compare(model, load_board(options.board), options.frames, Path(name))


def _compare(model: ModelWrapper, board: Board, frames: int, folder: Path) -> int:
    design = stitch(model, folder / "stitched", part=board.part, clk_ns=board.clk_period_ns)
    rng, image = np.random.default_rng(1), design.inputs[0]
    low, high = int(image.stream.dtype.min()), int(image.stream.dtype.max())
    inputs = {image.tensor: rng.integers(low, high + 1, (frames, *image.stream.shape))}
    _timed("rtlsim, stitched: compile", lambda: compile_design(design))
    (streams, _), rtlsim = _timed("rtlsim, stitched: run", lambda: simulate(design, inputs, frames))
    cpp = write_hls(model, folder / "hls", board)
    testbench = write_testbench(cpp, inputs | streams, frames)
    _timed("csim: compile", lambda: compile_cpp(cpp, testbench))
    found, csim = _timed("csim: run", lambda: simulate_cpp(cpp, testbench, frames))
    pairs = ((name, got.ravel(), streams[name].ravel()) for name, got in found.values.items() if name in streams)
    wrong = [name for name, got, expected in pairs if not np.array_equal(got, expected)]
    print(f"{frames} frames, {len(streams)} streams recorded by both, different: {wrong or 'none'}")
    rates = f"csim {frames / csim:.2f} frames a second of processor, rtlsim {frames / rtlsim:.2f}"
    print(f"{rates}: {rtlsim / csim:.1f} times")
    return int(bool(wrong))


def _timed(what: str, work: Callable[[], T]) -> tuple[T, float]:
    """What it returns, and seconds of processor, of this process and its children; wall seconds are printed too."""
    began, used = time.monotonic(), _processor()
    found = work()
    spent = _processor() - used
    print(f"{what} {spent:.2f} s of processor, {time.monotonic() - began:.1f} s", flush=True)
    return found, spent


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


if __name__ == "__main__":
    sys.exit(main())
