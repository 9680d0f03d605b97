"""How fast rtlsim is beside a bare C++ loop around the same Verilated model: cycles per CPU second of both, in turn.

`python benchmarks/rtlsim.py OUT [--cycles N] [--rounds N]` takes the folder of a build. Ours drives, records and checks
every stream of the stitched design; the bare loop (`bare_loop.cpp`) holds inputs valid and outputs ready.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import argparse
import json
import resource
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper
from record import record

import finn_build.dataflow.ops  # noqa: F401  (registers the ops)
from finn_build.dataflow.stream import Stream
from finn_build.rtl.stitch import StitchedDesign, stitch
from sim._binding import binding_source
from sim._toolchain import HARNESS, runtime_library
from sim._verilate import build_simulator
from sim.packing import pack
from sim.stitched import compile_design, default_watchdog
from sim.verilator import Simulator

T = TypeVar("T")
BARE = (Path(__file__).with_name("bare_loop.cpp"), *HARNESS[1:])


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument(
        "--cycles", type=int, default=1_000_000, help="or more, for the last frame (default: 1,000,000)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="(default: 3)")
    options = parser.parse_args()
    (sheet,) = (path for n in ("report", "estimate") if (path := options.build / f"{n}.json").is_file())
    name = json.loads(sheet.read_text())["model"]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        design = stitch(ModelWrapper(str(options.build / "steps" / "buffer.onnx")), Path(folder) / "design")
        ours = compile_design(design)
        bare = _bare(design, ours, Path(folder))
        rng = np.random.default_rng(0)
        frames = -(-options.cycles // design.longest_cycles)
        beats = {s.signal: pack(_ends(rng, s.stream, frames), s.stream) for s in design.inputs}
        for number in range(1, options.rounds + 1):
            result, seconds = _timed(
                lambda: ours.run(beats, frames, cwd=design.mem_dir, watchdog_cycles=default_watchdog(design))
            )
            command = [str(bare), str(result.cycles)]
            _, least = _timed(lambda command=command: subprocess.run(command, cwd=design.mem_dir, check=True))
            rows.append((f"{name}, round {number}", result.cycles / seconds, result.cycles / least, least / seconds))
            print(*rows[-1], flush=True)
    rows.append((f"{name}, median", *(statistics.median(column) for column in list(zip(*rows, strict=True))[1:])))
    cells = [(what, f"{a:,.0f}", f"{b:,.0f}", f"{ratio:.2f}") for what, a, b, ratio in rows]
    head = ["design", "rtlsim, cycles per CPU second", "bare loop", "ratio"]
    record(__file__, ["verilator"], head, cells, f"{len(design.taps)} streams recorded and checked.", keep=True)


def _ends(rng: np.random.Generator, stream: Stream, frames: int) -> np.ndarray:
    """Frames of the least and the greatest number of a stream's type."""
    ends = int(stream.dtype.min()), int(stream.dtype.max())
    return rng.choice(ends, (frames, *stream.shape))


def _bare(design: StitchedDesign, ours: Simulator, folder: Path) -> Path:
    """The same model with the same flags, in the bare loop."""
    sources = {path: path.read_bytes() for path in design.sources}
    binding = binding_source(design.top, [bound[:3] for bound in ours.bound], "")
    binding = binding.replace("begun = true", "begun = false")  # Verilator's own eval, always
    (folder / "bare").mkdir()
    build_simulator(design.top, sources, binding, runtime_library("", BARE), "", folder / "bare", None)
    return folder / "bare" / "simulator"


def _timed(run: Callable[[], T]) -> tuple[T, float]:
    """What it gives, and the CPU seconds of the programs that it ran."""
    began = _children()
    result = run()
    return result, _children() - began


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
