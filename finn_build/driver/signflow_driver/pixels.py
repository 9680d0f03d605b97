"""Pixels to the integers that enter the accelerator, and these into the beats of its input stream."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .description import StreamFormat
from .packing import codes_of, pack

_FEW_STEPS = 3  # of a quantizer of two bits
_BLOCK_PIXELS = 1 << 17  # stay in the cache between two operations
Table = Callable[[np.ndarray], np.ndarray]


class PixelQuantizer:
    """What enters for each pixel.

    Args:
        values: integers [C, 256] by channel and value of the pixel.
        stream: that they enter by.
    """

    def __init__(self, values: np.ndarray, stream: StreamFormat):
        codes, self._stream = codes_of(values, stream), stream
        rows = codes[:1] if (codes == codes[0]).all() else codes  # one table for all channels, or one for each
        self._tables = [] if (rows == np.arange(256)).all() else [_table(row) for row in rows]

    def pack(self, images: np.ndarray, out: np.ndarray) -> None:
        """Lay images into beats; a plain copy where pixels enter as they are and come channels last.

        Shapes:
            images: uint8 (N, ..., C), any strides; out: uint8 [N * frame_bytes], written whole.
        """
        if not self._tables:
            return pack(images, self._stream, out)
        block, size = max(1, _BLOCK_PIXELS // images[0].size), self._stream.frame_bytes
        for begin in range(0, len(images), block):
            part = images[begin : begin + block]
            pack(self._codes(part), self._stream, out[begin * size : (begin + len(part)) * size])

    def _codes(self, images: np.ndarray) -> np.ndarray:
        """Bits that enter for each pixel, uint8, of the shape and the order in memory of the images."""
        if len(self._tables) == 1 and images.flags.c_contiguous:
            return self._tables[0](images)
        found = np.empty_like(images)
        for channel in range(images.shape[-1]):
            found[..., channel] = self._tables[channel % len(self._tables)](images[..., channel])
        return found


def _table(codes: np.ndarray) -> Table:
    """Looks up 256 codes; where they rise by 1 in a few steps it compares, several times as fast."""
    rises = np.diff(codes)
    steps = np.flatnonzero(rises).astype(np.uint8)
    if not 0 < len(steps) <= _FEW_STEPS or (rises[steps] != 1).any():
        entries = codes.tobytes()
        return lambda pixels: np.frombuffer(pixels.tobytes().translate(entries), np.uint8).reshape(pixels.shape)

    def compare(pixels: np.ndarray) -> np.ndarray:
        found = (pixels > steps[0]).view(np.uint8)
        for step in steps[1:]:
            found += (pixels > step).view(np.uint8)
        return found + codes[0] if codes[0] else found

    return compare
