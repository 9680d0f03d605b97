"""Accuracy of the network in hardware arithmetic, over every labelled image that was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from signflow_driver.meaning import Meaning, decide

from brevitas_models.data.images import ImageSet, to_float
from brevitas_models.training.segmentation import mask_metrics
from finn_build.frontend.integers import IntegerNetwork
from finn_build.frontend.meaning import classes_of
from sim.golden import IntegerModel

MASK_CLASSES = ("free", "defect")


@dataclass(frozen=True)
class Accuracy:
    """Share of images, or of pixels, whose label is right.

    Attributes:
        value: 0 to 1.
        images: how many were computed.
        split: which split of the data they are.
        classes: names of the classes; of masks free and defect.
        confusion: images, or pixels, by their class and by the class told.
        metrics: of masks, all that the paper reports, over all pixels of all images.
        path: how it was computed.
    """

    value: float
    images: int
    split: str
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    metrics: Mapping[str, float] = field(default_factory=dict)
    path: str = "integer model"


def measure_accuracy(network: IntegerNetwork, data: ImageSet, meanings: Mapping[str, Meaning]) -> Accuracy | str:
    """Compute the held-out images of a labelled folder in integers.

    The test split is used where there is one, else all labelled images.

    Returns:
        The accuracy of the first output that says what the labels or masks say; in words why there is none, and ""
        where nothing is labelled.
    """
    split = "test" if "test" in set(data.splits.tolist()) else "all"
    chosen = data.split("test") if split == "test" else data
    if chosen.masks is None and not (chosen.labels >= 0).any():
        return ""
    for name, meaning in meanings.items():
        if chosen.masks is not None and meaning.of_pixels and classes_of(network, name, meaning) == 2:
            found = _decided(network, name, meaning, chosen).astype(np.uint8)
            metrics = mask_metrics(*(torch.from_numpy(masks[:, None]) for masks in (found, chosen.masks)))
            pixels = _confusion(chosen.masks, found, 2)
            return Accuracy(metrics["accuracy"], len(chosen), split, MASK_CLASSES, pixels, metrics)
        if meaning.of_images and (chosen.labels >= 0).any():
            told = classes_of(network, name, meaning)
            if told not in (0, len(data.classes)):
                return f"accuracy: the images are of {len(data.classes)} classes, output {name} tells {told} apart"
            labelled = chosen.select(np.flatnonzero(chosen.labels >= 0))
            found = _decided(network, name, meaning, labelled)
            names = (*data.classes, *(str(i) for i in range(len(data.classes), int(found.max()) + 1)))
            images, right = _confusion(labelled.labels, found, len(names)), int((found == labelled.labels).sum())
            return Accuracy(right / len(labelled), len(labelled), split, names, images)
    listed = ", ".join(f"{name} is {meaning.kind}" for name, meaning in meanings.items())
    return f"accuracy: no output says what the images are labelled with ({listed})"


def _confusion(truths: np.ndarray, found: np.ndarray, classes: int) -> tuple[tuple[int, ...], ...]:
    """How many are of each class (rows) and told to be of each (columns).

    Shapes:
        two integer arrays of one shape.
    """
    pairs = truths.astype(np.int64).ravel() * classes + found.astype(np.int64).ravel()
    return tuple(map(tuple, np.bincount(pairs, minlength=classes**2).reshape(classes, classes).tolist()))


def _decided(network: IntegerNetwork, name: str, meaning: Meaning, data: ImageSet) -> np.ndarray:
    """What an output says of images, in integers: int64 (N,) or (N, H, W)."""
    values = IntegerModel(network.model).run(network.quantize_images(to_float(data.images)))
    return decide(network.to_network_output(name, values), meaning)
