"""Between integers and the bytes of a stream, vectorised."""

from __future__ import annotations

import numpy as np

from .description import StreamFormat


def codes_of(values: np.ndarray, stream: StreamFormat) -> np.ndarray:
    """Bits of each integer as they travel: two's complement cut to the stream's width; -1 and +1 as 0 and 1.

    Shapes:
        values: integers of the stream's range, any shape -> uint8 (at most 8 bits) or uint64, the same shape.
    """
    if stream.kind == "bipolar":
        return (values > 0).astype(np.uint8)
    codes = values.astype(np.int64) & ((1 << stream.bits) - 1)
    return codes.astype(np.uint8 if stream.bits <= 8 else np.uint64)


def bytes_of(lane: int, bits: int) -> list[tuple[int, int]]:
    """Bytes of a beat that hold a lane, each with how many of the lane's bits lie below it, negative where it starts
    above the byte's first bit."""
    begin = lane * bits
    return [(byte, 8 * byte - begin) for byte in range(begin // 8, (begin + bits - 1) // 8 + 1)]


def pack(values: np.ndarray, stream: StreamFormat) -> np.ndarray:
    """Whole frames as they lie in memory; the inverse of `unpack`, for streams in logical order.

    Shapes:
        values: integers [frames, *stream.shape[1:]] -> uint8 [frames * frame_bytes].
    """
    codes = codes_of(values, stream).astype(np.uint64).reshape(-1, stream.lanes)
    beats = np.zeros((len(codes), stream.beat_bytes), np.uint8)
    for lane in range(stream.lanes):
        for byte, moved in bytes_of(lane, stream.bits):
            part = codes[:, lane] >> np.uint64(max(moved, 0)) << np.uint64(max(-moved, 0))
            beats[:, byte] |= part.astype(np.uint8)  # its low byte
    return beats.reshape(-1)


def unpack(data: np.ndarray, stream: StreamFormat) -> np.ndarray:
    """Integers of whole frames.

    Shapes:
        data: uint8 [frames * frame_bytes] -> int64 [frames, *stream.shape[1:]], channels in logical order.
    """
    size = next(s for s in (1, 2, 4, 8) if stream.bits <= 8 * s)
    if stream.bits == 1 and stream.lanes % 8 == 0:
        codes = np.unpackbits(data, bitorder="little")
    else:
        codes = _lanes(data.reshape(-1, stream.beat_bytes), stream, np.dtype(f"u{size}"))
    unused = 8 * size - stream.bits
    values = codes << unused  # drops the bits of other lanes
    values = (values.view(f"i{size}") if stream.kind == "signed" else values) >> unused
    if stream.kind == "bipolar":
        values = 2 * values.view(np.int8) - 1
    values = values.astype(np.int64).reshape(-1, *stream.shape[1:])
    return values[..., np.argsort(stream.order)] if stream.order else values


def _lanes(beats: np.ndarray, stream: StreamFormat, dtype: np.dtype) -> np.ndarray:
    """Elements [beats, lanes] of bytes [beats, beat_bytes], with bits of other lanes above their own."""
    found = np.zeros((len(beats), stream.lanes), dtype)
    for lane in range(stream.lanes):
        for byte, moved in bytes_of(lane, stream.bits):
            part = beats[:, byte].astype(dtype, copy=False)
            found[:, lane] |= part << moved if moved > 0 else part >> -moved if moved else part
    return found
