"""Small C++ kernels as shared libraries: compiled for this processor once, cached, called through ctypes."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from sim._cache import build_once, cache_dir, digest
from sim._toolchain import compiler, run_tool

# Vectors but no fast math: sums stay in the order that is written, so every processor computes the same bits.
_EXACT = ("-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math")
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fopenmp-simd", *_EXACT)
_KEPT = 16
_TYPES = {
    "l": ctypes.c_long,
    "i": ctypes.c_int,
    "f": ctypes.c_float,
    "d": ctypes.c_double,
    "p": ctypes.c_void_p,
}


@cache
def load(source: Path) -> ctypes.CDLL:
    """The library of a C++ file, its functions `extern "C"`.

    Raises:
        SimulationError: there is no compiler, it fails, or the cache cannot be written.
    """
    target = cache_dir() / "native" / digest([source.read_bytes(), compiler(), _processor(), *FLAGS])

    def build(folder: Path) -> None:
        out = str(folder / "library.so")
        run_tool([compiler(), *FLAGS, "-shared", "-fPIC", str(source), "-o", out], f"compiling {source.name}")

    return ctypes.CDLL(str(build_once(target, build, _KEPT) / "library.so"))


def functions(source: Path, arguments: Mapping[str, str]) -> ctypes.CDLL:
    """The library with the types of its functions' arguments, one letter each; none returns a value.

    Args:
        source: C++ file.
        arguments: by function: l for long, i for int, f for float, d for double, p for a pointer.
    """
    library = load(source)
    for name, letters in arguments.items():
        function = getattr(library, name)
        function.argtypes, function.restype = [_TYPES[letter] for letter in letters], None
    return library


@cache
def _processor() -> str:
    """What the compiler says of itself and of this processor's instructions."""
    macros = [compiler(), "-march=native", "-dM", "-E", "-x", "c++", "/dev/null"]
    return subprocess.run(macros, capture_output=True, text=True, check=False).stdout
