"""Pixels to the integers that enter the accelerator, and these into the beats of its input stream.

All in blocks, in arrays that are kept: to get new memory takes longer than to fill it. The processor's cores share out
the blocks of a batch; these are as large as two cores want, which take turns at Python between NumPy's loops.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np

from .description import StreamFormat
from .packing import bytes_of, codes_of

_BLOCK = 3 << 18  # pixels, those of all channels
_LEAST = 1 << 15  # pixels of a channel that are worth a thread
_FEW_STEPS = 3  # of a quantizer of two bits
_CORES = min(4, os.cpu_count() or 1)
Table = Callable[[np.ndarray], np.ndarray]
Part = tuple[np.ndarray, np.ndarray]  # pixels (..., C), and where their bytes go [n]


class PixelQuantizer:
    """What enters for each pixel.

    Args:
        values: integers [C, 256] by channel and value of the pixel.
        stream: that they enter by, of at most 8 bits.
    """

    def __init__(self, values: np.ndarray, stream: StreamFormat):
        codes = codes_of(values, stream)
        rows = codes[:1] if (codes == codes[0]).all() else codes  # one table for all channels, or one for each
        in_order = len(rows) == 1 and (stream.bits == 8 or stream.lanes == 1)  # a byte for each pixel
        self._copied = in_order and bool((rows == np.arange(256)).all())
        self._most = max(1, _BLOCK // len(codes))
        self._packers = [_BlockPacker(rows, stream, self._most, len(codes), in_order) for _ in range(_CORES)]
        self._cores = ThreadPoolExecutor(_CORES, "packing")  # NumPy's loops run side by side

    def pack(self, images: np.ndarray, out: np.ndarray) -> None:
        """Lay images into beats; a plain copy where pixels enter as they are and come channels last.

        Shapes:
            images: uint8 (N, ..., C), any strides; out: uint8 [N * frame_bytes], written whole.
        """
        if self._copied and images.flags.c_contiguous:
            return np.copyto(out.reshape(images.shape), images)
        parts = list(self._parts(images, out))
        if len(parts) == 1:
            return self._packers[0].pack(parts)
        shares = [parts[core::_CORES] for core in range(_CORES)]
        list(self._cores.map(_BlockPacker.pack, self._packers, shares))

    def _parts(self, images: np.ndarray, out: np.ndarray) -> Iterator[Part]:
        pixels = images.size // images.shape[-1]
        most = min(self._most, max(_LEAST, -(-pixels // _CORES)))
        pixel_bytes, begin = len(out) // pixels, 0
        for block in _blocks(images, most):
            end = begin + block.size // images.shape[-1] * pixel_bytes
            yield block, out[begin:end]
            begin = end


class _BlockPacker:
    """Packs blocks in arrays of its own: one thread's part in the work.

    Args:
        rows: codes [C or 1, 256] by value of the pixel.
        most: pixels of each channel in a block, at most.
        in_order: whether a block's pixels, where they are contiguous, give one byte each, in their order.
    """

    def __init__(self, rows: np.ndarray, stream: StreamFormat, most: int, channels: int, in_order: bool):
        self._stream, self._in_order = stream, in_order
        tables = [_table(row, stream.bits, most * channels) for row in rows]
        self._tables = tables * (channels // len(tables))
        self._bytes = np.empty((stream.beat_bytes, most), np.uint8)
        self._plane, self._part = np.empty((2, most), np.uint8)

    def pack(self, parts: list[Part]) -> None:
        """Lay blocks into their places."""
        for block, out in parts:
            if self._in_order and block.flags.c_contiguous:
                np.copyto(out, self._tables[0](block.reshape(-1)))
            else:
                self._pack_channels(block, out)

    def _pack_channels(self, pixels: np.ndarray, out: np.ndarray) -> None:
        """Channel by channel; the bytes of all beats are put together one after the other before they are laid out."""
        lanes, bits = self._stream.lanes, self._stream.bits
        beats = out.reshape(-1, pixels.shape[-1] // lanes, self._stream.beat_bytes)
        found, part = self._bytes[:, : len(beats)], self._part[: len(beats)]
        for channel, table in enumerate(self._tables):
            beat, lane = divmod(channel, lanes)
            codes = table(self._contiguous(pixels[..., channel]))
            if bits == 8:
                beats[:, beat, lane] = codes
                continue
            for byte, moved in bytes_of(lane, bits):
                first = moved >= 0  # of its byte
                _shift(codes, moved, found[byte] if first else part)
                if not first:
                    found[byte] |= part
            if lane == lanes - 1:
                for byte, whole in enumerate(found):
                    beats[:, beat, byte] = whole

    def _contiguous(self, pixels: np.ndarray) -> np.ndarray:
        """The same ones, [n], copied where they do not lie one after the other."""
        if not pixels.flags.c_contiguous:
            copied = self._plane[: pixels.size].reshape(pixels.shape)
            np.copyto(copied, pixels)
            pixels = copied
        return pixels.reshape(-1)


def _shift(codes: np.ndarray, moved: int, out: np.ndarray) -> None:
    """Right, or left where negative; what passes the ends of a byte is lost."""
    if moved > 0:
        np.right_shift(codes, np.uint8(moved), out=out)
    else:
        np.multiply(codes, np.uint8(1 << -moved), out=out)  # NumPy shifts bytes to the left several times as slowly


def _blocks(pixels: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Parts (..., C) in order, of at most so many pixels of each channel."""
    positions = pixels[0].size // pixels.shape[-1]
    if positions > most:
        for part in pixels:
            yield from _blocks(part, most)
    else:
        step = most // positions
        yield from (pixels[i : i + step] for i in range(0, len(pixels), step))


