from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from brevitas_models.data.images import load_folder, read_rows
from brevitas_models.data.index import find_images
from brevitas_models.data.patches import cut, main
from tests.brevitas_models.nets import write_image

HEIGHT, WIDTH = 60, 45


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images whose pixels tell where they are, each with a defect of one pixel, and one without."""
    lines = ["path,class,group,split,fold5,mask"]
    for number in range(20):
        write_image(tmp_path / f"images/{number}.png", surface(number))
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[defect(number)] = 255
        write_image(tmp_path / f"masks/{number}.png", mask)
        lines.append(f"images/{number}.png,rust,g{number // 2},train,3,masks/{number}.png")
    write_image(tmp_path / "free.png", surface(0))
    (tmp_path / "index.csv").write_text("\n".join([*lines, "free.png,free,f,test,1,"]) + "\n")
    return tmp_path


def surface(number: int) -> np.ndarray:
    return ((np.add.outer(5 * np.arange(HEIGHT), 3 * np.arange(WIDTH)) + number) % 251).astype(np.uint8)


def defect(number: int) -> tuple[int, int]:
    """At the corners and edges too."""
    return (0, 59, 30, 7)[number % 4], (0, 44, 3, 20, 44)[number % 5]


def test_a_patch_shows_the_defect_at_full_resolution_and_its_mask_moves_along(folder: Path) -> None:
    rows = cut(find_images(folder), 16)
    data = read_rows(folder, rows, 16, masks=True)
    assert data.masks is not None
    for number, (row, image, mask) in enumerate(zip(rows, data.images[:, 0], data.masks, strict=True)):
        assert row.box is not None
        left, top, right, bottom = row.box
        whole = surface(number % 20)
        assert np.array_equal(image, whole[top:bottom, left:right])
        shown = [] if row.label == "free" else [[defect(number)[0] - top, defect(number)[1] - left]]
        assert np.argwhere(mask).tolist() == shown


def test_defects_are_not_always_in_the_middle(folder: Path) -> None:
    masks = read_rows(folder, cut(find_images(folder), 16), 16, masks=True).masks
    assert masks is not None
    places = {tuple(np.argwhere(mask)[0].tolist()) for mask in masks[:20]}
    assert len(places) > 10


def test_the_choice_follows_from_the_name(folder: Path) -> None:
    assert cut(find_images(folder), 16) == cut(find_images(folder)[::-1], 16)[::-1]


def test_a_side_longer_than_an_image_is_cut_to_fit(folder: Path) -> None:
    assert {row.box[2] - row.box[0] for row in cut(find_images(folder), 50) if row.box} == {WIDTH}


def test_the_command_writes_a_folder_that_training_reads(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder.parent / "patches"
    assert main([str(folder), "--side", "16", "--out", str(out)]) == 0
    assert "21 patches of 16 pixels" in capsys.readouterr().out
    expected = read_rows(folder, cut(find_images(folder), 16), 16, masks=True)
    found = load_folder(out, 16, masks=True)
    assert np.array_equal(found.images, expected.images) and np.array_equal(found.masks, expected.masks)
    assert found.names == expected.names and found.splits.tolist() == ["train"] * 20 + ["test"]
    assert load_folder(out, 16, fold=3).splits.tolist() == ["test"] * 20 + ["train"]


def test_several_patches_of_an_image(folder: Path) -> None:
    """The first is the one there was; those that show the defect keep its class, others are free."""
    rows = find_images(folder)
    patches = cut(rows, 16, count=4, free=2)
    data = read_rows(folder, patches, 16, masks=True)
    assert data.masks is not None
    shown = data.masks.any((1, 2))
    assert [patch for patch, before in zip(patches, [None, *patches[:-1]], strict=True)
            if before is None or before.path != patch.path] == cut(rows, 16)  # fmt: skip
    assert [patch.label for patch in patches] == ["rust" if defect else "free" for defect in shown]
    assert shown.sum() == 4 * 20 and (~shown).sum() == 2 * 21
    assert {(patch.group, patch.split) for patch in patches} == {(row.group, row.split) for row in rows}


def test_the_command_numbers_several_patches(folder: Path) -> None:
    out = folder.parent / "windows"
    assert main([str(folder), "--side", "16", "--count", "2", "--free", "1", "--out", str(out)]) == 0
    found = load_folder(out, 16, masks=True)
    assert found.names[:3] == ("images/0_00.png", "images/0_01.png", "images/0_02.png") and len(found) == 61
    assert found.classes == ("free", "rust")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--count", "0", "--out", "new"], "--count 0: it must be positive"),
        (["--free", "-1", "--out", "new"], "--free -1: it must be zero or more"),
        (["--side", "0", "--out", "new"], "--side 0: it must be positive"),
        (["--out", "."], ": not empty; choose another --out"),
    ],
)
def test_bad_options_write_nothing(
    folder: Path,
    arguments: Sequence[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    before = sorted(folder.rglob("*"))
    assert main([str(folder), *arguments]) == 1
    assert says in capsys.readouterr().err and sorted(folder.rglob("*")) == before


def test_an_unreadable_image_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "free.png").write_bytes(b"no image")
    assert main([str(folder), "--out", str(folder.parent / "new")]) == 1
    assert "free.png: not a readable image" in capsys.readouterr().err
