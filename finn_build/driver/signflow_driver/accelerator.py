"""The accelerator on the board: load it, feed it, measure it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import registers as reg
from .description import Description, StreamFormat, load_description
from .errors import BusError, DriverError, InputError, MismatchError, StallError
from .host_ops import enter, leave
from .packing import codes_of, pack, unpack
from .performance import Performance, read_performance
from .registers import Registers
from .stalls import explain_stall

IP = "signflow"  # name of the shell in the block design
FRAMES_PER_JOB = 64
_POLL_SECONDS = 20e-6
_RESET_POLLS = 1000


@dataclass
class _Job:
    """Buffers of one job, used again by later ones."""

    frames: int
    buffers: list[Any]  # inputs, then outputs
    number: int = 0  # jobs started up to this one


class Accelerator:
    """An accelerator behind the shell; a context manager.

    Args:
        bitfile: `<name>.bit`, with `<name>.hwh` beside it on a board.
        description: `accelerator.json`; by default `<name>.json` beside the bitstream.
        download: configure the chip; False takes the bitstream it has.

    Attributes:
        description: what is known of the accelerator.
        registers: the shell's registers.

    Raises:
        DriverError: no description, or no PYNQ.
        MismatchError: the bitstream is not the one that is described.
    """

    def __init__(self, bitfile: str | Path, description: str | Path | None = None, download: bool = True):
        self.description: Description = load_description(Path(description or Path(bitfile).with_suffix(".json")))
        try:
            import pynq
        except ImportError as error:
            raise DriverError("no pynq here: run on a PYNQ board, or within sim.board.simulated_board") from error
        self._allocate = pynq.allocate
        self._overlay = pynq.Overlay(str(bitfile), download=download)
        self.registers = Registers(getattr(self._overlay, IP))
        self._codes = codes_of(self.description.arrays["head"], self.description.inputs[0])
        self._spare: list[_Job] = []
        self._pending: deque[_Job] = deque()
        self._started = 0
        self._check_bitstream()
        self.reset()
        self.registers.write(reg.TIMEOUT, self.description.timeout_cycles)

    @property
    def streams(self) -> tuple[StreamFormat, ...]:
        """All streams, inputs first, in the order of the registers."""
        return self.description.inputs + self.description.outputs

    def infer(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs of the network by name.

        Shapes:
            images: uint8 (N, C, H, W) or (N, H, W, C); grey ones (N, H, W) too -> float32 (N, ...) by output.

        Raises:
            InputError, StallError, BusError.
        """
        return self._outputs(self.infer_integers(images))

    def infer_integers(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """What the accelerator sends, by tensor: int64 (N, C, ...), channels in logical order."""
        frames = self._channels_last(images)
        jobs = (frames[i : i + FRAMES_PER_JOB] for i in range(0, len(frames), FRAMES_PER_JOB))
        parts = list(self._run(jobs))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def classify(self, images: np.ndarray) -> list[str]:
        """Class names of images (their numbers where the description names none)."""
        scores = next(iter(self.infer(images).values()))
        labels = scores.argmax(1) if scores.ndim == 2 and scores.shape[1] > 1 else scores.reshape(len(scores))
        classes = self.description.classes
        return [classes[int(label)] if classes else str(int(label)) for label in labels]

    def segment(self, images: np.ndarray) -> np.ndarray:
        """Class or defect of every pixel, int64 (N, H, W): the largest channel, or whether the only one is above 0."""
        maps = next(iter(self.infer(images).values()))
        if maps.ndim != 4:
            raise InputError(f"segment: {self.description.model} gives no map but {maps.shape[1:]}; use classify")
        return maps.argmax(1) if maps.shape[1] > 1 else (maps[:, 0] > 0).astype(np.int64)

    def stream(self, batches: Iterable[np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
        """Outputs of batch after batch, in order; the next is packed and enters while one is computed.

        Args:
            batches: as for `infer`, or single frames (C, H, W) or (H, W, C).
        """
        for ints in self._run(self._channels_last(batch) for batch in batches):
            yield self._outputs(ints)

    def performance(self) -> Performance:
        """Rate, latency and stalls by the hardware's counters, since `clear_counters` or `reset`."""
        return read_performance(self.registers, [s.name for s in self.streams], self.description.clk_mhz)

    def clear_counters(self) -> None:
        """Set the hardware's counters to 0."""
        self.registers.write(reg.CONTROL, reg.CLEAR)

    def reset(self) -> None:
        """Stop everything, also in mid-transfer, and be ready for the next job.

        Raises:
            DriverError: bursts in flight do not end.
        """
        self.registers.write(reg.CONTROL, reg.RESET)
        self._spare += self._pending
        self._pending.clear()
        self._started = 0
        for _ in range(_RESET_POLLS):
            if self.registers.read(reg.STATUS) & reg.IDLE:
                return
            time.sleep(_POLL_SECONDS)
        raise DriverError("reset: the memory does not end the bursts in flight; load the bitstream again")

    def close(self) -> None:
        """Stop, and give the buffers back."""
        self.reset()
        for job in self._spare:
            for buffer in job.buffers:
                buffer.freebuffer()
        self._spare.clear()

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_bitstream(self) -> None:
        r, d = self.registers, self.description
        if r.read(reg.ID) != reg.MAGIC or r.read(reg.VERSION) >> 16 != reg.MAJOR:
            raise MismatchError(f"the bitstream holds no shell of version {reg.MAJOR}; build it again")
        found = r.build_hash()
        if found != d.build_hash:
            raise MismatchError(
                f"the bitstream's hash is {found}, the description of {d.model} is for {d.build_hash}; take both from "
                "one deployment folder"
            )

    def _channels_last(self, images: np.ndarray) -> np.ndarray:
        """Images as (N, ..., C), not copied.

        Raises:
            InputError: wrong shape or type.
        """
        shape, name = self.description.image_shape, self.description.model
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
            raise InputError(
                f"images of {name}: {getattr(images, 'dtype', type(images).__name__)}; legal: uint8 pixels"
            )
        channels_last = (*shape[1:], shape[0])
        for legal in (shape, channels_last, *([shape[1:]] if shape[0] == 1 else [])):
            if images.size and images.shape in (legal, (*images.shape[:1], *legal)):
                moved = images.reshape(-1, *legal)
                return np.moveaxis(moved, 1, -1) if legal == shape else moved.reshape(-1, *channels_last)
        raise InputError(f"images of {name}: shape {images.shape}; legal: (N, {', '.join(map(str, shape))}), N > 0")

    def _run(self, batches: Iterable[np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
        """Integers of each batch; two jobs are under way at once."""
        for batch in batches:
            if len(self._pending) == 2:
                yield self._collect()
            self._submit(batch)
        while self._pending:
            yield self._collect()

    def _submit(self, frames: np.ndarray) -> None:
        """Pack frames (N, ..., C) and queue them."""
        job = self._job(len(frames))
        entering = self.description.inputs[0]
        pack(enter(frames, self._codes), entering, job.buffers[0][: job.frames * entering.frame_bytes])
        job.buffers[0].sync_to_device()
        self._wait(reg.STATUS, lambda status: not status & reg.QUEUED)
        for index, (stream, buffer) in enumerate(zip(self.streams, job.buffers, strict=True)):
            self.registers.set_job(index, buffer.device_address, job.frames * stream.frame_bytes)
        self._started += 1
        job.number = self._started
        self._pending.append(job)
        self.registers.write(reg.CONTROL, reg.START)

    def _collect(self) -> dict[str, np.ndarray]:
        """Wait for the oldest job; its integers by tensor (N, C, ...)."""
        job = self._pending[0]
        self._wait(reg.JOBS, lambda done: (done - job.number) % reg.WRAP < reg.WRAP // 2)
        self._spare.append(self._pending.popleft())
        found = {}
        for stream, buffer in zip(self.description.outputs, job.buffers[len(self.description.inputs) :], strict=True):
            buffer.sync_from_device()
            values = unpack(np.asarray(buffer)[: job.frames * stream.frame_bytes], stream)
            found[stream.name] = np.moveaxis(values, -1, 1)
        return found

    def _job(self, frames: int) -> _Job:
        """Buffers for so many frames, new ones where none are spare."""
        for job in self._spare:
            if len(job.buffers[0]) >= frames * self.streams[0].frame_bytes:
                self._spare.remove(job)
                job.frames = frames
                return job
        return _Job(frames, [self._allocate((frames * s.frame_bytes,), np.uint8) for s in self.streams])

    def _wait(self, register: int, ready: Callable[[int], bool]) -> None:
        """Poll a register; an error of the hardware becomes an exception, after a reset."""
        while not ready(self.registers.read(register)):
            if self.registers.read(reg.STATUS) & reg.FAILED:
                problem = self._problem()
                try:
                    self.reset()
                except DriverError as stuck:
                    raise problem from stuck
                raise problem
            time.sleep(_POLL_SECONDS)

    def _problem(self) -> DriverError:
        error = self.registers.read(reg.ERROR)
        code, index, response = error & 7, error >> 8 & 0xFF, reg.RESPONSES[error >> 16 & 3]
        if code == reg.TIMED_OUT:
            word = self.registers.read(reg.STREAMS)
            states = [self.registers.stream_state(word, i) for i in range(len(self.streams))]
            names = [s.name for s in self.streams]
            cycles = self.registers.read(reg.TIMEOUT)
            return StallError(explain_stall(states, names, len(self.description.inputs), cycles))
        name = self.streams[index].name
        if code == reg.BAD_JOB:
            return DriverError(f"job refused: buffer of {name} misaligned, empty or out of reach, or a job was queued")
        what = "read" if code == reg.READ_FAILED else "write"
        return BusError(f"memory answered a {what} of stream {name} with {response}")

    def _outputs(self, ints: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {tail.name: leave(ints, tail, self.description) for tail in self.description.tails}
