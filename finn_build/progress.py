"""How far a build is: bars on a terminal, lines in a pipe, and what is left, by an earlier build or by a usual one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column

from finn_build.pipeline import OnStep, Step

_LINE_EVERY_S = 20.0
# Seconds of each step of `make build` on two busy cores where nothing is cached, those of C++ roughly.
_USUAL_S = {
    "integers": 1.4, "lower": 4.8, "fold": 5.3, "buffer": 0.2, "stitch": 0.8, "shell": 0.1, "execute": 4.0,
    "rtlsim-ops": 58.5, "rtlsim-stitched": 100.5, "hls": 2.0, "csim": 50.0, "gate": 0.1, "package": 0.2, "deploy": 0.6,
}  # fmt: skip


@contextmanager
def progress(
    console: Console, names: Sequence[str], earlier: Mapping[str, float], clock: Callable[[], float] = time.monotonic
) -> Iterator[OnStep]:
    """Says each step as it begins, and how far it is.

    Args:
        console: where.
        names: of the steps to come, in order.
        earlier: seconds that they took in the build that is there; empty for none, and a usual build's are taken,
            scaled by what the steps done so far took.
        clock: in seconds.
    """
    left = _Left(names, earlier, clock)
    if not console.is_terminal:
        yield _lines(console, names, left, clock)
        return
    text = TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True))  # gives way where it is narrow
    columns = (text, BarColumn(bar_width=16), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, expand=True) as bars:
        running: list[int] = []

        def on_step(step: Step):  # type: ignore[no-untyped-def]
            finish()
            task = bars.add_task(f"{_place(names, step)} {step.name:16} {step.text}{left.words(step)}", total=1)
            running[:] = [task]
            return lambda fraction: bars.update(task, completed=fraction)

        def finish() -> None:
            for task in running:
                bars.update(task, completed=1)  # type: ignore[arg-type]

        yield on_step
        finish()


class _Left:
    """What is left of a build, in words."""

    def __init__(self, names: Sequence[str], earlier: Mapping[str, float], clock: Callable[[], float]) -> None:
        self._names, self._clock = names, clock
        self._seconds = earlier or _USUAL_S
        self._by = "by the build that was here" if earlier else "by the shares of a usual build"
        self._scaled, self._began = not earlier, clock()

    def words(self, step: Step) -> str:
        """As a step begins; nothing where less than a second is left."""
        at = self._names.index(step.name)
        done, left = (sum(self._seconds.get(n, 0) for n in names) for names in (self._names[:at], self._names[at:]))
        if self._scaled and done:
            left *= (self._clock() - self._began) / done
        return f" (about {left:.0f} s to go, {self._by})" if left >= 1 else ""


def _lines(console: Console, names: Sequence[str], left: _Left, clock: Callable[[], float]) -> OnStep:
    """A line as a step begins; of a long one, more as it goes."""

    def on_step(step: Step):  # type: ignore[no-untyped-def]
        say(f"{_place(names, step)} {step.name:16} {step.text}{left.words(step)}")
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
