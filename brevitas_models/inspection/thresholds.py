"""The threshold of an inspection: false alarms against misses, and the choice among them on validation images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from finn_build.errors import DataError

RATES = (0.01, 0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True)
class Point:
    """What a threshold gives on some images.

    Attributes:
        threshold: scores above it are alarms.
        false_alarms: share of the images without a defect whose score is above it.
        found: share of the images with a defect whose score is above it.
    """

    threshold: float
    false_alarms: float
    found: float


@dataclass(frozen=True)
class Scores:
    """Scores of images, and which of them have a defect.

    Attributes:
        values: float [N].
        defects: bool [N].

    Raises:
        DataError: images of one kind alone.
    """

    values: np.ndarray
    defects: np.ndarray

    def __post_init__(self) -> None:
        if not 0 < self.defects.sum() < len(self.defects):
            raise DataError(
                f"a threshold needs images with and without a defect; of {len(self.defects)} have {self.defects.sum()}"
            )

    def at(self, threshold: float) -> Point:
        """What a threshold gives."""
        alarms = self.values > threshold
        return Point(threshold, float(alarms[~self.defects].mean()), float(alarms[self.defects].mean()))

    def choose(self, rate: float) -> Point:
        """The lowest threshold with false alarms in at most `rate` of the images without a defect.

        It lies in the middle between the free image at the limit and the next higher score, of whichever kind.
        """
        free = np.sort(self.values[~self.defects])[::-1]
        limit = free[min(int(rate * len(free) + 1e-9), len(free) - 1)]
        above = self.values[self.values > limit]
        return self.at(float((limit + above.min()) / 2 if len(above) else limit))

    def roc(self) -> tuple[np.ndarray, np.ndarray, float]:
        """Rates of false alarms and of defects found, and the area below."""
        false_alarms, found, _ = roc_curve(self.defects, self.values)
        return false_alarms, found, float(roc_auc_score(self.defects, self.values))

    def precision_recall(self) -> tuple[np.ndarray, np.ndarray, float]:
        """Recall and precision, and the average precision."""
        precision, recall, _ = precision_recall_curve(self.defects, self.values)
        return recall, precision, float(average_precision_score(self.defects, self.values))

    def table(self, rates: Sequence[float] = RATES) -> list[Point]:
        """The best threshold for each rate of false alarms on these very images."""
        return [self.choose(rate) for rate in rates]


def standard_error(alarms: np.ndarray, groups: Sequence[str]) -> float:
    """Of the share of alarms, where images of one group (exposures of one tile) are no independent ones.

    Shapes:
        alarms bool [N], groups N names, at least two different ones (else nan).

    Source: the ratio estimator of one-stage cluster sampling, as in Cochran, Sampling Techniques, 3rd ed., 1977.
    """
    names, where = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        return float("nan")
    sums = np.bincount(where, alarms - alarms.mean())
    return float(np.sqrt(np.square(sums).sum() * len(names) / (len(names) - 1)) / len(alarms))
