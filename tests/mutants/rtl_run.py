"""Mutants of RTL before the checks: one compilation of a design for all of an op's mutants, then a run for each."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import sim.isolated
import tests.dataflow.test_slow_readers
from finn_build.dataflow.ops import finn_op
from sim import _toolchain
from sim.board import SimulatedBoard
from tests.mutants.checks import Check, checks, proofs
from tests.mutants.mutant import Mutant
from tests.mutants.rtl import schema

LIBRARY = finn_op.RTL_DIR


def survivors(stem: str, mutants: Sequence[Mutant], folder: Path) -> list[Mutant]:
    """Those that no check of an op or the shell sees: of a third of its cases, then of all, then a proof.

    Args:
        stem: whose checks.
        mutants: of its files.
        folder: to work in.

    Raises:
        RuntimeError: the checks fail without any mutant.
    """
    alive = _unseen(stem, mutants, folder / "some", 3)
    if alive and stem not in ("shell", "skip"):
        alive = _unseen(stem, alive, folder / "all", 1)
    return [mutant for mutant in alive if not _disproven(stem, mutant, folder / "proof")]


def _unseen(stem: str, mutants: Sequence[Mutant], folder: Path, every: int) -> list[Mutant]:
    number, rtl, alive = folder / "number", folder / "rtl", []
    shutil.copytree(LIBRARY, rtl)
    chosen = dict(enumerate(mutants, 1))
    for path in {mutant.path for mutant in mutants}:
        own = {k: m for k, m in chosen.items() if m.path == path}
        (rtl / path.relative_to(LIBRARY)).write_text(schema(path.read_text(), own, number))
    number.write_text("0\n")
    with library(rtl):
        looks = list(checks(stem, folder / "build", every))
        for look in looks:
            look()  # the design as it is passes
        for k, mutant in chosen.items():
            number.write_text(f"{k:x}\n")
            if not any(fails(look) for look in looks):
                alive.append(mutant)
    return alive


def _disproven(stem: str, mutant: Mutant, folder: Path) -> bool:
    shutil.copytree(LIBRARY, folder, dirs_exist_ok=True)
    (folder / mutant.path.relative_to(LIBRARY)).write_text(mutant.applied(mutant.path.read_text()))
    with library(folder):
        return any(fails(proof) for proof in proofs(stem, mutant.path, folder))


def fails(check: Check) -> bool:
    """Whether a check sees a fault; boards that it left running are ended."""
    boards: list[SimulatedBoard] = []
    begin = SimulatedBoard.__init__

    def noted(board: SimulatedBoard, *arguments: object, **options: object) -> None:
        boards.append(board)
        begin(board, *arguments, **options)  # type: ignore[arg-type]

    try:
        SimulatedBoard.__init__ = noted  # type: ignore[method-assign]
        check()
    except Exception:  # whatever a bench makes of wrong numbers: it makes nothing of right ones
        return True
    finally:
        SimulatedBoard.__init__ = begin  # type: ignore[method-assign]
        for process in (board._process for board in boards if hasattr(board, "_process")):
            process.kill()
            process.wait()
    return False


@contextmanager
def library(folder: Path) -> Iterator[None]:
    """The library of RTL is another folder meanwhile; designs are stitched once and compiled without optimisation."""
    users = [m for m in list(sys.modules.values()) if getattr(m, "RTL_DIR", None) == LIBRARY]
    makers = (sim.isolated, tests.dataflow.test_slow_readers)
    stitch, optimisation = sim.isolated.stitch, _toolchain.OPTIMISATION
    try:
        for user in users:
            user.RTL_DIR = folder  # type: ignore[attr-defined]
        for maker in makers:
            maker.stitch = _once(stitch)  # type: ignore[attr-defined]
        _toolchain.OPTIMISATION = "-O0"
        yield
    finally:
        for user in users:
            user.RTL_DIR = LIBRARY  # type: ignore[attr-defined]
        for maker in makers:
            maker.stitch = stitch  # type: ignore[attr-defined]
        _toolchain.OPTIMISATION = optimisation


def _once(stitch: Callable[..., object]) -> Callable[..., object]:
    """Stitching that remembers a folder's design."""
    models: dict[Path, object] = {}

    @cache
    def made(folder: Path, **options: object) -> object:
        return stitch(models[folder], folder, **options)

    def remembering(model: object, folder: Path, **options: object) -> object:
        models[folder] = model
        return made(folder, **options)

    return remembering
