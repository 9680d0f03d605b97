import numpy as np
import pytest
from sklearn.base import clone

from brevitas_models.classical import TextureClassifier
from brevitas_models.classical.texture_classifier import Descriptor
from brevitas_models.data.synthetic import make_dataset
from finn_build.errors import ConfigError, DataError


@pytest.mark.parametrize(("descriptor", "floor"), [("lbp", 0.6), ("aeclbp", 0.9)])
def test_it_tells_six_kinds_of_defects_apart(descriptor: Descriptor, floor: float) -> None:
    images, labels, _ = make_dataset(180, size=64, seed=4)
    train, test = slice(0, 120), slice(120, 180)
    classifier = TextureClassifier(descriptor).fit(images[train, 0], labels[train])
    assert classifier.classes_.tolist() == list(range(6))
    assert np.mean(classifier.predict(images[test, 0]) == labels[test]) > floor
    again = clone(classifier).fit(images[train, 0], labels[train])
    assert np.array_equal(again.predict(images[test, 0]), classifier.predict(images[test, 0]))


def test_labels_can_be_names() -> None:
    images, labels, _ = make_dataset(48, size=32)
    names = np.array(list("abcdef"))[labels]
    predicted = TextureClassifier("lbp").fit(images[:, 0], names).predict(images[:, 0])
    assert np.mean(predicted == names) > 0.6


def test_cross_validation_never_divides_a_group() -> None:
    # every group is one texture photographed five times, and its label says nothing about it: only a leak can
    random = np.random.default_rng(1)
    groups, labels = np.repeat(np.arange(16), 5), np.repeat(np.arange(16) % 2, 5)
    grain = [
        np.kron(random.integers(60, 180, (32 // s, 32 // s)), np.ones((s, s))) for s in np.repeat((2, 4, 8, 16), 4)
    ]
    images = np.stack([grain[group] + random.normal(0, 4, (32, 32)) for group in groups]).astype(np.uint8)
    kept, divided = (TextureClassifier().fit(images, labels, given).accuracy_ for given in (groups, None))
    assert kept < 0.6 < 0.9 < divided


def test_errors() -> None:
    images, labels, _ = make_dataset(12, size=32)
    images = images[:, 0]
    with pytest.raises(ConfigError, match="'glcm' is not one of lbp, aeclbp"):
        TextureClassifier("glcm").fit(images, labels)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"images are float64 \[12, 32, 32\]; give grey ones, uint8 \[N, H, W\]"):
        TextureClassifier().fit(images / 255, labels)
    with pytest.raises(DataError, match=r"images are uint8 \[12, 1, 32, 32\]"):
        TextureClassifier().fit(images[:, None], labels)
    with pytest.raises(DataError, match=r"labels are \[11\]; 12 images need \[12\]"):
        TextureClassifier().fit(images, labels[1:])
    with pytest.raises(DataError, match="all images are of class 0; a classifier needs two classes"):
        TextureClassifier().fit(images, np.zeros(12, int))
    with pytest.raises(DataError, match="class 0 is one group of images"):
        TextureClassifier().fit(images, labels, groups=labels)
    with pytest.raises(DataError, match="call fit first"):
        TextureClassifier().predict(images)
