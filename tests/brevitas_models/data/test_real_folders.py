"""Pictures, masks and folders as people have them: read right and alike everywhere, or refused by name."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from signflow_driver import InputError, folder_frames

from brevitas_models.data.images import load_folder, summary
from finn_build.errors import DataError

RAMP = (np.add.outer(np.arange(40), np.arange(40)) * 3 + np.random.default_rng(0).integers(0, 9, (40, 40))).astype("u1")
MASK = np.zeros((40, 60), bool)
MASK[5:15, 30:50] = True
CORNER = np.zeros((40, 60), np.uint8)
CORNER[0, 2:20:6] = 1
GREY = Image.fromarray(RAMP)
COLOUR = Image.merge("RGB", (GREY, Image.fromarray(255 - RAMP), Image.fromarray(RAMP // 2)))
FULL = Image.new("L", (40, 40), 255)
DEEP = Image.fromarray(RAMP.astype(np.uint16) * 257)
HOLED = Image.fromarray(np.where(RAMP > 99, 255, 0).astype("u1"))

READ = {
    "L": (GREY, "png"),
    "L webp": (GREY, "webp"),
    "P": (GREY.convert("P"), "png"),
    "LA": (Image.merge("LA", (GREY, FULL)), "png"),
    "RGBA": (Image.merge("RGBA", (*COLOUR.split(), FULL)), "png"),
    "RGB": (COLOUR, "png"),
    "RGBX": (COLOUR.convert("RGBX"), "tif"),
    "CMYK": (COLOUR.convert("CMYK"), "tif"),
    "I;16": (DEEP, "png"),
    "I;16 tif": (DEEP, "tif"),
    "I;16 pgm": (DEEP, "pgm"),
    "I;16B": (Image.frombytes("I;16B", (40, 40), (RAMP.astype(">u2") * 257).tobytes()), "tif"),
}
REFUSED = {
    "I": (Image.fromarray(RAMP.astype(np.int32) * 257), "tif", "integers of 32 bits"),
    "F": (Image.fromarray(RAMP.astype(np.float32) / 255), "tif", "floats"),
    "12 of 16 bits": (Image.fromarray(RAMP.astype(np.uint16) * 16), "png", "a camera of 14 bits"),
    "14 of 16 bits": (Image.fromarray(RAMP.astype(np.uint16) * 64), "png", "a camera of 14 bits"),
    "transparent": (Image.merge("RGBA", (*COLOUR.split(), HOLED)), "png", "transparent"),
    "LA transparent": (Image.merge("LA", (GREY, HOLED)), "png", "transparent"),
}


def _saved(folder: Path, image: Image.Image, suffix: str, name: str = "a", **how: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    image.save(folder / f"{name}.{suffix}", **how)  # type: ignore[arg-type]
    return folder


def _both(folder: Path, channels: int, size: tuple[int, int] = (40, 40)) -> np.ndarray:
    """What training reads, after a look that the board reads the same."""
    trained = load_folder(folder, size, channels).images[0]
    assert np.array_equal(trained, next(iter(folder_frames(folder, (channels, *size)))))
    return trained


@pytest.mark.parametrize("name", READ)
def test_pixels_of_every_mode(name: str, tmp_path: Path) -> None:
    image, suffix = READ[name]
    how = {"lossless": True} if suffix == "webp" else {}
    folder = _saved(tmp_path, image, suffix, **how)
    coloured = image.mode.startswith(("R", "C"))
    wanted = np.asarray((COLOUR if coloured else GREY).convert("RGB")).astype(int)
    assert np.abs(_both(folder, 3).transpose(1, 2, 0) - wanted).max() <= 2
    wanted = np.asarray((COLOUR if coloured else GREY).convert("L")).astype(int)
    assert np.abs(_both(folder, 1)[0] - wanted).max() <= 2


def test_pixels_of_one_bit_and_of_a_tiff_of_twelve(tmp_path: Path) -> None:
    assert np.array_equal(_both(_saved(tmp_path / "1", Image.fromarray(RAMP > 127), "png"), 1)[0], (RAMP > 127) * 255)
    twelve = Image.fromarray((RAMP.astype(np.uint32) * 4095 // 255).astype(np.uint16))
    folder = _saved(tmp_path / "12", twelve, "tif", tiffinfo={281: 4095})
    assert np.abs(_both(folder, 1)[0].astype(int) - RAMP).max() <= 1


@pytest.mark.parametrize("name", REFUSED)
def test_pixels_without_one_meaning(name: str, tmp_path: Path) -> None:
    image, suffix, text = REFUSED[name]
    folder = _saved(tmp_path, image, suffix)
    with pytest.raises(DataError, match=text):
        load_folder(folder, 40)
    with pytest.raises(InputError, match=text):
        next(iter(folder_frames(folder, (1, 40, 40))))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_followed(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(RAMP[:, :20])
    folder = _saved(tmp_path, stored, "png", exif=exif)
    turns: dict[int, Callable[[np.ndarray], np.ndarray]] = {
        1: lambda x: x,
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.T,
        6: lambda x: x.T[:, ::-1],
        7: lambda x: x[::-1, ::-1].T,
        8: lambda x: x.T[::-1],
    }
    wanted = turns[orientation](RAMP[:, :20])
    assert np.array_equal(_both(folder, 1, wanted.shape)[0], wanted)
    tiff = _saved(tmp_path / "tiff", stored, "tif", exif=exif)
    if orientation < 5:
        assert np.array_equal(_both(tiff, 1, wanted.shape)[0], wanted)
    else:  # Pillow gives other pixels (findings/pillow_tiff_orientation.sh)
        with pytest.raises(DataError, match="a TIFF on its side"):
            load_folder(tiff, 40)


def test_files_that_are_no_single_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _saved(tmp_path / "pages", GREY, "tif", save_all=True, append_images=[FULL])
    with pytest.raises(DataError, match="holds 2 pictures"):
        load_folder(folder, 40)
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "a.png")
    with pytest.raises(DataError, match="not a file"):
        load_folder(tmp_path / "pipe", 40)
    folder = _saved(tmp_path / "large", GREY, "png")
    for limit in (1000, 500):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(DataError, match="more pixels than the"):
            load_folder(folder, 40)


def _palette(colours: list[int]) -> Image.Image:
    image = Image.fromarray(MASK.astype("u1"), "P")
    image.putpalette(colours + [0] * (768 - len(colours)))
    return image


def _coloured(colour: tuple[int, ...]) -> Image.Image:
    return Image.fromarray(np.where(MASK[..., None], np.array(colour, "u1"), np.zeros(len(colour), "u1")))


def _opaque_where(mask: np.ndarray, grey: int) -> Image.Image:
    return Image.fromarray(np.dstack([np.full((*mask.shape, 3), grey, "u1"), mask.astype("u1") * 255]))


MASKS = {
    **{f"0 and {v}": (Image.fromarray(MASK.astype("u1") * np.uint8(v)), "png", {}) for v in (1, 2, 3, 127, 128, 255)},
    **{f"0 and {v}, deep": (Image.fromarray(MASK.astype("u2") * np.uint16(v)), "png", {}) for v in (1, 256, 65535)},
    "50 and 200": (Image.fromarray(np.where(MASK, 200, 50).astype("u1")), "png", {}),
    "one bit": (Image.fromarray(MASK), "png", {}),
    "floats": (Image.fromarray(MASK.astype(np.float32)), "tif", {}),
    "VOC": (_palette([0, 0, 0, 128, 0, 0]), "png", {}),
    "white first": (_palette([255, 255, 255, 0, 0, 0]), "png", {"values": "1"}),
    "red": (_coloured((255, 0, 0)), "png", {}),
    "blue": (_coloured((0, 0, 255)), "png", {}),
    "green, named": (_coloured((0, 200, 0)), "png", {"values": "00c800"}),
    "white on nothing": (_coloured((255, 255, 255, 255)), "png", {}),
    "alpha of white": (_opaque_where(MASK, 255), "png", {}),
    "alpha of black": (_opaque_where(MASK, 0), "png", {}),
    "JPEG": (Image.fromarray(MASK.astype("u1") * 255), "jpg", {}),
    "few soft pixels": (Image.fromarray(MASK * np.uint8(255) + np.arange(60, dtype="u1") * CORNER), "png", {}),
    "dark, named": (Image.fromarray((~MASK).astype("u1") * 255), "png", {"values": "0"}),
    "classes, named": (
        Image.fromarray((MASK * 2 + ~MASK * (np.arange(60) < 9)).astype("u1")),
        "png",
        {"values": "2 7"},
    ),
}


def _masked(folder: Path, mask: Image.Image, suffix: str = "png", values: str = "") -> Path:
    _saved(folder, Image.fromarray(np.zeros((40, 60), "u1") + np.arange(60, dtype="u1")), "png")
    _saved(folder / "m", mask, suffix, **({"quality": 95} if suffix == "jpg" else {}))
    (folder / "index.csv").write_text(f"path,class,mask,mask_values\na.png,rust,m/a.{suffix},{values}\n")
    return folder


@pytest.mark.parametrize("name", MASKS)
def test_masks_in_every_code(name: str, tmp_path: Path) -> None:
    mask, suffix, named = MASKS[name]
    found = load_folder(_masked(tmp_path, mask, suffix, **named), (40, 60), masks=True).masks
    assert found is not None and np.array_equal(found[0], MASK)


def test_softened_masks_are_split_at_the_middle(tmp_path: Path) -> None:
    soft = Image.fromarray(MASK.astype("u1") * 255).resize((61, 41)).resize((60, 40), Image.Resampling.BICUBIC)
    assert len(np.unique(soft)) > 8
    found = load_folder(_masked(tmp_path, soft), (40, 60), masks=True).masks
    assert found is not None and np.abs(found[0].astype(int) - MASK).sum() < 70


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        (Image.fromarray((~MASK).astype("u1") * 255), "92% of the pixels defects: are they inverted"),
        (Image.fromarray(MASK.astype("u1") * 0), "all 1 masks are empty"),
        (Image.fromarray((MASK + 2 * (np.arange(60) < 9)).astype("u1")), r"3 values \(0, 1, 2\): which mean a defect"),
        (Image.fromarray(MASK[::2, ::2].astype("u1")), "the mask has 30x20 pixels, its image 60x40"),
        (Image.fromarray(MASK.T.astype("u1")), "the mask has 40x60 pixels, its image 60x40"),
    ],
)
def test_masks_that_are_refused(mask: Image.Image, text: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=text):
        load_folder(_masked(tmp_path, mask), (40, 60), masks=True)


def test_class_numbers_that_a_lossy_format_has_smeared_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"values \(0, 1.*\): which mean a defect"):
        load_folder(_masked(tmp_path, Image.fromarray(MASK.astype("u1")), "jpg"), (40, 60), masks=True)


def _set_of_masks(folder: Path, masks: list[np.ndarray], values: str = "") -> Path:
    lines = ["path,class,mask,mask_values"]
    for number, mask in enumerate(masks):
        _saved(folder, Image.fromarray(np.arange(mask.size, dtype="u1").reshape(mask.shape)), "png", str(number))
        _saved(folder / "m", Image.fromarray(mask.astype("u1") * 255), "png", str(number))
        lines.append(f"{number}.png,rust,m/{number}.png,{values if number == 3 else ''}")
    (folder / "index.csv").write_text("\n".join(lines))
    return folder


def test_a_defect_in_the_mask_of_a_free_image_is_named(tmp_path: Path) -> None:
    folder = _set_of_masks(tmp_path, [MASK, MASK])
    index = folder / "index.csv"
    index.write_text(index.read_text().replace("1.png,rust", "1.png,free"))
    with pytest.raises(DataError, match=r"m/1\.png: shows a defect, and .*1\.png is of class 'free'; mend one"):
        load_folder(folder, (40, 60), masks=True)


def test_one_inverted_mask_among_many_is_named(tmp_path: Path) -> None:
    masks = [np.roll(MASK, (2 * k, 0), (0, 1)) for k in range(8)]
    masks[3] = ~masks[3]
    with pytest.raises(DataError, match=r"m/3\.png: calls most .* usual mask of .* 8\.3% \(1 such masks\): is it inv"):
        load_folder(_set_of_masks(tmp_path, masks), (40, 60), masks=True)
    data = load_folder(_set_of_masks(tmp_path, masks, "0"), (40, 60), masks=True)
    assert data.masks is not None and data.masks[3].sum() == MASK.sum() and "left out" not in summary(tmp_path, data)
    assert "left out: 8 masks" in summary(tmp_path, load_folder(tmp_path, (40, 60)))
    masks[3] = np.pad(np.ones((36, 56), bool), 2)  # large, and in the middle: a defect
    found = load_folder(_set_of_masks(tmp_path, masks), (40, 60), masks=True).masks
    assert found is not None and found[3].sum() == 36 * 56


def _tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RAMP).save(path) if path.suffix in (".png", ".webp") else path.write_text("x")
    return root


OK, BAD = ("ok/a.png", "ok/b.png"), ("bad/a.png", "bad/b.png")


@pytest.mark.parametrize(
    ("more", "count"),
    [
        (BAD, 4),
        ((*BAD, ".ipynb_checkpoints/a.png", "__MACOSX/ok/a.png", "ok/._a.png", "ok/.cache/a.png"), 4),
        (("bad/Imgs/a.png", "bad/more/deep/b.png"), 4),
        (("bad/a.webp",), 3),
        ((*BAD, "bad/notes.txt", "Thumbs.db"), 4),
        ((" bad /a.png", "bad /b.png"), 4),
    ],
)
@pytest.mark.filterwarnings("ignore:.*no index")
def test_class_folders(more: tuple[str, ...], count: int, tmp_path: Path) -> None:
    data = load_folder(_tree(tmp_path, *OK, *more), 40)
    assert data.classes == ("bad", "ok") and len(data) == count
    said = summary(tmp_path, data)
    assert f"{count} images, 2 classes" in said and ("left out" in said) == (len(more) > 2)


def test_splits_as_folders(tmp_path: Path) -> None:
    data = load_folder(_tree(tmp_path, *(f"{s}/{n}" for s in ("Train", "validation", "test") for n in OK + BAD)), 40)
    assert data.classes == ("bad", "ok") and data.splits.tolist().count("val") == 4
    assert "  bad: 2 train, 2 val, 2 test" in summary(tmp_path, data)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (("train/a.png", "test/a.png"), "images beside the classes of a split"),
        (("images/a.png", "masks/a.png"), "holds masks, no class"),
        (("train/ok/a.png", "ground_truth/ok/a.png"), "holds masks, no class"),
        ((*OK, "bad/readme.txt"), r"a class without images; it has \.txt"),
        ((*OK, "bad/a.heic"), r"a class without images; it has \.heic"),
        (("images/a.png",), "one sub-folder of images is no class"),
        (("parts/ok/a.png", "parts/bad/a.png"), r"the only sub-folder; are bad, ok below it the classes\?"),
        ((*OK, "OK/a.png"), "classes 'OK' and 'ok' differ in capitals only"),
        (("test/ok/a.png", "train/Ok/a.png"), "differ in capitals only"),
        ((*OK, "b\u200bad/a.png"), "has characters that cannot be seen"),
        (("train/ok/a.png", "train/bad/a.png", "spare/ok/a.png"), r"is train a split or a class\? spare beside it"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*no index")
def test_folders_that_are_no_classes(names: tuple[str, ...], text: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=text):
        load_folder(_tree(tmp_path, *names), 40)


TABLE = "path,class,split\na/0.png,good,train\na/1.png,bad,test\n"


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode("utf-8-sig"),
        TABLE.encode("utf-16"),
        TABLE.replace(",", ";").encode(),
        TABLE.replace(",", "\t").encode(),
        TABLE.replace("\n", "\r\n").encode(),
        TABLE.replace("a/", "a\\").encode(),
        TABLE.replace("path,class,split", "Path, Class, SPLIT").encode(),
        TABLE.replace(",bad,test", ", bad , Testing ").encode(),
        (TABLE + "\n,,\n").encode(),
        TABLE.replace("\n", "\r").encode(),
        TABLE.replace("bad", "\u00a0bad ").encode(),
    ],
)
def test_an_index_as_spreadsheets_write_it(data: bytes, tmp_path: Path) -> None:
    (_tree(tmp_path, "a/0.png", "a/1.png") / "index.csv").write_bytes(data)
    found = load_folder(tmp_path, 40)
    assert found.classes == ("bad", "good") and found.splits.tolist() == ["train", "test"]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (TABLE.replace("bad", "Schäden").encode("latin-1"), "not UTF-8 text"),
        ((TABLE + "a/0.png,good,test\n").encode(), "a/0.png is listed twice"),
        (TABLE.replace("bad", "Good").encode(), "differ in capitals only"),
        (TABLE.replace(",test", ",").encode(), "1 of 2 images have no split, first 1.png"),
        (TABLE.replace(",test", ",exam").encode(), r"index.csv:3: split 'exam' is not one of"),
        (TABLE.replace(",test", ",test,more").encode(), "4 cells for 3 columns"),
        (TABLE.replace("a/1.png", "../1.png").encode(), "lies outside the folder"),
        (b"", "no column class, path; it has none"),
        (TABLE.splitlines()[0].encode(), "index.csv: lists no image"),
        (TABLE.replace("bad", "bad\u200b").encode(), r"index.csv:3: class 'bad\\u200b' has characters that cannot"),
        (TABLE.replace("bad", "\x1b[31mbad").encode(), "characters that cannot be seen"),
        (TABLE.replace("split", "class").encode(), "two columns class; keep one"),
        (TABLE.replace("bad", "b" * 200_000).encode(), "no table"),
    ],
)
def test_an_index_that_is_refused(data: bytes, text: str, tmp_path: Path) -> None:
    (_tree(tmp_path, "a/0.png", "a/1.png") / "index.csv").write_bytes(data)
    with pytest.raises(DataError, match=text):
        load_folder(tmp_path, 40)


def test_a_name_written_in_two_ways_is_one_class(tmp_path: Path) -> None:
    """As one character, and as a letter and what stands above it."""
    text = TABLE.replace("good", "Risse \u00fcber").replace("bad", "Risse  u\u0308ber")
    (_tree(tmp_path, "a/0.png", "a/1.png") / "index.csv").write_text(text)
    assert load_folder(tmp_path, 40).classes == ("Risse \u00fcber",)


def test_numbered_classes_are_in_order(tmp_path: Path) -> None:
    names = [f"{i}/a.png" for i in range(12)]
    with pytest.warns(UserWarning, match="no index"):
        assert load_folder(_tree(tmp_path, *names), 40).classes == tuple(map(str, range(12)))
