"""Accuracy of the network in hardware arithmetic, over every labelled image that was given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from brevitas_models.data import ImageSet, to_float
from finn_build.integers import IntegerNetwork
from sim.golden import IntegerModel


@dataclass(frozen=True)
class Accuracy:
    """Share of images whose label is right.

    Attributes:
        value: 0 to 1.
        images: how many were classified.
        split: which split of the data they are.
        path: how it was computed.
    """

    value: float
    images: int
    split: str
    path: str = "integer model"


def measure_accuracy(network: IntegerNetwork, data: ImageSet) -> Accuracy | None:
    """Classify the held-out images of a labelled folder in integers; None where nothing is labelled.

    The test split is used where there is one, else all labelled images.
    """
    output = next(iter(network.tails))
    root = network.tensors[network.tails[output].source]
    split = "test" if "test" in set(data.splits.tolist()) else "all"
    chosen = data.split("test") if split == "test" else data
    labelled = chosen.labels >= 0
    if not labelled.any() or len(root.shape) != 2:
        return None
    ints = network.quantize_images(to_float(chosen.images[labelled]))
    values = IntegerModel(network.model).run(ints)[root.name]
    logits = network.to_network_output(output, values)
    predicted = logits.argmax(1) if logits.shape[1] > 1 else logits[:, 0].astype(np.int64)
    right = int((predicted == chosen.labels[labelled]).sum())
    return Accuracy(right / int(labelled.sum()), int(labelled.sum()), split)
