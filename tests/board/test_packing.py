"""The driver's packing is that of the simulator, for any type and number of lanes."""

import numpy as np
import pytest
from qonnx.core.datatype import DataType
from signflow_driver import StreamFormat
from signflow_driver.packing import codes_of, pack, unpack

from finn_build.ops.base import Stream
from sim import packing

TYPES = (
    "BIPOLAR",
    "UINT1",
    "UINT2",
    "INT2",
    "UINT3",
    "INT4",
    "UINT5",
    "INT7",
    "UINT8",
    "INT8",
    "INT11",
    "UINT16",
    "INT27",
)


@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 6, 12])
@pytest.mark.parametrize("name", TYPES)
def test_same_bytes_as_the_simulator_and_back(name: str, lanes: int, planes: bool) -> None:
    dtype, rng = DataType[name], np.random.default_rng(lanes)
    stream = Stream((1, 5, 12), lanes, dtype)
    values = rng.integers(int(dtype.min()), int(dtype.max()) + 1, (3, 5, 12))
    if name == "BIPOLAR":
        values = np.where(values > 0, 1, -1)
    kind = "bipolar" if name == "BIPOLAR" else "signed" if dtype.signed() else "unsigned"
    order = tuple(int(i) for i in rng.permutation(12))
    described = StreamFormat("x", stream.shape, lanes, dtype.bitwidth(), kind)
    out = np.full(3 * described.frame_bytes, 0xEE, np.uint8)
    codes = codes_of(values, described)
    pack(np.asfortranarray(codes) if planes else codes, described, out)
    assert np.array_equal(out.reshape(-1, described.beat_bytes), packing.pack(values, stream))
    assert np.array_equal(unpack(out, described), values)
    moved = StreamFormat("x", stream.shape, lanes, dtype.bitwidth(), kind, order)
    assert np.array_equal(unpack(out, moved)[..., list(order)], values)
