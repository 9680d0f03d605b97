"""Where the streams of a dataflow graph run when its ops stand one below the other: every stream keeps a rail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rails:
    """The streams beside one op.

    Attributes:
        at: rail of the op.
        past: rails of streams that only pass.
        above, below: rails of the streams that it reads, and of those that it makes.
    """

    at: int
    past: tuple[int, ...]
    above: tuple[int, ...]
    below: tuple[int, ...]


def rails(rows: Sequence[Mapping[str, Any]]) -> list[Rails]:
    """The rails of every op.

    Args:
        rows: ops in dataflow order, with `name` and `reads`, the ops that they read, "" for the accelerator's input. An
            op that is read by several has a stream for each; none that is read leaves the accelerator.
    """
    wanted = [(source, row["name"]) for row in rows for source in row["reads"]]
    running: list[tuple[str, str] | None] = [pair for pair in wanted if pair[0] == ""]
    placed = []
    for row in rows:
        above = []
        for source in row["reads"]:
            above.append(running.index((source, row["name"])))
            running[above[-1]] = None
        past = [rail for rail, stream in enumerate(running) if stream is not None]
        at = min(above, default=_free(running))
        below: list[int] = []
        for stream in (pair for pair in wanted if pair[0] == row["name"]):
            rail = at if not below else _free(running)
            running[rail:rail] = [None] * (rail == len(running))
            running[rail] = stream
            below.append(rail)
        placed.append(Rails(at, tuple(past), tuple(above), tuple(below)))
    return placed


def _free(running: Sequence[object]) -> int:
    return next((rail for rail, stream in enumerate(running) if stream is None), len(running))
