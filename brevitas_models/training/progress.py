"""How far a training is: a bar with an estimate on a terminal, lines in a pipe; both on stderr."""

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from brevitas_models.training.train_config import TrainConfig
from brevitas_models.training.trainer import Report

_FIRST_S, _LINE_EVERY_S = 5.0, 60.0


@contextmanager
def progress(config: TrainConfig, score: str) -> Iterator[Report]:
    """Says how each epoch went, and within one how far the training is.

    Args:
        config: of the training.
        score: name of the number on validation that is told.
    """
    console, total = Console(stderr=True), config.epochs1 + config.epochs2
    if not console.is_terminal:
        yield _lines(config, score)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("epochs"), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}"), *columns, console=console) as bars:
        task = bars.add_task("calibrating", total=total)

        def report(step: int, epoch: float, numbers: dict[str, float]) -> None:
            said = {"description": _line(step, epoch, numbers, score)} if numbers else {}
            bars.update(task, completed=_done(config, step, epoch), **said)  # type: ignore[arg-type]

        yield report


def _lines(config: TrainConfig, score: str) -> Report:
    """A line per epoch; of the first after seconds, of a long one once a minute."""
    total, began = config.epochs1 + config.epochs2, time.monotonic()
    said, start = began + _FIRST_S - _LINE_EVERY_S, -1

    def report(step: int, epoch: float, numbers: dict[str, float]) -> None:
        nonlocal said, start
        now, done = time.monotonic(), _done(config, step, epoch)
        start = math.ceil(done) - 1 if start < 0 else start  # of a resumed training its first epoch here
        if not numbers and now - said < _LINE_EVERY_S:
            return
        said = now
        left = f"about {_time((now - began) / (done - start) * (total - done))} left"
        place = f"{done:.0f} of {total} epochs, {left}" if done < total else f"all {total} epochs"
        within = f"step {step} epoch {math.ceil(epoch)} ({done:.1f} of {total} epochs, {left})"
        line = f"{_line(step, epoch, numbers, score)} ({place})" if numbers else within
        print(line, file=sys.stderr, flush=True)

    return report


def _time(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{max(1, seconds):.0f} s"


def _done(config: TrainConfig, step: int, epoch: float) -> float:
    return epoch + (config.epochs1 if step == 2 else 0)


def _line(step: int, epoch: float, numbers: dict[str, float], score: str) -> str:
    return f"step {step} epoch {epoch} loss {numbers['loss']:.4f} val {score} {numbers[f'val_{score}']:.4f}"
