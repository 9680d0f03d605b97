"""Between integer tensors and the beats of a stream, vectorised.

Lane 0 sits in the low bits of a beat; BIPOLAR is one bit (1 means +1), signed types are two's complement;
the payload is padded with zeros to whole bytes; bytes are little-endian.
"""

import numpy as np
from qonnx.core.datatype import BaseDataType, DataType

from finn_build.dataflow.stream import Stream
from finn_build.errors import DataError

_MAX_BITS = 63


def pack(values: np.ndarray, stream: Stream) -> np.ndarray:
    """Turn frames of integers into the beats of a stream.

    Args:
        values: Integers (any numeric type, whole numbers), [frames, *stream.shape] or any reshape of it.
        stream: Shape, lanes and element type.

    Returns:
        uint8 [frames * beats, width_padded / 8].

    Raises:
        DataError: The size is no multiple of a frame, or a value is not of the stream's type.
    """
    elements = _checked_integers(np.asarray(values), stream).reshape(-1, stream.lanes)
    bits_each = stream.dtype.bitwidth()
    if stream.dtype == DataType["BIPOLAR"]:
        elements = (elements > 0).astype(np.int64)
    container = _container_bytes(bits_each)
    raw = np.ascontiguousarray(elements.astype(f"<i{container}"))
    if bits_each == 8 * container:
        return raw.view(np.uint8).reshape(len(raw), -1)
    as_bytes = raw.view(np.uint8).reshape(*elements.shape, container)
    bits = np.unpackbits(as_bytes, axis=2, count=bits_each, bitorder="little")
    return np.packbits(bits.reshape(len(raw), -1), axis=1, bitorder="little")


def unpack(beats: np.ndarray, stream: Stream, frames: int) -> np.ndarray:
    """Turn the beats of a stream back into integers: the inverse of `pack`.

    Args:
        beats: uint8 [frames * beats, width_padded / 8].
        stream: Shape, lanes and element type.
        frames: Number of frames held in `beats`.

    Returns:
        [frames, *stream.shape], in the smallest signed type that holds the stream's: windows of a large image are many.

    Raises:
        DataError: `beats` does not hold `frames` frames of this stream.
    """
    expected = (frames * stream.beats, stream.width_padded // 8)
    if beats.shape != expected:
        raise DataError(f"unpack: beats of shape {beats.shape}; {frames} frames of {stream} need {expected}")
    bits_each = stream.dtype.bitwidth()
    container = _container_bytes(bits_each + (not stream.dtype.signed()))
    if bits_each == 8 * container:
        values = np.ascontiguousarray(beats).reshape(-1).view(f"<i{container}")
    else:
        lanes = [_lane(beats, lane * bits_each, bits_each) for lane in range(stream.lanes)]
        values = np.stack(lanes, axis=1, dtype=f"<i{container}", casting="unsafe").reshape(-1)
    if stream.dtype == DataType["BIPOLAR"]:
        values = 2 * values - 1
    elif stream.dtype.signed():
        rest = 8 * container - bits_each
        values = (values << rest) >> rest
    return values.reshape(frames, *stream.shape)


def _lane(beats: np.ndarray, low: int, bits: int) -> np.ndarray:
    """Bits `low` to `low + bits - 1` of every beat: some twenty times as fast as by single bits."""
    first, shift = divmod(low, 8)
    kind = np.dtype(f"<u{_container_bytes(min(64, shift + bits))}")
    word = np.zeros(len(beats), kind)
    for place in range(min(kind.itemsize, beats.shape[1] - first)):
        word |= beats[:, first + place].astype(kind) << kind.type(8 * place)
    word >>= kind.type(shift)
    if shift + bits > 64:
        word |= beats[:, first + 8].astype(kind) << kind.type(64 - shift)
    return word & kind.type(2**bits - 1)


def _container_bytes(bits: int) -> int:
    return next(size for size in (1, 2, 4, 8) if bits <= 8 * size)


def _checked_integers(values: np.ndarray, stream: Stream) -> np.ndarray:
    """Values as int64, each one of the stream's type; anything else is an error, never wrapped."""
    dtype = stream.dtype
    if not dtype.is_integer() or dtype.bitwidth() > _MAX_BITS:
        raise DataError(f"pack: streams carry integers of at most {_MAX_BITS} bits, not {dtype.name}")
    if values.size == 0 or values.size % (stream.beats * stream.lanes):
        raise DataError(f"pack: shape {values.shape} is not whole frames of {stream.shape}")
    integers = values.astype(np.int64)
    bad = (integers < dtype.min()) | (integers > dtype.max()) | _forbidden(integers, dtype)
    if values.dtype.kind == "f":
        bad |= integers != values
    if bad.any():
        where = np.unravel_index(int(np.argmax(bad)), values.shape)
        index = tuple(int(i) for i in where)
        raise DataError(f"pack: value {values[where]} at {index} is not {dtype.name}; legal: {_legal(dtype)}")
    return integers


def _forbidden(integers: np.ndarray, dtype: BaseDataType) -> np.ndarray:
    """Mark the holes inside a type's range: BIPOLAR has no zero."""
    return integers == 0 if dtype == DataType["BIPOLAR"] else np.zeros(integers.shape, bool)


def _legal(dtype: BaseDataType) -> str:
    return "-1, 1" if dtype == DataType["BIPOLAR"] else f"{int(dtype.min())} to {int(dtype.max())}"
