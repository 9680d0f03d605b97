"""Pixels in any order in memory enter as the simulator would pack the integers that the table names."""

import numpy as np
import pytest
import signflow_driver.pixels as pixels_module
from qonnx.core.datatype import DataType
from signflow_driver import StreamFormat
from signflow_driver.pixels import PixelQuantizer, _table

from finn_build.dataflow.stream import Stream
from sim import packing

PIXELS = np.arange(256)
TABLES = {
    "pixels": ("UINT8", [PIXELS]),
    "two steps up, from 1": ("UINT2", [1 + (PIXELS > 3) + (PIXELS > 250)]),
    "signs": ("BIPOLAR", [np.where(PIXELS > 99, 1, -1)]),
    "signs by channel": ("BIPOLAR", [np.where(t < PIXELS, 1, -1) for t in (0, 99, 254)]),
    "16 levels": ("UINT4", [np.minimum(np.round(PIXELS / 16), 15)]),
    "signed, through 0": ("INT2", [(PIXELS > 50).astype(int) + (PIXELS > 150) - 1]),
    "rounded down": ("UINT3", [PIXELS // 32]),
    "rounded, with a flat end": ("UINT4", [np.minimum((PIXELS + 16) // 32, 6)]),
    "rounded, signed": ("INT4", [np.round(PIXELS / 16).clip(0, 15) - 8]),
    "all one": ("UINT2", [0 * PIXELS + 1]),
    **{
        f"ties to even, {bits} bits": (f"UINT{bits}", [np.minimum(np.round(PIXELS / 2 ** (8 - bits)), 2**bits - 1)])
        for bits in range(1, 9)
    },
    **{
        f"random, {bits} bits": (f"UINT{bits}", np.random.default_rng(bits).integers(0, 2**bits, (3, 256)))
        for bits in range(1, 9)
    },
    "a jump, a constant and a fall": ("INT5", [9 * (PIXELS > 7), 0 * PIXELS - 5, -1 * (PIXELS > 7)]),
}


@pytest.mark.parametrize("layout", ["camera", "planes", "columns first", "every second"])
@pytest.mark.parametrize("name", TABLES)
def test_tables_and_layouts(name: str, layout: str) -> None:
    typed, rows = TABLES[name]
    dtype, table = DataType[typed], np.concatenate([rows] * (3 // len(rows))).astype(np.int64)
    kind = "bipolar" if typed == "BIPOLAR" else "signed" if dtype.signed() else "unsigned"
    camera = np.random.default_rng(0).integers(0, 256, (3, 7, 5, 3), dtype=np.uint8)
    images = {
        "camera": camera,
        "planes": np.moveaxis(np.ascontiguousarray(np.moveaxis(camera, -1, 1)), 1, -1),
        "columns first": np.asfortranarray(camera),
        "every second": np.repeat(camera, 2, axis=2)[:, :, ::2],
    }[layout]
    for lanes in (1, 3):
        stream = StreamFormat("pixels", (1, 7, 5, 3), lanes, dtype.bitwidth(), kind)
        out = np.full(3 * stream.frame_bytes, 0xEE, np.uint8)
        PixelQuantizer(table, stream).pack(images, out)
        wanted = packing.pack(table[np.arange(3), camera], Stream(stream.shape, lanes, dtype))
        assert np.array_equal(out.reshape(-1, stream.beat_bytes), wanted)


@pytest.mark.parametrize("channels", [1, 3])
def test_every_block_of_a_batch(channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """More blocks than three cores share out, and a last one that is not full; of planes, which are copied first."""
    monkeypatch.setattr(pixels_module, "_BLOCK", channels << 16)
    monkeypatch.setattr(pixels_module, "_CORES", 3)
    side = 260
    planes = np.random.default_rng(1).integers(0, 256, (13, channels, side, side), dtype=np.uint8)
    stream = StreamFormat("pixels", (1, side, side, channels), channels, 4, "unsigned")
    out = np.full(13 * stream.frame_bytes, 0xEE, np.uint8)
    pixels = PixelQuantizer(np.repeat(PIXELS[None] // 16, channels, axis=0), stream)
    images = np.moveaxis(planes, 1, -1)
    pixels.pack(images, out)
    wanted = packing.pack(images.astype(np.int64) // 16, Stream(stream.shape, channels, DataType["UINT4"]))
    assert np.array_equal(out.reshape(-1, stream.beat_bytes), wanted)


@pytest.mark.parametrize("name", [name for name in TABLES if name.startswith(("rounded", "ties"))])
def test_quantizers_of_pixels_are_not_looked_up(name: str) -> None:
    """Division and comparisons are what is fast."""
    typed, rows = TABLES[name]
    bits = DataType[typed].bitwidth()
    table = _table((rows[0].astype(np.int64) & (2**bits - 1)).astype(np.uint8), bits, 256)
    assert table.__qualname__.startswith(("_rounded", "_compared") if bits < 8 else "_candidates")
