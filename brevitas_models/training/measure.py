"""Accuracy of a network in the arithmetic of the hardware, and the batch norm statistics that it needs."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BATCH = 256


@torch.no_grad()
def logits_of(model: nn.Module, images: Tensor) -> Tensor:
    """Logits [N, classes] in eval mode, which computes exactly what the accelerator computes.

    Shapes:
        images [N, C, H, W] float32, on one device with the model.
    """
    was_training = model.training
    model.eval()
    logits = torch.cat([model(batch) for batch in images.split(BATCH)])
    model.train(was_training)
    return logits


def measure(model: nn.Module, images: Tensor, labels: Tensor) -> dict[str, float]:
    """Accuracy and mean cross-entropy of `logits_of`; labels [N] int64."""
    from torchmetrics.classification import MulticlassAccuracy  # here: slow to load, and builds do without

    logits = logits_of(model, images)
    accuracy = MulticlassAccuracy(logits.shape[1], average="micro").to(logits.device)
    return {
        "accuracy": float(accuracy(logits, labels)),
        "loss": float(F.cross_entropy(logits, labels)),
    }


@torch.no_grad()
def reestimate_batch_norm(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Replace the running statistics of every batch norm by their average over `batches`.

    Running averages lag behind weights that flip sign; this removes the lag. The batches should be what the
    network was trained on, augmented alike.

    Shapes:
        each batch [N, C, H, W] float32, N >= 2.
    """
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    was_training = model.training
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    model.train()
    for batch in batches:
        model(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.train(was_training)
