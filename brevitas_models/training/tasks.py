"""What a network is trained for: its targets, its loss, its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from brevitas_models.data.augment import Augmentation
from brevitas_models.data.images import ImageSet
from brevitas_models.networks.network import Network
from brevitas_models.training.measure import measure
from brevitas_models.training.segmentation import mask_metrics, predict, tversky_loss


class Objective(Protocol):
    """What the trainer asks of a task."""

    score: ClassVar[str]
    """The name of the number to show beside the loss."""

    def fields(self, data: ImageSet) -> Mapping[str, Any]:
        """Fields of the network's configuration that the data decides."""

    def targets(self, data: ImageSet) -> Tensor:
        """What the network should answer to each image."""

    def view(
        self, augmentation: Augmentation, images: Tensor, targets: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """A random view of each image, and what the network should answer to it."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """What training minimises."""

    def measure(self, model: Network, images: Tensor, targets: Tensor) -> dict[str, float]:
        """The loss and all numbers of interest, in the arithmetic of the hardware."""


@dataclass(frozen=True)
class Classification:
    """One class per image; targets are class indices [N].

    Attributes:
        label_smoothing: share of the target spread over all classes, in cross-entropy.
        tversky: weights of false alarms and misses in the Tversky loss; None for cross-entropy.
        weights: of the classes in cross-entropy; None for equal ones.
    """

    score: ClassVar[str] = "accuracy"
    label_smoothing: float = 0.0
    tversky: tuple[float, float] | None = None
    weights: Tensor | None = None

    def fields(self, data: ImageSet) -> Mapping[str, Any]:
        """One logit per class."""
        return {"num_classes": len(data.classes)}

    def targets(self, data: ImageSet) -> Tensor:
        """Class indices."""
        return torch.from_numpy(data.labels)

    def view(
        self, augmentation: Augmentation, images: Tensor, targets: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """A view is of the same class."""
        return augmentation(images, generator), targets

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy, or the Tversky loss of softmax over the batch."""
        if self.tversky is not None:
            return tversky_loss(outputs.softmax(1), F.one_hot(targets, outputs.shape[1]), *self.tversky)
        return F.cross_entropy(outputs, targets, self.weights, label_smoothing=self.label_smoothing)

    def measure(self, model: Network, images: Tensor, targets: Tensor) -> dict[str, float]:
        """Accuracy and cross-entropy."""
        return measure(model, images, targets)


def class_weights(targets: Tensor, classes: int, power: float) -> Tensor:
    """A weight per class, (1 / its share of the targets)^power; their mean over the targets is 1."""
    shares = torch.bincount(targets, minlength=classes).clamp(min=1) / len(targets)
    weights = shares**-power
    return weights / (weights * shares).sum()


@dataclass(frozen=True)
class Segmentation:
    """Defect or not for each pixel; targets are masks [N, 1, H, W].

    Attributes:
        alpha: weight of false alarms in the Tversky loss.
        beta: weight of missed pixels in it.
        pixels: weight of the pixels' cross-entropy beside it.
        apart: whether each image has a Tversky loss of its own.
    """

    score: ClassVar[str] = "dice"
    alpha: float = 0.5
    beta: float = 0.5
    pixels: float = 0.0
    apart: bool = False

    def fields(self, data: ImageSet) -> Mapping[str, Any]:
        """Nothing."""
        return {}

    def targets(self, data: ImageSet) -> Tensor:
        """Masks."""
        assert data.masks is not None, "the command loads them"
        return torch.from_numpy(data.masks[:, None]).float()

    def view(
        self, augmentation: Augmentation, images: Tensor, targets: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Masks move with their images."""
        moved = augmentation.move(torch.cat((images, targets), 1), generator)
        return augmentation.expose(moved[:, :-1], generator), moved[:, -1:]

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Tversky loss, and cross-entropy."""
        loss = tversky_loss(outputs.sigmoid(), targets, self.alpha, self.beta, self.apart)
        if not self.pixels:
            return loss
        return loss + self.pixels * F.binary_cross_entropy_with_logits(outputs, targets)

    def measure(self, model: Network, images: Tensor, targets: Tensor) -> dict[str, float]:
        """The paper's metrics of the masks, and the loss of the logits."""
        logits, predicted = predict(model, images)
        return {**mask_metrics(predicted, targets), "loss": float(self.loss(logits, targets))}
