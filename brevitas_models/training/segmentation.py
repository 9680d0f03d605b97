"""Masks: the Tversky loss, the paper's metrics over pixels, and pictures of predictions.

All metrics are over all pixels of all images together, not means over images. The paper does not say which; with its
22.9% of defect pixels, FPR and FNR of table 4 (8, 4 and 2 bits) give the Dice of table 4 so, to the last digit.
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from brevitas_models.data.images import ImageSet, to_float
from brevitas_models.networks.network import Network

BATCH = 32
TINT = (230, 40, 40)


def tversky_loss(predicted: Tensor, truth: Tensor, alpha: float, beta: float, apart: bool = False) -> Tensor:
    """1 - TP / (TP + alpha FP + beta FN), with soft counts over the batch; 1/2 and 1/2 give soft Dice.

    Args:
        predicted: probabilities.
        truth: 0 or 1.
        alpha: weight of false alarms.
        beta: weight of misses.
        apart: the mean of each image's loss instead, in which small defects count as much as large ones.

    Shapes:
        predicted and truth of one shape, [N, 1, H, W] for masks, [N, classes] for classes, to a scalar.

    Source: Salehi et al., Tversky loss function for image segmentation, [44] of the paper.
    """
    dims = tuple(range(1, truth.dim())) if apart else None
    hit, false_alarm = (predicted * truth).sum(dims), (predicted * (1 - truth)).sum(dims)
    missed = ((1 - predicted) * truth).sum(dims)
    return (1 - (hit + 1) / (hit + alpha * false_alarm + beta * missed + 1)).mean()


def mask_metrics(predicted: Tensor, masks: Tensor) -> dict[str, float]:
    """What the paper reports: Dice, accuracy, precision, recall, FNR, FPR and MAE, in its order of use.

    Shapes:
        two tensors of one shape, 0 or 1.

    Source: section 4.3.2 and tables 3 and 4 of the paper. MAE is that of the masks: 1 - accuracy.
    """
    import torchmetrics  # here: slow to load, and builds do without
    from torchmetrics import classification

    metrics: dict[str, torchmetrics.Metric | torchmetrics.MetricCollection] = {
        "dice": classification.BinaryF1Score(),  # F1 and Dice are one number
        "accuracy": classification.BinaryAccuracy(),
        "precision": classification.BinaryPrecision(),
        "recall": classification.BinaryRecall(),
        "specificity": classification.BinarySpecificity(),
        "mae": torchmetrics.MeanAbsoluteError(),
    }
    computed = torchmetrics.MetricCollection(metrics).to(masks.device)(
        predicted.float().flatten(), masks.float().flatten()
    )
    numbers = {name: float(computed[name]) for name in metrics}
    specificity = numbers.pop("specificity")
    return numbers | {"fnr": 1 - numbers["recall"], "fpr": 1 - specificity}


@torch.no_grad()
def predict(model: Network, images: Tensor) -> tuple[Tensor, Tensor]:
    """Logits, and the mask as the accelerator computes it.

    Shapes:
        images [N, C, H, W] float32 to two tensors [N, 1, H, W], the second 0 or 1.
    """
    was_training = model.training
    model.eval()
    logits = torch.cat([model.logits(batch) for batch in images.split(BATCH)])
    model.train(was_training)
    return logits, (model.sign(logits) > 0).float()


def overlay(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """An image with its mask: a light tint inside, full colour along its edge.

    Shapes:
        image [C, H, W] uint8, mask [H, W] 0 or 1, to [H, W, 3] uint8.
    """
    inside = np.pad(mask.astype(bool), 1, mode="edge")
    middle = inside[1:-1, 1:-1]
    core = middle & inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    strength = np.where(core, 0.3, 1.0)[..., None] * middle[..., None]
    picture = np.broadcast_to(image.transpose(1, 2, 0), (*mask.shape, 3))
    return (picture * (1 - strength) + np.array(TINT) * strength).round().astype(np.uint8)


def write_pictures(data: ImageSet, predicted: np.ndarray, folder: Path) -> list[Path]:
    """One PNG file per image: the image, the truth where `data` has it, the prediction, side by side.

    Numbered in the order of `data`, for images of different folders may have one name.

    Shapes:
        predicted [N, H, W] 0 or 1.

    Returns:
        The paths written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, (name, image, found) in enumerate(zip(data.names, data.images, predicted, strict=True)):
        truths = () if data.masks is None else (data.masks[index],)
        panels = [overlay(image, mask) for mask in (np.zeros_like(found), *truths, found)]
        paths.append(folder / f"{index:03}_{Path(name).stem}.png")
        Image.fromarray(np.concatenate(panels, 1)).save(paths[-1])
    return paths


def write_overlays(model: Network, data: ImageSet, folder: Path, most: int = 8) -> list[Path]:
    """Pictures of what a network predicts for up to `most` images spread over `data`; returns their paths."""
    chosen = data.select(np.unique(np.linspace(0, len(data) - 1, most).astype(int)))
    predicted = predict(model, torch.from_numpy(to_float(chosen.images)))[1][:, 0].numpy()
    return write_pictures(chosen, predicted, folder)
