"""ESP, entity sparsity pursuit: the background's features are of low rank, and few entities break it.

An image becomes a matrix F of one column of features per superpixel, the entity. It is split by

    min over L, S of |L|_* + λ Σ_i w_i |S_i|₂   so that   F = L + S

the nuclear norm for the background and a norm that keeps or drops whole columns for defects.

Source: [11] of the paper, Wang et al., Surface defect detection via entity sparsity pursuit with intrinsic priors, IEEE
Trans. Ind. Inform. 2019. Only its abstract was at hand, no text and no code. Taken from that: textures of low rank
that rare defects violate, features made for grey images, priors mined from the image itself, built into the model
rather than added as terms. Ours: superpixels by SLIC as entities, the features below, the prior (an entity far from the
image's median in them costs less), inexact augmented Lagrange multipliers as the solver, and λ and the strength of the
prior chosen on training images.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import ndimage
from skimage.segmentation import slic

from brevitas_models.classical._segmenter import Segmenter, grid

ITERATIONS = 40
STIFFENING = 1.2
SUPERPIXEL_AREA = 64
COMPACTNESS = 0.1


class Entities(NamedTuple):
    """Images as superpixels.

    Shapes:
        labels [N, H, W] int64, the superpixel of each pixel; features [N, F, K] float64, with zero columns where
        an image has fewer superpixels than another.
    """

    labels: np.ndarray
    features: np.ndarray


@dataclass(frozen=True)
class Pursuit:
    """The parameters of the decomposition.

    Attributes:
        sparsity: λ, in multiples of 1 / √(number of entities).
        prior: how much an entity's distance from the median lowers its cost.
    """

    sparsity: float
    prior: float


class EntitySparsityPursuit(Segmenter[Pursuit, Entities]):
    """ESP: defects are the superpixels whose column of S is not zero; darker or brighter by their mean."""

    settings = grid(Pursuit, prior=(0.0, 1.0, 3.0), sparsity=(0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0))

    def _prepare(self, images: np.ndarray) -> Entities:
        entities = [_entities(image) for image in images.astype(np.float64) / 255]
        features = np.zeros((len(images), entities[0][1].shape[0], max(f.shape[1] for _, f in entities)))
        for padded, (_, found) in zip(features, entities, strict=True):
            padded[:, : found.shape[1]] = found
        return Entities(np.stack([labels for labels, _ in entities]), features)

    def _deviation(self, prepared: Entities, setting: Pursuit) -> np.ndarray:
        sparse = pursue(prepared.features, setting)
        signed = np.linalg.norm(sparse, axis=1) * np.sign(prepared.features[:, 0])
        return np.take_along_axis(signed, prepared.labels.reshape(len(signed), -1), 1).reshape(prepared.labels.shape)


def pursue(features: np.ndarray, setting: Pursuit) -> np.ndarray:
    """The column-sparse part S of each matrix, by inexact augmented Lagrange multipliers.

    Shapes:
        [N, F, K] float64 to the same.
    """
    distance = np.linalg.norm(features, axis=1, keepdims=True)
    nearness = np.exp(-setting.prior * distance / np.maximum(distance.max(axis=2, keepdims=True), 1e-12))
    cost = setting.sparsity / np.sqrt(features.shape[2]) * nearness
    sparse, multiplier = np.zeros_like(features), np.zeros_like(features)
    stiffness = 1.25 / np.maximum(np.linalg.norm(features, 2, axis=(1, 2)), 1e-12)[:, None, None]
    for _ in range(ITERATIONS):
        left, singular, right = np.linalg.svd(features - sparse + multiplier / stiffness, full_matrices=False)
        low_rank = left * np.maximum(singular[:, None] - 1 / stiffness, 0) @ right
        rest = features - low_rank + multiplier / stiffness
        length = np.linalg.norm(rest, axis=1, keepdims=True)
        sparse = rest * np.maximum(1 - cost / stiffness / np.maximum(length, 1e-12), 0)
        multiplier = multiplier + stiffness * (features - low_rank - sparse)
        stiffness = stiffness * STIFFENING
    return sparse


def _entities(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Superpixels [H, W], and their features as deviations from the image's median [F, K]."""
    segments = max(image.size // SUPERPIXEL_AREA, 2)
    labels = slic(image, segments, COMPACTNESS, sigma=1, start_label=0, channel_axis=None)
    area = np.bincount(labels.ravel())
    means = np.stack([np.bincount(labels.ravel(), plane.ravel()) / area for plane in _planes(image)])
    centred = means - np.median(means, axis=1, keepdims=True)
    return labels, centred / np.maximum(centred.std(axis=1, keepdims=True), 1e-6)


def _planes(image: np.ndarray) -> tuple[np.ndarray, ...]:
    """Grey value, at two scales, slope and local contrast of each pixel."""
    near, far = ndimage.gaussian_filter(image, 1), ndimage.gaussian_filter(image, 4)
    slope = ndimage.gaussian_gradient_magnitude(image, 1)
    contrast = np.sqrt(ndimage.gaussian_filter((image - near) ** 2, 2))
    return image, near, far, slope, contrast
