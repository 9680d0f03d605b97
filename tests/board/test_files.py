"""Files that the driver reads: damaged and foreign ones are named."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from signflow_driver import (
    Description,
    DriverError,
    HostStep,
    HostTail,
    InputError,
    StreamFormat,
    folder_frames,
    load_description,
)
from signflow_driver.description import FORMAT

SHAPE = (1, 11, 9)
FRAMES = np.random.default_rng(0).integers(0, 256, (2, *SHAPE), dtype=np.uint8)
ARRAYS = {"head": np.arange(256)[None], "scale": np.float32(0.5), "bias": np.ones(5, np.float32)}


def _described() -> Description:
    tail = HostTail("logits", "product", "scale", steps=(HostStep("Add", ("product", "bias"), "logits"),))
    streams = StreamFormat("pixels", (1, 11, 9, 1), 1, 8, "unsigned"), StreamFormat("product", (1, 5), 5, 9, "signed")
    return Description(
        "net",
        "pynq-z2",
        100,
        "0" * 32,
        1000,
        SHAPE,
        ("a", "b"),
        streams[:1],
        streams[1:],
        (tail,),
        arrays=dict(ARRAYS),
    )


def test_a_description_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "accelerator.json"
    _described().save(path)
    found = load_description(path)
    assert found == _described() and found.arrays.keys() == ARRAYS.keys()
    assert all(np.array_equal(found.arrays[name], ARRAYS[name]) for name in ARRAYS)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"{", b"", "not readable"),
        (b'"tails"', b'"tales"', "no description of an accelerator: KeyError"),
        (b'"clk_mhz"', b'"mhz"', "no description of an accelerator: TypeError"),
        (f'"format": {FORMAT}'.encode(), b'"format": 1', f"not of format {FORMAT}"),
        (b'"signed"', b'"unsigned"', "was changed since it was written"),
        (b'"lanes": 5', b'"lanes": 1', "was changed since it was written"),
        (b'"order": []', b'"order": [1, 0]', "was changed since it was written"),
    ],
)
def test_damaged_descriptions(tmp_path: Path, old: bytes, new: bytes, reason: str) -> None:
    path = tmp_path / "accelerator.json"
    _described().save(path)
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(DriverError, match=f"accelerator.json: {reason}"):
        load_description(path)
    path.write_text("[1]")
    with pytest.raises(DriverError, match="no description of an accelerator"):
        load_description(path)


@pytest.mark.parametrize("data", [b"", b"text", None])
def test_damaged_arrays(tmp_path: Path, data: bytes | None) -> None:
    path, arrays = tmp_path / "accelerator.json", tmp_path / "accelerator.npz"
    _described().save(path)
    arrays.write_bytes(arrays.read_bytes()[:-100] if data is None else data)
    with pytest.raises(DriverError, match="not readable"):
        load_description(path)


def test_arrays_of_another_accelerator(tmp_path: Path) -> None:
    """One value of one array differs, or its type does."""
    path = tmp_path / "accelerator.json"
    _described().save(path)
    for changed in ({"bias": np.array([1, 1, 1, 1, 2], np.float32)}, {"bias": np.ones(5)}, {"more": np.ones(1)}):
        np.savez(path.with_suffix(".npz"), **{**ARRAYS, **changed})
        with pytest.raises(DriverError, match=r"accelerator.npz: not what accelerator.json was written with"):
            load_description(path)


def test_frames_of_a_folder(tmp_path: Path) -> None:
    Image.fromarray(FRAMES[0, 0]).save(tmp_path / "a.png")
    np.save(tmp_path / "b.npy", FRAMES[1])
    (tmp_path / "b.npy").rename(tmp_path / "b.NPY")
    (tmp_path / "index.csv").write_text("path,class\n")  # no image, and left alone
    assert np.array_equal(list(folder_frames(tmp_path, SHAPE)), FRAMES)
    with pytest.raises(InputError, match=r"b.NPY: uint8 \(1, 11, 9\); legal: uint8 \(1, 8, 8\)"):
        list(folder_frames(tmp_path, (1, 8, 8)))
    with pytest.raises(InputError, match="no images"):
        list(folder_frames(tmp_path / "none", SHAPE))


@pytest.mark.parametrize(
    ("name", "content"), [("a.png", b"text"), ("b.npy", b"text"), ("c.npy", b""), ("d.png", b"\x89PNG\r\n\x1a\n")]
)
def test_files_that_are_no_images(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name}: not (readable as an|a readable) image"):
        list(folder_frames(tmp_path, SHAPE))


def test_pixels_of_more_than_8_bits_are_not_cut(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 300, np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(InputError, match=r"deep.png: pixels of 16 bits, none of which uses the upper two"):
        list(folder_frames(tmp_path, SHAPE))
