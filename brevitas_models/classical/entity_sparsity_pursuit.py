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
SUPERPIXEL_AREA = 36
COMPACTNESS = 0.1


class Entities(NamedTuple):
    """Images as superpixels.

    Shapes:
        labels [N, H, W] int64, the superpixel of each pixel; features [N, F, K] float64, with zero columns where
        an image has fewer superpixels than another; counts [N] int64, how many it has.
    """

    labels: np.ndarray
    features: np.ndarray
    counts: np.ndarray


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

    settings = grid(Pursuit, prior=(0, 1, 3, 5, 8), sparsity=(0.5, 1, 2, 4, 6, 10, 15, 20, 30, 50, 100))

    def _prepare(self, images: np.ndarray) -> Entities:
        labels, features = zip(*(_entities(image) for image in images.astype(np.float64) / 255), strict=True)
        counts = np.array([found.shape[1] for found in features])
        padded = [np.pad(found, ((0, 0), (0, counts.max() - found.shape[1]))) for found in features]
        return Entities(np.stack(labels), np.stack(padded), counts)

    def _deviation(self, prepared: Entities, setting: Pursuit) -> np.ndarray:
        sparse = pursue(prepared.features, prepared.counts, setting)
        signed = np.linalg.norm(sparse, axis=1) * np.sign(prepared.features[:, 0])
        return np.take_along_axis(signed, prepared.labels.reshape(len(signed), -1), 1).reshape(prepared.labels.shape)


def pursue(features: np.ndarray, counts: np.ndarray, setting: Pursuit) -> np.ndarray:
    """The column-sparse part S of each matrix, by inexact augmented Lagrange multipliers.

    Shapes:
        features [N, F, K] float64 and counts [N], the columns of each that are not padding, to [N, F, K].
    """
    distance = np.linalg.norm(features, axis=1, keepdims=True)
    nearness = np.exp(-setting.prior * distance / np.maximum(distance.max(axis=2, keepdims=True), 1e-12))
    cost = setting.sparsity / np.sqrt(counts)[:, None, None] * nearness
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
    # what filters leave of a flat image is rounding, and the standard deviation would blow it up
    centred = (means - np.median(means, axis=1, keepdims=True)).round(9)
    return labels, centred / np.maximum(centred.std(axis=1, keepdims=True), 1e-6)


def _planes(image: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of each pixel: grey value, the same smoothed, its deviation from two wider neighbourhoods, and the slope."""
    fine, medium, wide, wider = (ndimage.gaussian_filter(image, sigma) for sigma in (1, 2, 8, 16))
    return image, medium, image - wide, fine - wider, ndimage.gaussian_gradient_magnitude(image, 1)
