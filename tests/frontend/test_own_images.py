"""Folders of images whose classes are the network's, are not, or are in part."""

from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from finn_build.errors import DataError
from finn_build.frontend.network import load_images, without_foreign_classes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("dent", "Loch"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.full((9, 7), 80, np.uint8)).save(tmp_path / name / "a.png")
    return tmp_path


def _network(*classes: str) -> Mock:
    return Mock(input_shape=(1, 1, 8, 8), may_give_mask=False, classes=classes)


def test_of_its_classes(folder: Path) -> None:
    network = _network("free", "dent", "Loch")
    images, foreign = without_foreign_classes(load_images(str(folder), network, 4, 0), network)
    assert foreign == "" and images.classes == network.classes and sorted(images.labels.tolist()) == [1, 2]


def test_frames_are_of_all_classes(folder: Path) -> None:
    for name in ("b", "c"):
        Image.fromarray(np.full((9, 7), 90, np.uint8)).save(folder / "Loch" / f"{name}.png")
    images = load_images(str(folder), _network("dent", "Loch"), 4, 0)
    assert images.names == ("Loch/a.png", "dent/a.png", "Loch/b.png", "Loch/c.png")
    assert images.labels.tolist() == [1, 0, 1, 1]


def test_of_classes_of_their_own(folder: Path) -> None:
    """They go through the accelerator all the same; it is said what is missing, and how it is had."""
    network = _network("crazing", "scratches")
    images, foreign = without_foreign_classes(load_images(str(folder), network, 4, 0), network)
    assert len(images) == 2 and images.classes == () and set(images.labels.tolist()) == {-1}
    assert foreign.startswith(
        "accuracy: of the images' classes (Loch, dent) none is the network's (crazing, scratches)"
    )
    assert "signflow train --data" in foreign


def test_of_some_of_its_classes(folder: Path) -> None:
    with pytest.raises(DataError, match="class 'Loch' is not one of the network's: dent, scratches"):
        load_images(str(folder), _network("dent", "scratches"), 4, 0)
