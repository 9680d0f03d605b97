"""C simulation: the accelerator's C++ compiled by g++ against the open `ap_types` headers, every stream recorded.

In the first frame streams hold no more than their depths (`hls/lib/sf_simulation.h`).
"""

from __future__ import annotations

import importlib.util
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from finn_build import processes
from finn_build.errors import SimulationError
from finn_build.hls.depths import stated_depths
from finn_build.hls.design import HlsDesign
from finn_build.processes import Progress
from sim._cache import build_once, cache_dir, digest, is_whole
from sim._toolchain import compile_objects, compiler, run_tool, versions
from sim.packing import unpack

_POPCOUNT = ("-mpopcnt",) if platform.machine() == "x86_64" else ()  # every such processor since 2009
_FLAGS = ("-std=c++14", "-w", *_POPCOUNT, "-DSF_CSIM")
OPTIMISATION = {False: "-O3", True: "-O1"}  # by whether it is strict
_KEPT = 200
_KEPT_OBJECTS = 2000
BUNDLE = 10  # sources a compilation: the headers alone take a second
_UNHEALTHY = ("WARNING: stream", "STALLED: ", "TOO SOON: ")
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


class Stopped(SimulationError):
    """The program ended before its time; `beats` are those that each stream had given, uint8 [any], by tensor."""

    def __init__(self, message: str, beats: dict[str, np.ndarray]):
        super().__init__(message)
        self.beats = beats


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


def simulate_cpp(
    design: HlsDesign, testbench: Path, frames: int, on_progress: Progress | None = None, *, strict: bool = False
) -> CsimResult:
    """Compile, unless it is in the cache, and run.

    Args:
        design: the accelerator.
        testbench: folder that `write_testbench` wrote.
        frames: how many it holds.
        on_progress: called with the fraction of the compilation that is done.
        strict: take numbers and lanes as synthesis does, not from machine words, and hold memories to the distances
            that the C++ states; several times as slow.

    Raises:
        SimulationError: the C++ does not compile, or a loop depends on data.
        Stopped: the depths of its streams make it stall, a stream is read while empty or keeps beats, a memory is read
            too soon (strict), or the program failed.
    """
    program = compile_cpp(design, testbench, on_progress, strict=strict)
    with processes.scratch() as folder:
        (folder / "taps").mkdir()
        recorded = {channel.name for channel in design.channels.values()}
        depths = stated_depths(design)
        lines = [f"{name} {depths.get(name, 0)} {int(name in recorded)}\n" for name in sorted(recorded | set(depths))]
        (folder / "streams").write_text("".join(lines))
        for data in testbench.glob("*.dat"):
            (folder / data.name).symlink_to(data.absolute())
        done = processes.run([str(program)], cwd=folder)
        strange = [line for line in done.stdout.splitlines() if line.startswith(_UNHEALTHY)]
        taps = {tensor: folder / "taps" / channel.name for tensor, channel in design.channels.items()}
        beats = {tensor: np.fromfile(path, np.uint8) for tensor, path in taps.items() if path.is_file()}
        if strange or done.returncode not in (0, 1):
            said = "; ".join(strange or done.stdout.splitlines()[-5:])
            raise Stopped(f"csim (exit {done.returncode}): {said}", beats)
        values = {
            tensor: unpack(beats[tensor].reshape(-1, channel.stream.width_padded // 8), channel.stream, frames)
            for tensor, channel in design.channels.items()
        }
        trips = _trips((folder / "trips").read_text())
    return CsimResult(values, trips, done.returncode == 0)


def _trips(recorded: str) -> dict[str, int]:
    """Trips of a frame by process. In the first frame they follow the order in which processes were run, not hardware.

    Raises:
        SimulationError: another frame took other trips: a loop depends on data.
    """
    found: dict[str, list[int]] = {}
    for node, count in map(str.split, recorded.splitlines()):
        found.setdefault(node, []).append(int(count))
    if uneven := [f"{node} {counts[1:]}" for node, counts in found.items() if len(set(counts[1:])) > 1]:
        raise SimulationError(f"csim: frames take different numbers of trips: {'; '.join(uneven)}")
    return {node: counts[-1] for node, counts in found.items()}


def compile_cpp(
    design: HlsDesign, testbench: Path, on_progress: Progress | None = None, *, strict: bool = False
) -> Path:
    """The program; of its objects those are taken from the cache whose sources and headers are unchanged."""
    headers = sorted((*(design.folder / "lib").iterdir(), design.folder / "accelerator.h", testbench / "scheduler.h"))
    flags = (*_FLAGS, OPTIMISATION[strict], *(("-DSF_STRICT",) if strict else ()))
    common = digest([versions(), *flags, *(path.read_bytes() for path in headers)])
    sources = [*design.sources, testbench / "testbench.cpp"]
    bundles = [sources[at : at + BUNDLE] for at in range(0, len(sources), BUNDLE)]
    keys = [digest([common, *(path.read_bytes() for path in bundle)]) for bundle in bundles]
    kept = cache_dir() / "csim_objects"
    missing = {key: bundle for key, bundle in zip(keys, bundles, strict=True) if not is_whole(kept / key)}
    with processes.scratch() as scratch:
        texts = []
        for key, bundle in missing.items():
            texts.append(scratch / f"{key}.cc")
            texts[-1].write_text("".join(f'#include "{path.absolute()}"\n' for path in bundle))
        includes = [design.folder / "lib", design.folder, ap_types()]
        made = dict(zip(missing, compile_objects(texts, flags, scratch, includes, on_progress), strict=True))
        objects = [build_once(kept / key, _keeping(made.get(key)), _KEPT_OBJECTS) / "bundle.o" for key in keys]

    def link(folder: Path) -> None:
        run_tool([compiler(), *map(str, objects), "-o", str(folder / "csim")], "linking")

    return build_once(cache_dir() / "csim" / digest(keys), link, _KEPT) / "csim"


def _keeping(made: Path | None) -> Callable[[Path], None]:
    def keep(folder: Path) -> None:
        if made is None:
            raise SimulationError("the cache of compiled C++ was emptied meanwhile; run the build again")
        shutil.copy(made, folder / "bundle.o")

    return keep
