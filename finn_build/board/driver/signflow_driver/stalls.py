"""Which stream a job stopped at, in words."""

from __future__ import annotations

from collections.abc import Sequence

from .description import Port
from .registers import StreamState


def explain_stall(states: Sequence[StreamState], ports: Sequence[Port], cycles: int) -> str:
    """What each stream waited for; the one that all others wait for comes first.

    Args:
        states: of all streams.
        ports: the same streams.
        cycles: of the timeout.
    """
    found = [(*_waits_for(state, port), port) for state, port in zip(states, ports, strict=True)]
    found.sort(key=lambda entry: entry[0])
    texts = [f"{port.name} ({port.tensor}): {text}" for _, text, port in found]
    return f"no beat on any stream for {cycles:,} cycles; stalled at {'; '.join(texts)}"


def _waits_for(state: StreamState, port: Port) -> tuple[int, str]:
    """Rank (0 comes first) and reason: what stops an output stops all before it, and its memory stops all."""
    blocked = state.valid and not state.ready
    if port.skip is not None:
        return _skip_waits_for(state, port, blocked)
    if port.enters:
        if blocked:
            return 1, "the accelerator takes no more"
        if state.busy:
            return 2, "the memory delivers nothing"
        return 4, "all was sent" + (", and the accelerator waits for more" if state.ready else "")
    if blocked:
        return (0, "the memory takes no more") if state.busy else (4, "more came than was asked for")
    return (3, "the accelerator sends nothing") if state.busy else (4, "all was received")


def _skip_waits_for(state: StreamState, port: Port, blocked: bool) -> tuple[int, str]:
    """The same of an end of a skip, which takes no part in jobs: full or empty, it stops the accelerator."""
    if blocked:
        return (2, "the accelerator takes no more") if port.enters else (0, "its memory is full, or takes no more")
    if port.enters and state.ready:
        return 2, "its memory is empty, or delivers nothing"
    return 4, "nothing waits"
