"""Defects on other surfaces: what is laid where, from and onto which split."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from brevitas_models.data.images import load_folder
from brevitas_models.data.index import find_images
from brevitas_models.data.paste import lay, pasted
from brevitas_models.data.patches import cut, main
from tests.brevitas_models.nets import write_image

SIDE = 32
LEVELS = {"a": 100, "b": 160, "c": 60}
"""Grey of the surfaces: those of splits train and val, and one of train in another fold."""


def folder(root: Path) -> Path:
    """Per surface an image without a defect and one with a spot of half the brightness."""
    lines = ["path,class,group,split,fold5,mask"]
    for name, split, fold in (("a", "train", 0), ("b", "val", 1), ("c", "train", 2)):
        surface = np.full((70, 60), LEVELS[name], np.uint8)
        mask = np.zeros((70, 60), np.uint8)
        mask[30:40, 20:30] = 255
        write_image(root / f"{name}.png", surface)
        write_image(root / f"{name}_spot.png", np.where(mask, surface // 2, surface).astype(np.uint8))
        write_image(root / f"{name}_mask.png", mask)
        lines.append(f"{name}.png,free,{name},{split},{fold},")
        lines.append(f"{name}_spot.png,rust,{name}_spot,{split},{fold},{name}_mask.png")
    (root / "index.csv").write_text("\n".join(lines) + "\n")
    return root


def test_a_defect_keeps_its_brightness_relative_to_the_surface() -> None:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[8:24, 8:24] = 1
    source = np.where(mask, 50, 100).astype(np.uint8)
    surface = np.add.outer(np.arange(SIDE), 100 + np.arange(SIDE)).astype(np.uint8)
    laid = lay(surface, source, mask, 1.0).astype(int)
    assert np.abs(laid[12:20, 12:20] - surface[12:20, 12:20] / 2).max() <= 1
    assert np.array_equal(laid[:4], surface[:4])
    assert lay(surface, source, mask, 0.5)[16, 16] == round(0.75 * surface[16, 16])
    assert np.array_equal(lay(surface, np.zeros_like(source), np.ones_like(mask), 1.0), np.zeros_like(surface))


def test_surfaces_are_of_the_defects_split_and_fold(tmp_path: Path) -> None:
    rows = find_images(folder(tmp_path))
    places = cut([row for row in rows if row.label == "rust"], SIDE, 6)
    made = list(pasted(places, rows, SIDE))
    assert len(made) == 18
    for place, image, mask in made:
        pixels, level = np.asarray(image), LEVELS[place.path.name[0]]
        assert pixels.shape == mask.shape == (SIDE, SIDE) and mask.any()
        assert np.abs(pixels[~_near(mask)].astype(int) - level).max(initial=0) <= 1
        assert pixels[mask > 0].mean() < 0.8 * level
    assert not list(pasted(places, [replace(row, fold="3") for row in rows], SIDE))


def test_a_defect_at_an_edge_stays_at_one(tmp_path: Path) -> None:
    """Surfaces have a black frame of three pixels: a defect from the top lies at the top, or mirrored at the foot."""
    frame = np.pad(np.full((94, 84), 100, np.uint8), 3)
    mask = np.zeros((100, 90), np.uint8)
    mask[3:20, 40:44] = 255
    for name, pixels in (("free", frame), ("crack", np.where(mask, 40, frame).astype(np.uint8)), ("mask", mask)):
        write_image(tmp_path / f"{name}.png", pixels)
    (tmp_path / "index.csv").write_text("path,class,mask\nfree.png,free,\ncrack.png,crack,mask.png\n")
    rows = find_images(tmp_path)
    made = [np.asarray(image) for _, image, _ in pasted(cut(rows[1:], SIDE, 12), rows, SIDE)]
    assert len(made) == 12
    black = [(image[:2].max() < 50, image[-2:].max() < 50) for image in made if image.min() < 50]
    tops = [pair for pair in black if any(pair)]
    assert len(tops) >= 6 and len(set(tops)) == 2  # both ways round


def test_a_place_without_a_defect_is_left_out(tmp_path: Path) -> None:
    rows = find_images(folder(tmp_path))
    corner = replace(rows[1], box=(0, 0, 8, 8))
    assert not list(pasted([corner], rows, 8))


def test_the_command_pastes_defects_of_train_alone(tmp_path: Path) -> None:
    """The patches that there were before stay what they are."""
    options = [str(folder(tmp_path)), "--side", str(SIDE), "--count", "2"]
    plain, out = tmp_path.parent / f"{tmp_path.name}_plain", tmp_path.parent / f"{tmp_path.name}_paste"
    assert main([*options, "--out", str(plain)]) == 0
    assert main([*options, "--paste", "3", "--out", str(out)]) == 0
    before, after = (load_folder(path, SIDE, masks=True) for path in (plain, out))
    assert after.names[: len(before)] == before.names and np.array_equal(after.images[: len(before)], before.images)
    assert after.names[len(before) :] == tuple(f"{name}_spot_0{k}.png" for name in "ac" for k in (2, 3, 4))
    assert set(after.splits[len(before) :]) == {"train"}


def _near(mask: np.ndarray) -> np.ndarray:
    """Pixels of a mask and those around that its soft edge reaches."""
    found = np.zeros_like(mask, bool)
    for row, column in np.argwhere(mask):
        found[max(0, row - 6) : row + 7, max(0, column - 6) : column + 7] = True
    return found
