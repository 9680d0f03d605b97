"""The driver unpacks what the simulator packs, for any type and number of lanes."""

import numpy as np
import pytest
from qonnx.core.datatype import DataType
from signflow_driver import StreamFormat
from signflow_driver.packing import unpack

from finn_build.dataflow.stream import Stream
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


@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 6, 8, 12, 24])
@pytest.mark.parametrize("name", TYPES)
def test_what_the_simulator_packs(name: str, lanes: int) -> None:
    dtype, rng = DataType[name], np.random.default_rng(lanes)
    stream = Stream((1, 5, 24), lanes, dtype)
    values = rng.integers(int(dtype.min()), int(dtype.max()) + 1, (3, 5, 24))
    if name == "BIPOLAR":
        values = np.where(values > 0, 1, -1)
    kind = "bipolar" if name == "BIPOLAR" else "signed" if dtype.signed() else "unsigned"
    data = packing.pack(values, stream).ravel()
    assert np.array_equal(unpack(data, StreamFormat("x", stream.shape, lanes, dtype.bitwidth(), kind)), values)
    order = tuple(int(i) for i in rng.permutation(24))
    moved = StreamFormat("x", stream.shape, lanes, dtype.bitwidth(), kind, order)
    assert np.array_equal(unpack(data, moved)[..., list(order)], values)
