"""LBP + SVM and AECLBP + SVM, the classical rows of the paper's table 2.

Source: [8] of the paper, Song and Yan, Appl. Surf. Sci. 2013: histograms of patterns in a support vector machine. Ours:
square roots of the histograms, standardised, an RBF kernel, and its C chosen by cross-validation that keeps groups
of related images whole.
"""

from collections.abc import Callable
from typing import Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from brevitas_models.classical._checks import check_images, check_labels
from brevitas_models.classical.local_patterns import aeclbp, lbp
from finn_build.errors import ConfigError, DataError

Descriptor = Literal["lbp", "aeclbp"]
DESCRIPTORS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"lbp": lbp, "aeclbp": aeclbp}
COSTS = (1.0, 10.0, 100.0, 1000.0)
FOLDS = 5


class TextureClassifier(ClassifierMixin, BaseEstimator):
    """A texture descriptor and a support vector machine.

    Args:
        descriptor: lbp or aeclbp.

    Attributes:
        classes_: labels, ascending.
        cost_: the C that cross-validation chose.
        accuracy_: what it measured for that, a mean over folds of the training set.
    """

    def __init__(self, descriptor: Descriptor = "aeclbp") -> None:
        self.descriptor = descriptor

    def fit(self, images: np.ndarray, labels: np.ndarray, groups: np.ndarray | None = None) -> Self:
        """Choose C and train.

        Args:
            images: [N, H, W] uint8.
            labels: [N].
            groups: [N], equal for related images; None where each stands alone.

        Raises:
            ConfigError: no such descriptor.
            DataError: wrong type or shape, one class, or a class of one group.
        """
        groups = np.arange(len(images)) if groups is None else np.asarray(groups)
        labels = np.asarray(labels)
        check_images(images)
        check_labels(images, labels, groups)
        features = self._describe(images)
        fewest = min(len(np.unique(groups[labels == label])) for label in np.unique(labels))
        folds = StratifiedGroupKFold(min(FOLDS, fewest), shuffle=True, random_state=0)
        machine = make_pipeline(FunctionTransformer(np.sqrt), StandardScaler(), SVC())
        search = GridSearchCV(machine, {"svc__C": COSTS}, cv=folds)
        search.fit(features, labels, groups=groups)
        self.machine_, self.classes_ = search.best_estimator_, search.classes_
        self.cost_, self.accuracy_ = search.best_params_["svc__C"], float(search.best_score_)
        return self

    def predict(self, images: np.ndarray) -> np.ndarray:
        """The labels of some images [N].

        Raises:
            DataError: wrong type or shape, or `fit` was not called.
        """
        if not hasattr(self, "machine_"):
            raise DataError("TextureClassifier is not trained yet; call fit first")
        check_images(images)
        return self.machine_.predict(self._describe(images))

    def _describe(self, images: np.ndarray) -> np.ndarray:
        if self.descriptor not in DESCRIPTORS:
            raise ConfigError(f"descriptor {self.descriptor!r} is not one of {', '.join(DESCRIPTORS)}")
        return np.stack([DESCRIPTORS[self.descriptor](image) for image in images])
