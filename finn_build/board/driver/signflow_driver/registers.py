"""The registers of the shell; offsets, bits and codes come from the one description of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# registers.yaml begin
ID = 0x00
VERSION = 0x04
CAPABILITIES = 0x08
CONTROL = 0x0C
STATUS = 0x10
JOBS = 0x14
INT_ENABLE = 0x18
INT_STATUS = 0x1C
TIMEOUT = 0x20
ERROR = 0x24
STREAMS = 0x28
CYCLES = 0x30
FRAMES = 0x38
JOB_LATENCY = 0x3C
JOB_CYCLES = 0x40
BUILD_HASH = 0x50
ADDRESS = 0x00
BYTES = 0x08
BEAT_BYTES = 0x0C
FRAME_BYTES = 0x10
BEATS = 0x14
STALLED = 0x18
STARVED = 0x1C
START = 1  # of CONTROL
RESET = 2  # of CONTROL
CLEAR = 4  # of CONTROL
IDLE = 1  # of STATUS
QUEUED = 2  # of STATUS
FAILED = 4  # of STATUS
DRAINING = 8  # of STATUS
INT_DONE = 1  # of INT_ENABLE
INT_FAILED = 2  # of INT_ENABLE
TIMED_OUT = 1  # of ERROR
READ_FAILED = 2  # of ERROR
WRITE_FAILED = 3  # of ERROR
BAD_JOB = 4  # of ERROR
MAGIC = 0x53474E46
MAJOR = 0x1
STREAM_0 = 0x100
STREAM_STEP = 0x40
# registers.yaml end

RESPONSES = ("OKAY", "EXOKAY", "SLVERR", "DECERR")
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
