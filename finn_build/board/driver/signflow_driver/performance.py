"""What the hardware's counters say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import registers as reg
from .registers import Registers


@dataclass(frozen=True)
class StreamCounts:
    """What one stream did while jobs ran.

    Attributes:
        name: its tensor.
        beats: that moved, modulo 2^32.
        stalled: cycles with valid and not ready: the receiver was slower; at most 2^32 - 1.
        starved: cycles with ready and not valid: the sender was slower; at most 2^32 - 1.
    """

    name: str
    beats: int
    stalled: int
    starved: int


@dataclass(frozen=True)
class Performance:
    """Counted by the hardware since the counters were cleared.

    Attributes:
        frames: that left output 0.
        cycles: with a job running.
        latency_cycles: from the start of the latest job to the end of its first frame.
        job_cycles: from start to end of the latest job done.
        clk_mhz: the clock that cycles are turned into time with.
        streams: inputs first.
        host_ms: a frame, in which this processor turned pixels into beats and integers into outputs.
    """

    frames: int
    cycles: int
    latency_cycles: int
    job_cycles: int
    clk_mhz: float
    streams: tuple[StreamCounts, ...]
    host_ms: float = 0.0

    @property
    def fps(self) -> float:
        """Frames per second of the time in which jobs ran, the pipeline's filling and draining included."""
        return self.frames * self.clk_mhz * 1e6 / self.cycles if self.cycles else 0.0

    @property
    def latency_ms(self) -> float:
        """Latency of a first frame."""
        return self.latency_cycles / self.clk_mhz / 1e3

    @property
    def host_share(self) -> float:
        """Of a frame's time, the host's and the accelerator's one after the other, the part that is the host's."""
        whole = self.host_ms + (1e3 / self.fps if self.fps else 0.0)
        return self.host_ms / whole if whole else 0.0

    def __str__(self) -> str:
        rows = [
            f"{self.frames:,} frames at {self.fps:,.0f} frames/s with filling and draining, latency "
            f"{self.latency_ms:.3f} ms (hardware counters)"
        ]
        rows += (
            [f"  host: {self.host_ms:.3f} ms a frame, {self.host_share:.0%} of a frame's time"] if self.host_ms else []
        )
        rows += [f"  {s.name}: {s.beats:,} beats, {s.stalled:,} stalled, {s.starved:,} starved" for s in self.streams]
        return "\n".join(rows)


def read_performance(registers: Registers, names: Sequence[str], clk_mhz: float) -> Performance:
    """Read all counters."""
    streams = [
        StreamCounts(name, *(registers.of_stream(i, offset) for offset in (reg.BEATS, reg.STALLED, reg.STARVED)))
        for i, name in enumerate(names)
    ]
    return Performance(
        registers.read(reg.FRAMES),
        registers.read_long(reg.CYCLES),
        registers.read(reg.JOB_LATENCY),
        registers.read_long(reg.JOB_CYCLES),
        clk_mhz,
        tuple(streams),
    )