def _table(codes: np.ndarray, bits: int, longest: int) -> Table:
    """From pixels [n] to codes [n], n <= longest, valid until the next call: the fastest way that gives all 256."""
    pixels = np.arange(256, dtype=np.uint8)
    entries = codes.tobytes()
    found = (t for t in _candidates(codes, bits, longest) if (t(pixels) == codes).all())
    return next(found, lambda pixels: np.frombuffer(pixels.tobytes().translate(entries), np.uint8))


def _candidates(codes: np.ndarray, bits: int, longest: int) -> Iterator[Table]:
    """Ways that give the right codes for some tables."""
    yield lambda pixels: pixels
    firsts = np.flatnonzero(np.diff(codes)).astype(np.uint8) + np.uint8(1)  # pixels where the code changes
    if 0 < len(firsts) <= _FEW_STEPS:
        yield _compared(firsts, codes[0], longest)
    if len(firsts):
        for shift, ties_to_even in product(range(8), (False, True)):
            yield _rounded(firsts, int(codes[0]), bits, shift, ties_to_even, longest)


def _compared(firsts: np.ndarray, lowest: np.uint8, longest: int) -> Table:
    """Counts the steps up to a pixel."""
    kept, passed = np.empty((2, longest), np.uint8)

    def table(pixels: np.ndarray) -> np.ndarray:
        found, step = kept[: len(pixels)], passed[: len(pixels)]
        np.greater_equal(pixels, firsts[0], out=found.view(bool))
        for first in firsts[1:]:
            found += np.greater_equal(pixels, first, out=step.view(bool)).view(np.uint8)
        if lowest:
            found += lowest
        return found

    return table


def _rounded(firsts: np.ndarray, lowest: int, bits: int, shift: int, ties_to_even: bool, longest: int) -> Table:
    """Divides by a power of two and rounds, as a quantizer does, eight pixels at a time."""
    offset = np.uint8(((1 << shift) - int(firsts[0]) + (lowest << shift)) % 256)
    shifted, ones, mask = np.uint64(shift), _in_each_byte(1), _in_each_byte((1 << min(bits, 8 - shift)) - 1)
    kept, odd = np.empty((2, -(-longest // 8)), np.uint64)
    highest = np.full(longest, firsts[-1])

    def table(pixels: np.ndarray) -> np.ndarray:
        count = len(pixels)
        words = kept[: -(-count // 8)]
        found = words.view(np.uint8)
        np.minimum(pixels, highest[:count], out=found[:count])
        if ties_to_even:
            tie = np.right_shift(words, shifted, out=odd[: len(words)])
            tie &= ones
            found += tie.view(np.uint8)
        found += offset
        words >>= shifted
        words &= mask
        return found[:count]

    return table


def _in_each_byte(value: int) -> np.uint64:
    return np.uint64(value * 0x0101010101010101)
