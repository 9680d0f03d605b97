from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brevitas_models.data.images import load_folder
from brevitas_models.data.synthetic import CLASSES, main, make_dataset, make_image_set, write_dataset
from finn_build.errors import ConfigError


def test_shapes_types_and_classes() -> None:
    images, labels, masks = make_dataset(14, size=40, seed=2)
    assert images.shape == (14, 1, 40, 40) and images.dtype == np.uint8
    assert masks.shape == (14, 40, 40) and masks.dtype == bool
    assert labels.tolist() == [index % 6 for index in range(14)]


def test_the_seed_decides_every_pixel_and_more_images_change_none() -> None:
    first, again, other = make_dataset(6, seed=1), make_dataset(12, seed=1), make_dataset(6, seed=2)
    assert np.array_equal(first[0], again[0][:6]) and np.array_equal(first[2], again[2][:6])
    assert not np.array_equal(first[0], other[0])


def test_every_image_has_a_visible_defect_where_its_mask_says() -> None:
    images, labels, masks = make_dataset(120, size=64, seed=0)
    for image, label, mask in zip(images[:, 0].astype(float), labels, masks, strict=True):
        assert 0.002 < mask.mean() < 0.6, CLASSES[label]
        difference = np.abs(image[mask] - np.median(image[~mask])).mean()
        assert difference > 1.3 * np.abs(image[~mask] - np.median(image[~mask])).mean(), CLASSES[label]


def test_image_set_has_all_classes_in_all_splits() -> None:
    data = make_image_set(120, size=16)
    sizes = {name: np.bincount(data.split(name).labels).tolist() for name in ("train", "val", "test")}
    assert sizes == {"train": [14] * 6, "val": [2] * 6, "test": [4] * 6}


def test_written_folder_reads_back_with_its_masks(tmp_path: Path) -> None:
    index = write_dataset(tmp_path / "out", 30, size=32, seed=5)
    images, labels, masks = make_dataset(30, size=32, seed=5)
    data = load_folder(index.parent, size=32)
    assert data.classes == CLASSES and np.array_equal(data.labels, labels)
    assert np.array_equal(data.images, images)
    lines = index.read_text().splitlines()
    assert lines[0].startswith("path,class,group,width,height,mask,defect_frac,split")
    mask = np.asarray(Image.open(index.parent / lines[5].split(",")[5]))
    assert np.array_equal(mask > 127, masks[4])


def test_command_prints_the_index_and_reports_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "out"), "--images", "6", "--size", "16"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out" / "index.csv")
    assert main([str(tmp_path / "none"), "--images", "0"]) == 1
    assert "error: --images must be at least 1" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_too_few_or_too_small_is_an_error() -> None:
    with pytest.raises(ConfigError, match="images=0, size=64; need at least 1 image of at least 16 pixels"):
        make_dataset(0)
    with pytest.raises(ConfigError, match="size=8"):
        make_dataset(3, size=8)
