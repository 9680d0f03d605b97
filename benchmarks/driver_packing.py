"""How fast the driver packs images, beside a plain NumPy copy of the same bytes.

    python -m benchmarks.driver_packing

Each row: frames of uint8 pixels, as they come, into the bytes of the input stream; the copy is `numpy.copyto` of as
many bytes between two buffers. Both alternate within one run, the best of many counts: a busy machine hits both.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from signflow_driver import StreamFormat
from signflow_driver.host_ops import enter
from signflow_driver.packing import codes_of, pack

FRAMES, SIDE, ROUNDS = 16, 224, 25
# channels, channels last, lanes, bits
CASES = {
    "grey, 1 lane of 8 bits": (1, False, 1, 8),
    "RGB from a camera (H, W, C), 1 lane of 8 bits": (3, True, 1, 8),
    "RGB from a camera (H, W, C), 3 lanes of 8 bits": (3, True, 3, 8),
    "RGB as planes (C, H, W), 3 lanes of 8 bits": (3, False, 3, 8),
    "grey, 1 lane of 4 bits": (1, False, 1, 4),
    "RGB from a camera (H, W, C), 3 lanes of 4 bits": (3, True, 3, 4),
    "RGB as planes (C, H, W), 3 lanes of 2 bits": (3, False, 3, 2),
}


def main() -> None:
    """Print the table."""
    print(f"{FRAMES} frames of {SIDE}x{SIDE}, best of {ROUNDS}")
    print(f"{'images, stream':<50}{'copy GB/s':>10}{'pack GB/s':>10}{'ratio':>7}")
    for name, case in CASES.items():
        copied, packed = measure(*case)
        print(f"{name:<50}{copied / 1e9:>10.2f}{packed / 1e9:>10.2f}{packed / copied:>7.2f}")


def measure(channels: int, channels_last: bool, lanes: int, bits: int) -> tuple[float, float]:
    """Bytes of pixels per second of a plain copy and of the driver."""
    stream = StreamFormat("pixels", (1, SIDE, SIDE, channels), lanes, bits, "unsigned")
    shape = (FRAMES, SIDE, SIDE, channels) if channels_last else (FRAMES, channels, SIDE, SIDE)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    pixels = images if channels_last else np.moveaxis(images, 1, -1)
    codes = codes_of(np.repeat(np.arange(256)[None] >> (8 - bits), channels, axis=0), stream)
    out, other = np.empty(FRAMES * stream.frame_bytes, np.uint8), np.empty_like(images)

    def copy() -> None:
        np.copyto(other, images)

    def packing() -> None:
        pack(enter(pixels, codes), stream, out)

    best = [float("inf")] * 2
    for _ in range(ROUNDS):
        best = [min(seconds, _seconds(work)) for seconds, work in zip(best, (copy, packing), strict=True)]
    return images.nbytes / best[0], images.nbytes / best[1]


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
