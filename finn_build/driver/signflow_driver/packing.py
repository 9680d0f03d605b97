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
        codes: what `codes_of` gives, [..., channels], any strides.
        out: uint8 [frames * frame_bytes], written whole.
    """
    bits, lanes, bare = stream.bits, stream.lanes, codes.flags.c_contiguous
    if bare and (bits == 8 or (bits < 8 and lanes == 1)):
        np.copyto(out.reshape(codes.shape), codes)
    elif bare and bits == 1 and lanes % 8 == 0:
        out[:] = np.packbits(codes, bitorder="little")
    else:  # channel by channel: a copy of planes as a whole, byte after byte, takes six times as long
        _pack_channels(codes.reshape(-1, lanes) if bare else codes, stream, out)


def _pack_channels(codes: np.ndarray, stream: StreamFormat, out: np.ndarray) -> None:
    """The same for any layout: each operation covers one byte of one channel in all beats."""
    beats = out.reshape(*codes.shape[:-1], -1, stream.beat_bytes)
    for channel in range(codes.shape[-1]):
        beat, lane = divmod(channel, stream.lanes)
        part = codes[..., channel]
        for byte, moved in _bytes_of(lane, stream.bits):
            bits = part >> moved if moved > 0 else part << -moved if moved else part
            target = beats[..., beat, byte]
            if moved >= 0:  # the first of its byte
                np.copyto(target, bits, casting="unsafe")
            else:
                target |= bits.astype(np.uint8, copy=False)


def _bytes_of(lane: int, bits: int) -> list[tuple[int, int]]:
    """Bytes of a beat that hold a lane, each with how many of the lane's bits lie below it, negative where it starts
    above the byte's first bit."""
    begin = lane * bits
    return [(byte, 8 * byte - begin) for byte in range(begin // 8, (begin + bits - 1) // 8 + 1)]


def unpack(data: np.ndarray, stream: StreamFormat) -> np.ndarray:
    """Integers of whole frames.

    Shapes:
        data: uint8 [frames * frame_bytes] -> int64 [frames, *stream.shape[1:]], channels in logical order.
    """
    beats = data.reshape(-1, stream.beat_bytes)
    size = next(s for s in (1, 2, 4, 8) if stream.bits <= 8 * s)
    codes = np.zeros((len(beats), stream.lanes), f"u{size}")
    for lane in range(stream.lanes):
        for byte, moved in _bytes_of(lane, stream.bits):
            part = beats[:, byte].astype(codes.dtype, copy=False)
            codes[:, lane] |= part << moved if moved > 0 else part >> -moved if moved else part
    unused = 8 * size - stream.bits
    values = codes << unused  # drops the bits of other lanes
    values = (values.view(f"i{size}") if stream.kind == "signed" else values) >> unused
    if stream.kind == "bipolar":
        values = 2 * values.view(np.int8) - 1
    values = values.astype(np.int64).reshape(-1, *stream.shape[1:])
    return values[..., np.argsort(stream.order)] if stream.order else values
