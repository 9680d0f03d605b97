"""Accuracy of the network in hardware arithmetic, over every labelled image that was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from brevitas_models.data.images import ImageSet, to_float
from brevitas_models.training.segmentation import mask_metrics
from finn_build.frontend.integers import IntegerNetwork
from sim.golden import IntegerModel


@dataclass(frozen=True)
class Accuracy:
    """Share of images, or of pixels, whose label is right.

    Attributes:
        value: 0 to 1.
        images: how many were computed.
        split: which split of the data they are.
        metrics: of masks, all that the paper reports, over all pixels of all images.
        path: how it was computed.
    """

    value: float
    images: int
    split: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    path: str = "integer model"


def measure_accuracy(network: IntegerNetwork, data: ImageSet) -> Accuracy | None:
    """Compute the held-out images of a labelled folder in integers; None where nothing is labelled.

    The test split is used where there is one, else all labelled images.
    """
    output = next(iter(network.tails))
    root = network.tensors[network.tails[output].source]
    split = "test" if "test" in set(data.splits.tolist()) else "all"
    chosen = data.split("test") if split == "test" else data
    masks = chosen.masks if len(root.shape) == 4 and root.channels == 1 else None
    labelled = chosen.labels >= 0 if masks is None else np.full(len(chosen), True)
    if not labelled.any() or (len(root.shape) != 2 and masks is None):
        return None
    ints = network.quantize_images(to_float(chosen.images[labelled]))
    outputs = network.to_network_output(output, IntegerModel(network.model).run(ints)[root.name])
    if masks is not None:
        metrics = mask_metrics(torch.from_numpy(defects(outputs)), torch.from_numpy(masks[:, None]))
        return Accuracy(metrics["accuracy"], len(chosen), split, metrics)
    predicted = outputs.argmax(1) if outputs.shape[1] > 1 else outputs[:, 0].astype(np.int64)
    right = int((predicted == chosen.labels[labelled]).sum())
    return Accuracy(right / int(labelled.sum()), int(labelled.sum()), split)


def defects(outputs: np.ndarray) -> np.ndarray:
    """Where the outputs of a network that gives a mask (logits, signs or labels) say defect: uint8, 0 or 1."""
    return (outputs > 0).astype(np.uint8)
