"""The accelerator on the board: load it, feed it, measure it."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from . import registers as reg
from .description import Description, HostTail, StreamFormat, bound_hash, load_description
from .entering import entering
from .errors import DriverError, InputError, MismatchError
from .host_ops import Leaving
from .inspection import Inspection, Verdict, cut, judge
from .jobs import Job, JobQueue
from .meaning import OF_IMAGES, OF_PIXELS, decide
from .packing import unpack
from .performance import Performance, read_performance
from .registers import Registers

IP = "signflow"  # name of the shell in the block design
FRAMES_PER_JOB = 64
_MARKS = 1024  # added to the timeout, so that it says whose it is


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
            raise DriverError(
                "no pynq here: run on a PYNQ board, or on the simulated board (signflow notebook)"
            ) from error
        self._overlay = pynq.Overlay(str(bitfile), download=download)
        self.registers = Registers(getattr(self._overlay, IP))
        self._check_bitstream()  # before anything is made by the description
        self._entering, self._leaving = entering(self.description), Leaving(self.description)
        self._host_seconds, self._host_frames = 0.0, 0
        self._jobs = JobQueue(self.registers, self.description, pynq.allocate)
        self._jobs.reset()
        self.registers.write(reg.TIMEOUT, self.description.timeout_cycles + secrets.randbelow(_MARKS))

    @property
    def streams(self) -> tuple[StreamFormat, ...]:
        """All streams of frames, inputs first."""
        return self.description.inputs + self.description.outputs

    def infer(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs of the network by name.

        Shapes:
            images: uint8 (N, C, H, W) or (N, H, W, C), grey ones (N, H, W) too; signals (N, C, L) or (N, L, C) and
            vectors (N, F), of uint8, or of float32 as the network takes them -> float32 (N, ...) by output.

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

    def classify(self, images: np.ndarray, output: str | None = None) -> list[str]:
        """Class names of images (their numbers where the description names none).

        Args:
            images: as for `infer`.
            output: name of it; by default the first that says of which class an image is.
        """
        tail, classes = self._output("classify", OF_IMAGES, output), self.description.classes
        labels = decide(self.infer(images)[tail.name], tail.meaning)
        return [classes[label] if label < len(classes) else str(label) for label in labels.tolist()]

    def segment(self, images: np.ndarray, output: str | None = None) -> np.ndarray:
        """Class of every pixel, int64 (N, H, W); of a mask 1 on defects and 0 elsewhere.

        Args:
            images: as for `infer`.
            output: name of it; by default the first that says of which class each pixel is.
        """
        tail = self._output("segment", OF_PIXELS, output)
        return decide(self.infer(images)[tail.name], tail.meaning)

    def inspect(self, image: np.ndarray, inspection: Inspection | None = None) -> Verdict:
        """Whether an image of any size has a defect, which, and where.

        Args:
            image: uint8 (C, H, W) or (H, W, C); grey ones (H, W) too.
            inspection: windows and threshold; by default those of the description, chosen on validation images.

        Raises:
            InputError: the image is not such, or nothing says how to inspect.
        """
        channels, size = self.description.image_shape[0], self.description.image_shape[-1]
        inspection = inspection or self.description.inspection
        if inspection is None:
            raise InputError(
                f"inspect: the description of {self.description.model} has no windows and no threshold; pass an "
                "Inspection, or build from a checkpoint that signflow inspect --calibrate wrote"
            )
        planes = _planes(image, channels)
        output = self._output("inspect", ("scores", "mask"), None)
        outputs = self.infer(cut(planes, inspection, size))[output.name]
        return judge(outputs, planes.shape[1:], inspection, self.description.classes)

    def stream(self, batches: Iterable[np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
        """Outputs of batch after batch, in order; the next is packed and enters while one is computed.

        Args:
            batches: as for `infer`, or single frames (C, H, W) or (H, W, C).
        """
        for ints in self._run(self._channels_last(batch) for batch in batches):
            yield self._outputs(ints)

    def performance(self) -> Performance:
        """Rate, latency and stalls by the hardware's counters, and the host's time, since `clear_counters`."""
        names, host_ms = [p.tensor for p in self.description.ports], 1e3 * self._host_seconds
        per_frame = host_ms / self._host_frames if self._host_frames else 0.0
        return replace(read_performance(self.registers, names, self.description.clk_mhz), host_ms=per_frame)

    def clear_counters(self) -> None:
        """Set the hardware's counters, and the host's time, to 0."""
        self._host_seconds, self._host_frames = 0.0, 0
        self.registers.write(reg.CONTROL, reg.CLEAR)

    def reset(self) -> None:
        """Stop everything, also in mid-transfer, and be ready for the next job; jobs under way are dropped.

        Raises:
            DriverError: bursts in flight do not end, or the accelerator is another's since.
        """
        self._jobs.require_ours()
        self._jobs.reset()

    def close(self) -> None:
        """Stop, and give the buffers back; what is another's since is not stopped.

        Raises:
            DriverError: bursts in flight do not end; the buffers, which they may still write, are kept.
        """
        if self._jobs.ours:
            self._jobs.reset()
        self._jobs.free()

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with suppress(*([] if kind is None else [DriverError])):  # it says less than what went wrong before
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
        if found != bound_hash(str(d.design_hash), d.content_hash):
            raise MismatchError(f"the bitstream was built for another description of {d.model}; take both anew")

    def _channels_last(self, images: np.ndarray) -> np.ndarray:
        """Images as (N, ..., C), not copied.

        Raises:
            InputError: wrong shape or type.
        """
        shape, name = self.description.image_shape, self.description.model
        pixels = len(shape) == 3
        if getattr(images, "dtype", None) not in ((np.uint8,) if pixels else (np.uint8, np.float32)):
            kind, takes = (
                getattr(images, "dtype", type(images).__name__),
                "uint8 pixels" if pixels else "uint8, float32",
            )
            raise InputError(f"images of {name}: {kind}; legal: {takes}")
        if images.dtype == np.float32 and not np.isfinite(images).all():
            raise InputError(f"images of {name}: some values are no finite numbers")
        channels_last = (*shape[1:], shape[0])
        for legal in (shape, channels_last, *([shape[1:]] if shape[0] == 1 else [])):
            if images.size and images.shape in (legal, (*images.shape[:1], *legal)):
                moved = images.reshape(-1, *legal)
                return np.moveaxis(moved, 1, -1) if legal == shape else moved.reshape(-1, *channels_last)
        raise InputError(f"images of {name}: shape {images.shape}; legal: (N, {', '.join(map(str, shape))}), N > 0")

    def _run(self, batches: Iterable[np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
        """Integers of each batch (N, ..., C); two jobs are under way at once."""
        pending: deque[Job] = deque()
        try:
            for batch in batches:
                if len(pending) == 2:
                    yield self._collect(pending)
                pending.append(self._submit(batch))
            while pending:
                yield self._collect(pending)
        finally:  # also where the caller stopped listening
            for job in pending:
                self._jobs.release(job)

    def _submit(self, frames: np.ndarray) -> Job:
        """Pack frames and queue them."""
        job, stream = self._jobs.claim(len(frames)), self.description.inputs[0]
        try:
            began = time.perf_counter()
            self._entering.pack(frames, job.buffers[0][: len(frames) * stream.frame_bytes])
            self._host_seconds += time.perf_counter() - began
            self._jobs.start(job)
        except BaseException:
            job.busy = False
            raise
        return job

    def _collect(self, pending: deque[Job]) -> dict[str, np.ndarray]:
        """Wait for the oldest job; its integers by tensor (N, C, ...)."""
        parts = zip(self.description.outputs, self._jobs.finish(pending[0]), strict=True)
        self._host_frames += pending[0].frames
        found = {stream.name: np.moveaxis(unpack(part, stream), -1, 1) for stream, part in parts}
        pending.popleft().busy = False
        return found

    def _output(self, method: str, kinds: Collection[str], name: str | None) -> HostTail:
        """The output that a method reads.

        Raises:
            InputError: there is no such output, or it means something else.
        """
        tails = self.description.tails
        fitting = [tail for tail in tails if tail.meaning.kind in kinds and name in (None, tail.name)]
        if not fitting:
            listed = ", ".join(f"{tail.name} ({tail.meaning.kind})" for tail in tails)
            raise InputError(f"{method}: outputs of {self.description.model} are {listed}; wanted: {', '.join(kinds)}")
        return fitting[0]

    def _outputs(self, ints: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        began = time.perf_counter()
        found = self._leaving(ints)
        self._host_seconds += time.perf_counter() - began
        return found


def _planes(image: np.ndarray, channels: int) -> np.ndarray:
    """An image as (C, H, W).

    Raises:
        InputError: it has another number of channels, or no uint8 pixels.
    """
    shape: tuple[int, ...] = getattr(image, "shape", ())
    if getattr(image, "dtype", None) == np.uint8 and image.size:
        if len(shape) == 2 and channels == 1:
            return image[None]
        if len(shape) == 3 and channels in (shape[0], shape[2]):
            return image if shape[0] == channels else np.moveaxis(image, -1, 0)
    raise InputError(
        f"inspect: {getattr(image, 'dtype', type(image).__name__)} {shape}; legal: uint8 ({channels}, H, W) or "
        f"(H, W, {channels})"
    )
