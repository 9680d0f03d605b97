"""How far a build is: bars on a terminal, lines in a pipe, and what is left by the seconds of an earlier build."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column

from finn_build.pipeline import OnStep, Step

_LINE_EVERY_S = 20.0


@contextmanager
def progress(
    console: Console, names: Sequence[str], earlier: Mapping[str, float], clock: Callable[[], float] = time.monotonic
) -> Iterator[OnStep]:
    """Says each step as it begins, and how far it is.

    Args:
        console: where.
        names: of the steps to come, in order.
        earlier: seconds that they took in the build that is there; empty for none.
        clock: in seconds.
    """
    if not console.is_terminal:
        yield _lines(console, names, earlier, clock)
        return
    text = TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True))  # gives way where it is narrow
    columns = (text, BarColumn(bar_width=16), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, expand=True) as bars:
        running: list[int] = []

        def on_step(step: Step):  # type: ignore[no-untyped-def]
            finish()
            task = bars.add_task(f"{_place(names, step)} {step.name:16} {step.text}", total=1)
            running[:] = [task]
            return lambda fraction: bars.update(task, completed=fraction)

        def finish() -> None:
            for task in running:
                bars.update(task, completed=1)  # type: ignore[arg-type]

        yield on_step
        finish()


def _lines(console: Console, names: Sequence[str], earlier: Mapping[str, float], clock: Callable[[], float]) -> OnStep:
    """A line as a step begins; of a long one, more as it goes."""

    def on_step(step: Step):  # type: ignore[no-untyped-def]
        left = sum(earlier.get(name, 0) for name in names[names.index(step.name) :])
        rest = f" (about {left:.0f} s to go, by the build that was here)" if left >= 1 else ""
        say(f"{_place(names, step)} {step.name:16} {step.text}{rest}")
        began = said = clock()

        def on_fraction(fraction: float) -> None:
            nonlocal said
            if clock() - said >= _LINE_EVERY_S:
                said = clock()
                say(f"{_place(names, step)} {step.name:16} {fraction:.0%} after {said - began:.0f} s")

        return on_fraction

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    return on_step


def _place(names: Sequence[str], step: Step) -> str:
    return f"{names.index(step.name) + 1:2}/{len(names)}"
