"""How fast the driver packs images and unpacks results, beside a plain NumPy copy of the same bytes.

    python -m benchmarks.driver_packing

Inputs: a job's frames of uint8 pixels, as they come, into the bytes of the input stream; the copy is `numpy.copyto` of
all pixels between two buffers. Outputs: bytes of a stream into integers; the copy is one of all int64 that come out.
Copy and work alternate within one run over batches that together no cache holds, as on the board, whose second-level
cache of 512 KiB holds no job; the best of many counts, by the clock on the wall: run it on an idle machine. The driver
packs on up to four cores; NumPy copies on one.

NumPy's loops over elements with a stride take a cycle for each, of 1 to 8 bytes alike, while a copy moves 16 bytes and
more in one. Wider words do not help: to fill them takes as many operations as they save (9 for two pixels of RGB).
"""

from __future__ import annotations

import benchmarks.usage  # isort: skip  # noqa: F401

import os
import time
from collections.abc import Callable, Iterator
from itertools import cycle

import numpy as np
from signflow_driver import StreamFormat
from signflow_driver.packing import unpack
from signflow_driver.pixels import PixelQuantizer

FRAMES, SIDE, ROUNDS, BATCHES = 64, 224, 24, 8
# channels, channels last, lanes, bits; pixels between steps where these are not a power of two
INPUTS = {
    "grey, 1 lane of 8 bits": (1, False, 1, 8),
    "RGB from a camera (H, W, C), 1 lane of 8 bits": (3, True, 1, 8),
    "RGB from a camera (H, W, C), 3 lanes of 8 bits": (3, True, 3, 8),
    "RGB as planes (C, H, W), 1 or 3 lanes of 8 bits": (3, False, 3, 8),
    "grey, 1 lane of 1 bit": (1, False, 1, 1),
    "grey, 1 lane of 2 bits": (1, False, 1, 2),
    "grey, 1 lane of 4 bits": (1, False, 1, 4),
    "grey, 1 lane of 4 bits, looked up": (1, False, 1, 4, 17),
    "RGB from a camera (H, W, C), 1 lane of 1 bit": (3, True, 1, 1),
    "RGB from a camera (H, W, C), 1 lane of 4 bits": (3, True, 1, 4),
    "RGB from a camera (H, W, C), 3 lanes of 1 bit": (3, True, 3, 1),
    "RGB from a camera (H, W, C), 3 lanes of 4 bits": (3, True, 3, 4),
    "RGB as planes (C, H, W), 3 lanes of 2 bits": (3, False, 3, 2),
    "RGB as planes (C, H, W), 3 lanes of 3 bits": (3, False, 3, 3),
    "RGB as planes (C, H, W), 3 lanes of 4 bits": (3, False, 3, 4),
}
# channels, lanes, bits, kind
OUTPUTS = {
    "mask, 1 lane of +1 and -1": (1, 1, 1, "bipolar"),
    "map of 8 channels, 8 lanes of +1 and -1": (8, 8, 1, "bipolar"),
    "map of labels, 1 lane of 4 bits": (1, 1, 4, "unsigned"),
    "map of 3 channels, 3 lanes of 5 bits": (3, 3, 5, "signed"),
    "scores, 1 lane of 17 bits": (1, 1, 17, "signed"),
}
Rates = tuple[float, float]


def main() -> None:
    """Print the tables."""
    print(f"{FRAMES} frames of {SIDE}x{SIDE}, best of {ROUNDS}, {os.cpu_count()} cores, NumPy {np.__version__}")
    print(f"{'images, input stream':<50}{'copy GB/s':>10}{'pack GB/s':>10}{'ratio':>7}")
    for name, case in INPUTS.items():
        _print(name, packing(*case))
    print(f"{'output stream':<50}{'copy GB/s':>10}{'unpack':>10}{'ratio':>7}")
    for name, shape in OUTPUTS.items():
        _print(name, unpacking(*shape))


def packing(channels: int, channels_last: bool, lanes: int, bits: int, step: int = 0) -> Rates:
    """Bytes of pixels per second of a plain copy and of the driver."""
    stream = StreamFormat("pixels", (1, SIDE, SIDE, channels), lanes, bits, "unsigned")
    levels = np.minimum(np.round(np.arange(256) / (step or 2 ** (8 - bits))), 2**bits - 1)  # as a quantizer does
    pixels = PixelQuantizer(np.repeat(levels[None].astype(np.int64), channels, axis=0), stream)
    shape = (FRAMES, SIDE, SIDE, channels) if channels_last else (FRAMES, channels, SIDE, SIDE)
    batches = _batches(shape)
    outs = cycle([np.zeros(FRAMES * stream.frame_bytes, np.uint8) for _ in range(2)])  # two jobs are under way

    def pack() -> None:
        images = next(batches)
        pixels.pack(images if channels_last else np.moveaxis(images, 1, -1), next(outs))

    return _rates(pack, shape, np.uint8)


def unpacking(channels: int, lanes: int, bits: int, kind: str) -> Rates:
    """Bytes of int64 per second of a plain copy and of the driver."""
    stream = StreamFormat("result", (1, SIDE, SIDE, channels), lanes, bits, kind)
    batches = _batches((FRAMES * stream.frame_bytes,))
    return _rates(lambda: unpack(next(batches), stream), (FRAMES, SIDE, SIDE, channels), np.int64)


def _batches(shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    return cycle([np.random.default_rng(i).integers(0, 256, shape, dtype=np.uint8) for i in range(BATCHES)])


def _rates(work: Callable[[], None | np.ndarray], shape: tuple[int, ...], dtype: type) -> Rates:
    sources, targets = (cycle([np.ones(shape, dtype) for _ in range(count)]) for count in (BATCHES, 2))
    best = [float("inf")] * 2
    for _ in range(ROUNDS):
        copy = _seconds(lambda: np.copyto(next(targets), next(sources)))
        best = [min(pair) for pair in zip(best, (copy, _seconds(work)), strict=True)]
    moved = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return moved / best[0], moved / best[1]


def _seconds(work: Callable[[], None | np.ndarray]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _print(name: str, rates: Rates) -> None:
    print(f"{name:<50}{rates[0] / 1e9:>10.2f}{rates[1] / 1e9:>10.2f}{rates[1] / rates[0]:>7.2f}")


if __name__ == "__main__":
    main()
