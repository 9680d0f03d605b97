"""Which stream a job stopped at, in words."""

from __future__ import annotations

from collections.abc import Sequence

from .registers import StreamState


def explain_stall(states: Sequence[StreamState], names: Sequence[str], inputs: int, cycles: int) -> str:
    """What each stream waited for; the one that all others wait for comes first.

    Args:
        states: of all streams, inputs first.
        names: their tensors.
        inputs: how many are inputs.
        cycles: of the timeout.
    """
    found = [(*_waits_for(state, i < inputs), i) for i, state in enumerate(states)]
    found.sort(key=lambda entry: entry[0])
    texts = [f"{_port(i, inputs)} ({names[i]}): {text}" for _, text, i in found]
    return f"no beat on any stream for {cycles:,} cycles; stalled at {'; '.join(texts)}"


def _port(index: int, inputs: int) -> str:
    return f"input s_axis_{index}" if index < inputs else f"output m_axis_{index - inputs}"


def _waits_for(state: StreamState, is_input: bool) -> tuple[int, str]:
    """Rank (0 comes first) and reason: what stops an output stops all before it, and its memory stops all."""
    blocked = state.valid and not state.ready
    if is_input:
        if blocked:
            return 1, "the accelerator takes no more"
        if state.busy:
            return 2, "the memory delivers nothing"
        return 4, "all was sent" + (", and the accelerator waits for more" if state.ready else "")
    if blocked:
        return (0, "the memory takes no more") if state.busy else (4, "more came than was asked for")
    return (3, "the accelerator sends nothing") if state.busy else (4, "all was received")
