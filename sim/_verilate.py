"""SystemVerilog to a linked executable, with neither make nor perl."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from finn_build.processes import Progress
from sim._binding import top_streams
from sim._toolchain import OPTIMISATION, compile_objects, compiler, include_dirs, run_tool, verilator_root

_SPLIT = "4000"  # statements per generated C++ file and function: big designs compile on all cores
_FLAGS = (
    *("--cc", "--prefix", "Vsim", "--assert", "--no-timing", "-O3", "--x-assign", "fast", "--x-initial", "unique"),
    *("-Wno-lint", "-Wno-style", "-Wno-fatal", "--timescale-override", "1ns/1ns"),
    *("--output-split", _SPLIT, "--output-split-cfuncs", _SPLIT),
)
_BUNDLE_BYTES = 300_000  # generated C++ per compilation, about two seconds of it
FLAGS = (*_FLAGS, OPTIMISATION)
_PACKAGE = re.compile(rb"^\s*package\s", re.MULTILINE)
HEADER_SUFFIXES = (".vh", ".svh")


def build_simulator(
    top: str,
    sources: Mapping[Path, bytes],
    binding: str,
    runtime: Path,
    wave_format: str,
    folder: Path,
    on_progress: Progress | None,
) -> None:
    """Leave `simulator` in `folder`.

    Args:
        top: Top module.
        sources: Contents by path.
        binding: C++ of the binding.
        runtime: Folder of the runtime's objects.
        wave_format: "", "fst" or "vcd".
        folder: Where to build.
        on_progress: Called with the fraction of the C++ compilation that is done.

    Raises:
        SimulationError: The design or the C++ does not compile.
    """
    model = folder / "model"
    _verilate(top, sources, wave_format, model)
    (model / "binding.cpp").write_text(binding)
    precompiled = ["-include", str(runtime / "precompiled.h")]
    objects = compile_objects(_bundles(model), precompiled, model, [*include_dirs(), model], on_progress)
    libraries = ["-lz"] if wave_format == "fst" else []
    everything = [*map(str, objects), *map(str, sorted(runtime.glob("*.o")))]
    run_tool([compiler(), *everything, "-pthread", *libraries, "-o", str(folder / "simulator")], "linking")
    shutil.rmtree(model)


def discover_streams(top: str, sources: Mapping[Path, bytes]) -> list[tuple[str, str, int, bool]]:
    """Streams of a top module: role, name, bits of tdata, endings in capitals.

    Raises:
        SimulationError: The design does not compile.
    """
    with tempfile.TemporaryDirectory(prefix="signflow_") as name:
        _verilate(top, sources, "", Path(name))
        return top_streams((Path(name) / "Vsim.h").read_text())


def _bundles(folder: Path) -> list[Path]:
    """Gather generated files into larger ones, so that headers are read less often; the largest come first."""
    sizes = {path.name: path.stat().st_size for path in folder.glob("*.cpp")}
    bundles: list[list[str]] = []
    room = 0
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        if room < sizes[name]:
            bundles.append([])
            room = _BUNDLE_BYTES
        bundles[-1].append(name)
        room -= sizes[name]
    paths = [folder / f"bundle_{number}.cc" for number in range(len(bundles))]
    for path, names in zip(paths, bundles, strict=True):
        path.write_text("".join(f'#include "{name}"\n' for name in names))
    return paths


def _verilate(top: str, sources: Mapping[Path, bytes], wave_format: str, folder: Path) -> None:
    """Generate the model's C++; packages are read before what may import them."""
    modules = [path for path in sources if path.suffix not in HEADER_SUFFIXES]
    modules.sort(key=lambda path: not _PACKAGE.search(sources[path]))
    run_tool(
        [
            str(verilator_root() / "bin" / "verilator_bin"),
            *_FLAGS,
            *([f"--trace-{wave_format}", "--trace-structs"] if wave_format else []),
            *(f"-I{path}" for path in sorted({path.parent for path in sources})),
            *("--top-module", top, "--Mdir", str(folder)),
            *map(str, modules),
        ],
        f"Verilator on {top}",
    )
