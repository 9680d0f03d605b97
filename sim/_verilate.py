"""SystemVerilog to a linked executable, with neither make nor perl."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from finn_build.processes import Progress, scratch
from sim._binding import top_streams
from sim._toolchain import OPTIMISATION, compile_objects, compiler, cores, include_dirs, run_tool, verilator_root

_SPLIT = "4000"  # statements per generated C++ file and function: big designs compile on all cores
_FLAGS = (
    *("--cc", "--prefix", "Vsim", "--assert", "--no-timing", "-O3", "--x-assign", "fast", "--x-initial", "unique"),
    *("-Wno-lint", "-Wno-style", "-Wno-fatal", "--timescale-override", "1ns/1ns"),
    *("--output-split", _SPLIT, "--output-split-cfuncs", _SPLIT),
)
_LEAST, _MOST = 300_000, 3_000_000  # bytes of generated C++ per compilation: each reads half a second of headers
_RARE = "__Slow.cpp"  # Verilator's name for what runs once
_PLAIN = '#pragma GCC optimize("O0")\n'  # of its constructors, where g++'s -O1 takes quadratic time
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
    with scratch() as folder:
        _verilate(top, sources, "", folder)
        return top_streams((folder / "Vsim.h").read_text())


def _bundles(folder: Path) -> list[Path]:
    """Gather generated files into larger ones, about three a core; what runs once apart, and last."""
    sizes = {path.name: path.stat().st_size for path in folder.glob("*.cpp")}
    most = min(_MOST, max(_LEAST, sum(sizes.values()) // (3 * cores())))
    texts = []
    for rare in (False, True):
        names = sorted((n for n in sizes if n.endswith(_RARE) == rare), key=lambda name: (-sizes[name], name))
        count = -(-sum(map(sizes.__getitem__, names)) // most)
        lines = [f'#include "{name}"\n' for name in names]
        texts += [(_PLAIN if rare else "") + "".join(lines[k::count]) for k in range(count)]
    paths = [folder / f"bundle_{number}.cc" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
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
