"""Jobs of the shell: buffers, queue, completion, errors, reset."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np

from . import registers as reg
from .description import Description
from .errors import BusError, DriverError, StallError
from .registers import Registers
from .stalls import explain_stall

_POLL_SECONDS = 20e-6
_RESET_POLLS = 1000
_DEAD_SECONDS = 10.0  # without a cycle, though a job runs
_PAGE = 4096  # more than any burst


@dataclass(eq=False)
class Job:
    """One job and its buffers, which later jobs use again.

    Attributes:
        buffers: of the streams, inputs first.
        frames: it takes and gives.
        number: jobs started up to this one, since a reset.
        epoch: resets before it.
        busy: its buffers are in use.
    """

    buffers: list[Any]
    frames: int = 0
    number: int = 0
    epoch: int = 0
    busy: bool = False


class JobQueue:
    """The queue of the shell, where one job runs and one waits. There is one shell: a later queue takes it over.

    Args:
        registers: of the shell.
        description: of the accelerator: its streams.
        allocate: `pynq.allocate`.
    """

    _latest: ClassVar[int] = 0

    def __init__(self, registers: Registers, description: Description, allocate: Callable[..., Any]):
        self._registers, self._allocate = registers, allocate
        self._inputs, self._outputs, self._skips = description.inputs, description.outputs, description.skips
        self._streams = self._inputs + self._outputs
        self._ports, self._timeout_cycles = description.ports, description.timeout_cycles
        self._jobs: list[Job] = []
        self._rings: list[Any] = []
        self._started = self._epoch = 0
        JobQueue._latest += 1
        self._number = JobQueue._latest

    @property
    def ours(self) -> bool:
        """Whether nobody, here or in another program, has taken the shell since or loaded the bitstream again."""
        return self._number == JobQueue._latest and self._registers.read(reg.TIMEOUT) == self._registers.timeout

    def require_ours(self) -> None:
        """Raise DriverError where the shell is another's."""
        if not self.ours:
            raise DriverError(
                "another Accelerator, or another program, has loaded or taken the accelerator since; jobs of this one "
                "are lost: make it again, and only one at a time"
            )

    def claim(self, frames: int) -> Job:
        """Buffers for so many frames, new ones where none are free; those too small for it are given back."""
        self.require_ours()
        self._place_rings()
        found = (j for j in self._jobs if not j.busy and len(j.buffers[0]) >= frames * self._streams[0].frame_bytes)
        job = next(found, None)
        if job is None:
            self._free([j for j in self._jobs if not j.busy])
            job = Job([])
            self._jobs.append(job)
            try:
                for stream in self._streams:
                    job.buffers.append(self._allocate((frames * stream.frame_bytes,), np.uint8))
            except BaseException:
                self._free([job])
                raise
        job.frames, job.busy = frames, True
        return job

    def start(self, job: Job) -> None:
        """Queue a job whose inputs are filled; waits while another is queued."""
        for buffer in job.buffers[: len(self._inputs)]:
            buffer.sync_to_device()
        self._wait(reg.STATUS, lambda status: not status & reg.QUEUED)
        of_frames = [index for index, port in enumerate(self._ports) if port.skip is None]
        for index, stream, buffer in zip(of_frames, self._streams, job.buffers, strict=True):
            self._registers.set_job(index, buffer.device_address, job.frames * stream.frame_bytes)
        self._started += 1
        job.number, job.epoch = self._started, self._epoch
        self._registers.write(reg.CONTROL, reg.START)

    def finish(self, job: Job) -> list[np.ndarray]:
        """Wait for a job; bytes of its outputs, valid until `release`.

        Raises:
            StallError, BusError: it was stopped; the next job runs as if nothing had been.
            DriverError: a reset dropped it, or the accelerator is another's since.
        """
        if job.epoch != self._epoch:
            raise DriverError("a reset dropped this job")
        self._wait(reg.JOBS, lambda done: (done - job.number) % reg.WRAP < reg.WRAP // 2)
        self.require_ours()  # whoever took it counts jobs too
        found = []
        for stream, buffer in zip(self._outputs, job.buffers[len(self._inputs) :], strict=True):
            buffer.sync_from_device()
            found.append(np.asarray(buffer)[: job.frames * stream.frame_bytes])
        return found

    def release(self, job: Job) -> None:
        """Let other jobs use the buffers, once this one is done with them, whatever became of it."""
        with suppress(DriverError):
            self.finish(job)
        job.busy = False

    def reset(self) -> None:
        """Stop everything, also in mid-transfer.

        Raises:
            DriverError: bursts in flight do not end.
        """
        self._registers.write(reg.CONTROL, reg.RESET)
        self._epoch, self._started = self._epoch + 1, 0
        for _ in range(_RESET_POLLS):
            if self._registers.read(reg.STATUS) & reg.IDLE:
                return
            time.sleep(_POLL_SECONDS)
        raise DriverError("reset: the memory does not end the bursts in flight; load the bitstream again")

    def free(self) -> None:
        """Give all buffers back."""
        self._free(list(self._jobs))
        for ring in self._rings:
            ring.freebuffer()
        self._rings.clear()

    def _free(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._jobs.remove(job)
            for buffer in job.buffers:
                buffer.freebuffer()

    def _place_rings(self) -> None:
        """Give each skip its buffer, at both of its ends, where the first job after any reset finds it.

        Raises:
            DriverError: a buffer does not begin with a page.
        """
        if self._rings or not self._skips:
            return
        self._rings = [self._allocate((skip.ring_bytes,), np.uint8) for skip in self._skips]
        for index, port in enumerate(self._ports):
            if port.skip is not None:
                ring = self._rings[port.skip]
                if ring.device_address % _PAGE:
                    raise DriverError(
                        f"buffer of skip {port.tensor} at {ring.device_address:#x}: not at a page's start"
                    )
                ring.sync_to_device()  # what the cache holds of it may not be written back later
                self._registers.set_job(index, ring.device_address, self._skips[port.skip].ring_bytes)

    def _wait(self, register: int, ready: Callable[[int], bool]) -> None:
        """Poll a register, for the time that the frames under way may take; an error of the hardware is raised.

        Raises:
            StallError, BusError, DriverError: see `finish`.
        """
        frames = 1 + sum(job.frames for job in self._jobs if job.busy)
        clock = _Clock(self._registers)
        while not ready(self._registers.read(register)):
            status = self._registers.read(reg.STATUS)
            self.require_ours()
            if status & reg.FAILED:
                self._stop(self._problem())
            if status & reg.IDLE and not ready(self._registers.read(register)):
                self._stop(
                    DriverError("the job is lost: the shell is idle, and has not done it; a reset from outside?")
                )
            if clock.passed() > frames * self._timeout_cycles:
                self._stop(self._stalled(frames * self._timeout_cycles))
            if clock.stands:
                self._stop(DriverError(f"no clock: the shell has counted no cycle for {_DEAD_SECONDS:g} s"))
            time.sleep(_POLL_SECONDS)

    def _stop(self, problem: DriverError) -> NoReturn:
        """Raise a problem, after a reset."""
        try:
            self.reset()
        except DriverError as stuck:
            raise problem from stuck
        raise problem

    def _stalled(self, cycles: int) -> StallError:
        word = self._registers.read(reg.STREAMS)
        states = [self._registers.stream_state(word, i) for i in range(len(self._ports))]
        return StallError(explain_stall(states, self._ports, cycles))

    def _problem(self) -> DriverError:
        error = self._registers.read(reg.ERROR)
        code, index, response = error & 7, error >> 8 & 0xFF, reg.RESPONSES[error >> 16 & 3]
        if code == reg.TIMED_OUT:
            return self._stalled(self._registers.read(reg.TIMEOUT))
        name = self._ports[index].tensor
        if code == reg.BAD_JOB:
            return DriverError(f"job refused: buffer of {name} misaligned, empty or out of reach, or a job was queued")
        what = "read" if code == reg.READ_FAILED else "write"
        return BusError(f"memory answered a {what} of stream {name} with {response}")


class _Clock:
    """How long a wait takes, in the shell's cycles; whether these stand still, by the host's clock."""

    def __init__(self, registers: Registers):
        self._registers, self._passed = registers, 0
        self._last, self._moved = registers.read(reg.CYCLES), time.monotonic()

    def passed(self) -> int:
        """Cycles up to now; asked for often enough not to miss that the count begins anew."""
        now = self._registers.read(reg.CYCLES)
        if now != self._last:
            self._passed += now - self._last if now > self._last else now
            self._last, self._moved = now, time.monotonic()
        return self._passed

    @property
    def stands(self) -> bool:
        """Whether no cycle was counted for longer than any scheduling takes."""
        return time.monotonic() - self._moved > _DEAD_SECONDS
