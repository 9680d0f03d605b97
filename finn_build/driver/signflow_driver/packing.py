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


def pack(codes: np.ndarray, stream: StreamFormat, out: np.ndarray) -> None:
    """Lay elements into beats.

    Shapes:
        codes: what `codes_of` gives, [..., lanes of a beat side by side], any strides.
        out: uint8 [frames * frame_bytes], written whole.
    """
    if stream.bits == 8 or (stream.bits < 8 and stream.lanes == 1):
        pixels = out.reshape(codes.shape)
        if codes.flags.c_contiguous:
            np.copyto(pixels, codes)
        else:
            for channel in range(codes.shape[-1]):  # planes: three times as fast as one strided copy
                pixels[..., channel] = codes[..., channel]
        return
    lanes, beats = codes.reshape(-1, stream.lanes), out.reshape(-1, stream.beat_bytes)
    if stream.bits == 1:
        beats[:] = np.packbits(lanes, axis=1, bitorder="little")
        return
    beats[:] = 0  # then lane by lane, byte by byte: each operation covers all beats
    for lane in range(stream.lanes):
        first, shift = divmod(lane * stream.bits, 8)
        for byte in range(first, (lane * stream.bits + stream.bits - 1) // 8 + 1):
            moved = 8 * (byte - first) - shift  # of the lane's bits that lie below this byte
            part = lanes[:, lane] >> moved if moved > 0 else lanes[:, lane] << -moved
            beats[:, byte] |= part.astype(np.uint8)


def unpack(data: np.ndarray, stream: StreamFormat) -> np.ndarray:
    """Integers of whole frames.

    Shapes:
        data: uint8 [frames * frame_bytes] -> int64 [frames, *stream.shape[1:]], channels in logical order.
    """
    beats = data.reshape(-1, stream.beat_bytes)
    values = np.empty((len(beats), stream.lanes), np.int64)
    for lane in range(stream.lanes):
        first, shift = divmod(lane * stream.bits, 8)
        code = np.zeros(len(beats), np.uint64)
        for byte in range(first, (lane * stream.bits + stream.bits - 1) // 8 + 1):
            moved = 8 * (byte - first) - shift
            part = beats[:, byte].astype(np.uint64)
            code |= part << np.uint64(moved) if moved > 0 else part >> np.uint64(-moved)
        values[:, lane] = code.astype(np.int64)
    unused = 64 - stream.bits
    if stream.kind == "signed":
        values = (values << unused) >> unused
    else:
        values &= (1 << stream.bits) - 1
    if stream.kind == "bipolar":
        values = 2 * values - 1
    values = values.reshape(-1, *stream.shape[1:])
    return values[..., np.argsort(stream.order)] if stream.order else values
