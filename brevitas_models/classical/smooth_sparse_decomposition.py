"""SSD, smooth-sparse decomposition: an image is a smooth background, a sparse anomaly and noise.

With B-spline bases B of the background and B_a of the anomaly,

    min over θ, θ_a of |y - B θ - B_a θ_a|² + λ θᵀ R θ + γ |θ_a|₁

Given θ_a the background is H (y - B_a θ_a), H = B (BᵀB + λ R)⁻¹ Bᵀ. R is such that H is the Kronecker product of one
such matrix for rows and one for columns; θ_a is found by accelerated proximal gradient.

Source: [50] of the paper, Yan, Paynabar and Shi, Technometrics 2017. Followed here: bases, penalty (first
differences of the coefficients), step size, momentum and γ by Otsu's method, as its authors' published MATLAB code
has them; the paper's own text was not at hand. Ours: λ, a factor on Otsu's γ and the width of the anomaly's basis are
chosen on training images (theirs: λ by generalised cross-validation, a width of 4 pixels); the threshold is soft, as
the penalty asks (their code: hard, soft as an option); the iterations are of a fixed number.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline
from skimage.filters import threshold_otsu

from brevitas_models.classical._segmenter import Segmenter, grid

ITERATIONS = 20
OTSU_EVERY = 5
HALF_GREY = np.float32(0.5 / 255)
"""The least of Otsu's thresholds that counts: below it, the deviations of a flat image are rounding."""
BACKGROUND_KNOTS = 6
BACKGROUND_DEGREE = 3
ANOMALY_DEGREE = 2


@dataclass(frozen=True)
class Penalties:
    """The parameters of the decomposition.

    Attributes:
        smoothness: λ.
        sparsity: γ, in multiples of the one by Otsu's method.
        spacing: pixels from knot to knot of the anomaly's basis; at 1 each pixel is its own coefficient.
    """

    smoothness: float
    sparsity: float
    spacing: int


class SmoothSparseDecomposition(Segmenter[Penalties, np.ndarray]):
    """SSD: defects are where the anomaly is not zero."""

    settings = grid(
        Penalties, spacing=(1, 2, 4), smoothness=(1, 10, 100, 1000), sparsity=(0.5, 0.75, 1, 1.25, 1.5, 2, 3)
    )

    def _prepare(self, images: np.ndarray) -> np.ndarray:
        return images.astype(np.float32) / 255

    def _deviation(self, prepared: np.ndarray, setting: Penalties) -> np.ndarray:
        return decompose(prepared, setting)[1]


def decompose(images: np.ndarray, setting: Penalties) -> tuple[np.ndarray, np.ndarray]:
    """Background and anomaly of some images.

    Shapes:
        [N, H, W] float32 to two of the same.
    """
    smooth_y, smooth_x = (_smoother(size, setting.smoothness) for size in images.shape[1:])
    basis_y, basis_x = (_anomaly_basis(size, setting.spacing) for size in images.shape[1:])
    lipschitz = 2 * (np.linalg.norm(basis_y, 2) * np.linalg.norm(basis_x, 2)) ** 2
    anomaly = np.zeros_like(images)
    sparse = search = np.zeros((len(images), basis_y.shape[1], basis_x.shape[1]), np.float32)
    momentum = 1.0
    for iteration in range(ITERATIONS):
        background = smooth_y @ (images - anomaly) @ smooth_x
        residual = images - background - basis_y @ search @ basis_x.T
        step = search + np.float32(2 / lipschitz) * (basis_y.T @ residual @ basis_x)
        if iteration % OTSU_EVERY == 0:
            threshold = np.float32(setting.sparsity) * np.maximum(_otsu(np.abs(step)), HALF_GREY)
        previous, sparse = sparse, np.sign(step) * np.maximum(np.abs(step) - threshold, 0)
        anomaly = basis_y @ sparse @ basis_x.T
        faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        search = sparse + np.float32((momentum - 1) / faster) * (sparse - previous)
        momentum = faster
    return smooth_y @ (images - anomaly) @ smooth_x, anomaly


def _otsu(values: np.ndarray) -> np.ndarray:
    """Otsu's threshold of each image [N, 1, 1]."""
    return np.array([threshold_otsu(image) for image in values], np.float32)[:, None, None]


def _basis(size: int, knots: int, degree: int) -> np.ndarray:
    """Clamped B-splines of evenly spaced knots, sampled at the pixels [size, knots + degree - 1]."""
    inner = np.linspace(0, size - 1, knots)
    padded = np.concatenate([np.full(degree, inner[0]), inner, np.full(degree, inner[-1])])
    return BSpline.design_matrix(np.arange(size, dtype=np.float64), padded, degree).toarray()


def _smoother(size: int, smoothness: float) -> np.ndarray:
    """H along one axis [size, size]."""
    basis = _basis(size, BACKGROUND_KNOTS, BACKGROUND_DEGREE)
    roughness = np.diff(np.eye(basis.shape[1]), axis=0)
    penalised = basis.T @ basis + smoothness * roughness.T @ roughness
    return (basis @ np.linalg.solve(penalised, basis.T)).astype(np.float32)


def _anomaly_basis(size: int, spacing: int) -> np.ndarray:
    """B_a along one axis [size, coefficients]."""
    if spacing == 1:
        return np.eye(size, dtype=np.float32)
    return _basis(size, round(size / spacing), ANOMALY_DEGREE).astype(np.float32)
