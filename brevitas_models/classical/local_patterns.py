"""Histograms of local binary patterns: LBP, and the adjacent evaluation completed form of it.

Source: Ojala et al., TPAMI 2002 (LBP, its rotation-invariant uniform codes); Guo et al., TIP 2010 (completed LBP: sign,
magnitude and centre); [8] of the paper, Song and Yan, Appl. Surf. Sci. 2013 (AECLBP: the mean of the eight pixels round
each neighbour, the adjacent evaluation window, stands for that neighbour). The text of [8] was not at hand; what
the window is, and that a neighbour is taken at the nearest pixel, follows a MATLAB version of it in circulation. So
all comparisons of AECLBP are of integers. Ours: three scales, joined, for both.
"""

import numpy as np
from skimage.feature import local_binary_pattern

SCALES = ((8, 1), (16, 2), (24, 3))
"""Neighbours and radius in pixels of each scale."""


def lbp(image: np.ndarray) -> np.ndarray:
    """Histograms of rotation-invariant uniform LBP codes, each of sum 1, one scale after the other.

    Shapes:
        [H, W] uint8 to [54] float64.
    """
    planes = [(local_binary_pattern(image, points, radius, "uniform"), points) for points, radius in SCALES]
    return np.concatenate([_histogram(codes.astype(np.int64), points + 2) for codes, points in planes])


def aeclbp(image: np.ndarray) -> np.ndarray:
    """Joint histograms of the codes of sign, magnitude and centre, each of sum 1, one scale after the other.

    Shapes:
        [H, W] uint8 to [2200] float64.
    """
    return np.concatenate([_histogram(*_completed_codes(image.astype(np.int64), *scale)) for scale in SCALES])


def _completed_codes(image: np.ndarray, points: int, radius: int) -> tuple[np.ndarray, int]:
    """Joint code of each pixel whose windows lie inside the image, and the number of codes."""
    height, width = image.shape
    border = radius + 1
    windows = _ring_sums(image)
    centre = image[border : height - border, border : width - border]
    angles = 2 * np.pi * np.arange(points) / points
    exact = radius * np.stack([-np.sin(angles), np.cos(angles)], 1)
    # 3 sin 30° must round as 3 cos 60° does, or the ring is not one that a quarter turn keeps
    shifts = np.rint(exact.round(6)).astype(int) + border
    rows, columns = centre.shape
    difference = np.stack([windows[y : y + rows, x : x + columns] for y, x in shifts]) - 8 * centre
    magnitude = np.abs(difference)
    sign = _uniform_codes(difference >= 0)
    strong = _uniform_codes(magnitude * magnitude.size >= magnitude.sum())
    bright = centre * image.size >= image.sum()
    codes = points + 2
    return (bright * codes + strong) * codes + sign, 2 * codes * codes


def _ring_sums(image: np.ndarray) -> np.ndarray:
    """Sum of the eight pixels round each pixel, 0 outside of the image [H, W]."""
    padded = np.pad(image, 1)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    return rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] - image


def _uniform_codes(bits: np.ndarray) -> np.ndarray:
    """Rotation-invariant uniform code: the number of ones, or P + 1 with more than two changes round the circle.

    Shapes:
        [P, H, W] bool to [H, W] int64.
    """
    changes = (bits != np.roll(bits, 1, axis=0)).sum(axis=0)
    return np.where(changes <= 2, bits.sum(axis=0), len(bits) + 1)


def _histogram(codes: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(codes.ravel(), minlength=size) / codes.size
