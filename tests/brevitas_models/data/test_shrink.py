from pathlib import Path

import numpy as np
import pytest
from signflow_driver.inspection import Inspection, cut, places

from brevitas_models.data.images import load_folder
from brevitas_models.data.shrink import block_means, main
from tests.brevitas_models.nets import write_image

SHAPES = ((47, 60), (24, 70))
"""The second is lower than a window of 32 pixels."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images, one with a mask."""
    random = np.random.default_rng(0)
    for number, shape in enumerate(SHAPES):
        write_image(tmp_path / f"images/{number}.png", random.integers(0, 256, shape, dtype=np.uint8))
    mask = np.zeros(SHAPES[0], np.uint8)
    mask[10:14, 20:26] = mask[30, 30] = 255
    write_image(tmp_path / "mask.png", mask)
    (tmp_path / "index.csv").write_text(
        "path,class,group,split,fold5,mask\nimages/0.png,rust,a,train,3,mask.png\nimages/1.png,free,b,test,1,\n"
    )
    return tmp_path


def test_windows_of_small_images_are_what_an_inspection_cuts(folder: Path) -> None:
    for shape in SHAPES:
        image = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
        how = Inspection(32, 16)
        small = block_means(image, 2, 16)
        for (top, left), window in zip(places(*shape, how), cut(image[None], how, 16)[:, 0], strict=True):
            if top % 2 == left % 2 == 0:
                assert np.array_equal(small[top // 2 : top // 2 + 16, left // 2 : left // 2 + 16], window)


def test_a_margin_is_that_of_an_inspection(folder: Path) -> None:
    out = folder / "black"
    assert main([str(folder), "--least", "16", "--margin", "4", "--out", str(out)]) == 0
    image = np.random.default_rng(0).integers(0, 256, SHAPES[0], dtype=np.uint8)  # as the fixture's first
    how = Inspection(32, 16, margin=4)
    small = load_folder(out, (27, 34), masks=True)
    first = cut(image[None], how, 16)[0, 0]
    assert places(*SHAPES[0], how)[0].tolist() == [-4, -4]
    assert np.array_equal(small.images[0, 0, :16, :16], first) and not small.images[0, 0, :2].any()
    assert small.masks is not None and np.argwhere(small.masks[0]).min(0).tolist() == [7, 12]
    assert main([str(folder), "--margin", "-1", "--out", str(folder / "new")]) == 1


def test_masks_index_and_labels_move_along(folder: Path, capsys: pytest.CaptureFixture) -> None:
    out = folder / "half"
    assert main([str(folder), "--least", "16", "--out", str(out)]) == 0
    assert f"{out}: 2 images, 2 times smaller" in capsys.readouterr().out
    found = load_folder(out, (23, 30), masks=True)
    assert found.names == ("images/0.png", "images/1.png") and found.splits.tolist() == ["train", "test"]
    assert found.classes == ("free", "rust") and load_folder(out, 16, fold=3).splits.tolist() == ["test", "train"]
    assert found.masks is not None and np.argwhere(found.masks[0]).tolist() == [
        [row, column] for row in (5, 6) for column in (10, 11, 12)
    ]
    assert main([str(folder), "--by", "0", "--out", str(folder / "new")]) == 1
    assert "--by 0 --least 1 --margin 0: the first two must be positive" in capsys.readouterr().err
    assert main([str(folder), "--out", str(out)]) == 1
    assert ": not empty; choose another --out" in capsys.readouterr().err
