"""Proof by induction of the immediate assertions of a module, by Yosys' `sat`, from the cycle of a reset on.

`python -m tests.board.prove TOP PARAMETER=VALUE... FILE...` exits with 0 when they hold; Yosys takes over stdout, so
each proof is a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_PROOF = "sat -verify -prove-asserts -set-assumes -tempinduct -seq 1 -set-at 1 rst 1 -maxsteps 2"


def holds(top: str, files: Sequence[Path], parameters: Mapping[str, int] | None = None) -> tuple[bool, str]:
    """Whether every assertion of a module is proven, and the end of what Yosys printed."""
    values = [f"{name}={value}" for name, value in (parameters or {}).items()]
    command = [sys.executable, "-m", "tests.board.prove", top, *values, *map(str, files)]
    ran = subprocess.run(command, cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, check=False)
    return ran.returncode == 0 and "Induction step proven: SUCCESS!" in ran.stdout, (ran.stdout + ran.stderr)[-3000:]


def main(top: str, *arguments: str) -> None:
    """Read the module and prove it."""
    from pyosys import libyosys as ys

    parameters = " ".join(f"-G {argument}" for argument in arguments if "=" in argument)
    files = " ".join(argument for argument in arguments if "=" not in argument)
    design = ys.Design()
    for command in (
        f"read_slang -D SYNTHESIS {parameters} --top {top} {files}",
        *(f"hierarchy -check -top {top}", "proc", "flatten", "memory_map", "opt_clean"),
        *("chformal -lower", "async2sync", "opt_clean", f"{_PROOF} {top}"),
    ):
        ys.run_pass(command, design)


if __name__ == "__main__":
    main(*sys.argv[1:])
