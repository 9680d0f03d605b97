import numpy as np
import pytest
from qonnx.core.datatype import DataType

from finn_build.dataflow.stream import Stream
from finn_build.errors import DataError
from sim.packing import pack, unpack

_TYPES = ["BIPOLAR", "TERNARY", "BINARY"]
_TYPES += [f"{sign}{bits}" for sign in ("INT", "UINT") for bits in (2, 3, 5, 7, 8, 9, 12, 16, 17, 24, 32, 33, 59, 63)]


def _all_corners(stream: Stream, frames: int, seed: int = 0) -> np.ndarray:
    """Random values that hold the type's extremes."""
    dtype = stream.dtype
    values = np.random.default_rng(seed).integers(
        int(dtype.min()), int(dtype.max()), (frames, *stream.shape), endpoint=True
    )
    if dtype == DataType["BIPOLAR"]:
        values = 2 * (values > 0) - 1
    values.reshape(-1)[:2] = int(dtype.min()), int(dtype.max())
    return values


@pytest.mark.parametrize("lanes", [1, 3, 7, 21])
@pytest.mark.parametrize("name", _TYPES)
def test_round_trip(name: str, lanes: int) -> None:
    stream = Stream((1, 3, 2, 21), lanes, DataType[name])
    values = _all_corners(stream, frames=4)
    beats = pack(values, stream)
    assert beats.dtype == np.uint8 and beats.shape == (4 * stream.beats, stream.width_padded // 8)
    assert np.array_equal(unpack(beats, stream, 4), values)


@pytest.mark.parametrize("name", _TYPES)
def test_bits_by_definition(name: str) -> None:
    """Every beat equals the integer built lane by lane, lane 0 lowest, zeros above."""
    stream = Stream((1, 15), 5, DataType[name])
    values, bits = _all_corners(stream, frames=2), stream.dtype.bitwidth()
    for beat, lanes in zip(pack(values, stream), values.reshape(-1, 5), strict=True):
        codes = (lanes > 0).astype(int) if name == "BIPOLAR" else lanes
        expected = sum((int(code) % (1 << bits)) << (bits * i) for i, code in enumerate(codes))
        assert int.from_bytes(beat.tobytes(), "little") == expected


def test_accepts_whole_floats_and_other_shapes() -> None:
    stream = Stream((1, 2, 4), 2, DataType["INT4"])
    values = np.arange(-8, 8).reshape(2, 8).astype(np.float32)
    assert np.array_equal(unpack(pack(values, stream), stream, 2).reshape(2, 8), values)


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("INT4", 8, "pack: value 8 at (0, 3) is not INT4; legal: -8 to 7"),
        ("UINT2", -1, "pack: value -1 at (0, 3) is not UINT2; legal: 0 to 3"),
        ("BIPOLAR", 0, "pack: value 0 at (0, 3) is not BIPOLAR; legal: -1, 1"),
        ("TERNARY", -2, "pack: value -2 at (0, 3) is not TERNARY; legal: -1 to 1"),
        ("INT4", 0.5, "pack: value 0.5 at (0, 3) is not INT4; legal: -8 to 7"),
    ],
)
def test_refuses_values_outside_the_type(name: str, bad: float, message: str) -> None:
    values = np.ones((1, 6), dtype=type(bad))
    values[0, 3] = bad
    with pytest.raises(DataError) as error:
        pack(values, Stream((1, 6), 2, DataType[name]))
    assert str(error.value) == message


def test_refuses_broken_frames_and_types() -> None:
    with pytest.raises(DataError, match=r"shape \(7,\) is not whole frames of \(1, 6\)"):
        pack(np.ones(7, int), Stream((1, 6), 2, DataType["INT4"]))
    with pytest.raises(DataError, match="not FLOAT32"):
        pack(np.ones((1, 6)), Stream((1, 6), 2, DataType["FLOAT32"]))
    with pytest.raises(DataError, match="2 frames of"):
        unpack(np.zeros((3, 1), np.uint8), Stream((1, 6), 2, DataType["INT4"]), 2)
