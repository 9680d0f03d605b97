"""The registers of the shell; offsets as in its README."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ID, VERSION, CAPABILITIES, CONTROL, STATUS, JOBS = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14
TIMEOUT, ERROR, STREAMS = 0x20, 0x24, 0x28
CYCLES, FRAMES, JOB_LATENCY, JOB_CYCLES, BUILD_HASH = 0x30, 0x38, 0x3C, 0x40, 0x50
STREAM_0, STREAM_STEP = 0x100, 0x40
ADDRESS, BYTES, BEAT_BYTES, FRAME_BYTES, BEATS, STALLED, STARVED = 0x00, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C

START, RESET, CLEAR = 1, 2, 4  # CONTROL
IDLE, QUEUED, FAILED = 1, 2, 4  # STATUS
TIMED_OUT, READ_FAILED, WRITE_FAILED, BAD_JOB = 1, 2, 3, 4  # ERROR
RESPONSES = ("OKAY", "EXOKAY", "SLVERR", "DECERR")
MAGIC, MAJOR = 0x53474E46, 1
WRAP = 1 << 32  # registers count modulo this
_FIELD = 10  # streams that have a bit in STREAMS


@dataclass(frozen=True)
class StreamState:
    """What a stream did when a job was stopped."""

    valid: bool
    ready: bool
    busy: bool


class Registers:
    """The shell's registers behind anything that reads and writes words by byte offset.

    Attributes:
        timeout: what was last written to TIMEOUT; while that is there, nobody else has taken the shell.
    """

    def __init__(self, mmio: Any):
        self.mmio, self.timeout = mmio, 0

    def read(self, offset: int) -> int:
        """A register."""
        return int(self.mmio.read(offset))

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset == TIMEOUT:
            self.timeout = value
        self.mmio.write(offset, value)

    def read_long(self, offset: int) -> int:
        """A counter of two words; reading the low one latches the high one."""
        low = self.read(offset)
        return low | self.read(offset + 4) << 32

    def of_stream(self, index: int, offset: int) -> int:
        """A register of a stream."""
        return self.read(STREAM_0 + STREAM_STEP * index + offset)

    def set_job(self, index: int, address: int, count: int) -> None:
        """The buffer of a stream for the job that START queues."""
        base = STREAM_0 + STREAM_STEP * index
        self.write(base + ADDRESS, address & 0xFFFFFFFF)
        self.write(base + ADDRESS + 4, address >> 32)
        self.write(base + BYTES, count)

    def build_hash(self) -> str:
        """Of the bitstream, 32 hexadecimal digits."""
        return "".join(f"{self.read(BUILD_HASH + 4 * i):08x}" for i in range(4))

    def stream_state(self, word: int, index: int) -> StreamState:
        """One stream's part of the register STREAMS."""
        return StreamState(*(bool(word >> (_FIELD * field + index) & 1) for field in range(3)))
