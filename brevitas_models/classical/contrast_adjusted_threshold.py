"""CAT, contrast adjustment thresholding: stretch the contrast, then threshold by Otsu's method.

Source: [49] of the paper, Win et al., A contrast adjustment thresholding method for surface defect detection based on
mesoscopy, IEEE Trans. Ind. Inform. 2015. Neither its text nor its code was at hand: all that is taken from it is the
idea in its title, a threshold after contrast adjustment. Ours: Otsu's method for the threshold, the form of the
adjustment (a linear stretch that saturates a share of the pixels at either end, then a power law), and the choice
of its two numbers on training images.
"""

from dataclasses import dataclass

import numpy as np
from skimage.exposure import adjust_gamma, rescale_intensity
from skimage.filters import threshold_otsu

from brevitas_models.classical._segmenter import Segmenter, grid


@dataclass(frozen=True)
class Adjustment:
    """A contrast adjustment.

    Attributes:
        saturation: percentage of pixels that become black, and of those that become white.
        gamma: exponent of the power law after it.
    """

    saturation: float
    gamma: float


class ContrastAdjustedThreshold(Segmenter[Adjustment, np.ndarray]):
    """CAT: defects are the darker or the brighter side of Otsu's threshold on the adjusted image."""

    settings = grid(Adjustment, saturation=(0, 1, 2, 5, 10), gamma=(1, 0.125, 0.25, 0.5, 2, 4, 8))
    polarities = ("dark", "bright")

    def _prepare(self, images: np.ndarray) -> np.ndarray:
        return images

    def _deviation(self, prepared: np.ndarray, setting: Adjustment) -> np.ndarray:
        return np.stack([_above_otsu(image, setting) for image in prepared])


def _above_otsu(image: np.ndarray, setting: Adjustment) -> np.ndarray:
    """1 above Otsu's threshold of the adjusted image and -1 below; 0 all over an image of one grey value."""
    low, high = np.percentile(image, (setting.saturation, 100 - setting.saturation))
    if low == high:
        return np.zeros(image.shape)
    stretched = rescale_intensity(image.astype(np.float64), in_range=(low, high), out_range=(0.0, 1.0))
    adjusted = adjust_gamma(stretched, setting.gamma)
    return np.where(adjusted > threshold_otsu(adjusted), 1.0, -1.0)
