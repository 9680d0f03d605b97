"""C simulation: the accelerator's C++ compiled by g++ against the open `ap_types` headers, every stream recorded."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from finn_build import processes
from finn_build.errors import SimulationError
from finn_build.hls.design import HlsDesign
from sim._cache import build_once, cache_dir, digest
from sim._toolchain import Progress, compile_objects, compiler, run_tool, versions
from sim.packing import unpack

_FLAGS = ("-std=c++14", "-w", "-DSF_RECORD")
_OPTIMISATION = "-O2"
_KEPT = 200
_BUNDLE = 10  # sources a compilation
_UNHEALTHY = "WARNING: Hls::stream"
_HEADERS = "hls4ml==1.3.0"


@dataclass(frozen=True)
class CsimResult:
    """What a C simulation gave.

    Attributes:
        values: integers by tensor, [frames, *shape].
        trips: of each process' longest loop, for a frame.
        passed: whether the testbench found every output equal.
    """

    values: dict[str, np.ndarray]
    trips: dict[str, int]
    passed: bool


@cache
def ap_types() -> Path:
    """Folder of the open headers, which come inside the wheel of hls4ml.

    Raises:
        SimulationError: it is not installed.
    """
    spec = importlib.util.find_spec("hls4ml")
    folder = Path((spec.submodule_search_locations or [""])[0] if spec else "") / "templates" / "vivado" / "ap_types"
    if not (folder / "ap_int.h").is_file():
        raise SimulationError(f"the headers of Vitis HLS' types are not installed; run: pip install {_HEADERS}")
    return folder


def simulate_cpp(design: HlsDesign, testbench: Path, frames: int, on_progress: Progress | None = None) -> CsimResult:
    """Compile, unless it is in the cache, and run.

    Args:
        design: the accelerator.
        testbench: folder that `write_testbench` wrote.
        frames: how many it holds.
        on_progress: called with the fraction of the compilation that is done.

    Raises:
        SimulationError: the C++ does not compile, a stream is read while empty or keeps beats, or the program failed.
    """
    program = compile_cpp(design, testbench, on_progress)
    with tempfile.TemporaryDirectory(prefix="signflow_csim_") as name:
        folder = Path(name)
        (folder / "taps").mkdir()
        for data in testbench.glob("*.dat"):
            (folder / data.name).symlink_to(data.absolute())
        done = processes.run([str(program)], cwd=folder)
        strange = [line for line in done.stdout.splitlines() if _UNHEALTHY in line]
        if strange or done.returncode not in (0, 1):
            raise SimulationError(
                f"csim (exit {done.returncode}): {'; '.join(strange or done.stdout.splitlines()[-5:])}"
            )
        values = {}
        for tensor, channel in design.channels.items():
            raw = np.fromfile(folder / "taps" / channel.name, np.uint8)
            values[tensor] = unpack(raw.reshape(-1, channel.stream.width_padded // 8), channel.stream, frames)
        trips = dict(line.split() for line in (folder / "trips").read_text().splitlines())
    return CsimResult(values, {node: int(count) for node, count in trips.items()}, done.returncode == 0)


def compile_cpp(design: HlsDesign, testbench: Path, on_progress: Progress | None = None) -> Path:
    """The program, from the cache where all that it is made of is unchanged."""
    sources = [*design.sources, testbench / "testbench.cpp"]
    headers = sorted((design.folder / "lib").iterdir())
    parts = [path.read_bytes() for path in (*sources, *headers, design.folder / "accelerator.h")]
    key = digest([versions(), *_FLAGS, _OPTIMISATION, *parts])

    def build(folder: Path) -> None:
        includes = [design.folder / "lib", design.folder, ap_types()]
        bundles = _bundles(sources, folder)
        objects = compile_objects(bundles, [*_FLAGS, _OPTIMISATION], folder, includes, on_progress)
        run_tool([compiler(), *map(str, objects), "-o", str(folder / "csim")], "linking")
        for path in (*objects, *bundles):
            path.unlink()

    return build_once(cache_dir() / "csim" / key, build, _KEPT) / "csim"


def _bundles(sources: Sequence[Path], folder: Path) -> list[Path]:
    """Gather sources, so that the headers, half a second of compilation, are read less often."""
    bundles = []
    for number, at in enumerate(range(0, len(sources), _BUNDLE)):
        bundles.append(folder / f"bundle_{number}.cc")
        bundles[-1].write_text("".join(f'#include "{path.absolute()}"\n' for path in sources[at : at + _BUNDLE]))
    return bundles
