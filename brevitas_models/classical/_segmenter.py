"""What the three segmenters share: parameters are chosen on training images by Dice, and defects have a polarity."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import product
from typing import Any, Generic, Literal, Self, TypeVar

import numpy as np

from brevitas_models.classical._checks import check_images, check_masks
from finn_build.errors import DataError

Polarity = Literal["dark", "bright", "both"]
Setting = TypeVar("Setting")
Prepared = TypeVar("Prepared")


class Segmenter(ABC, Generic[Setting, Prepared]):
    """A method that gives each pixel a signed deviation from the background: 0 there, below 0 where it is darker.

    Attributes:
        settings: what `fit` chooses from; of equal ones the first wins.
        polarities: signs of the deviation that can be a defect.
        setting_, polarity_: what `fit` chose.
        dice_: Dice on the images it looked at.
    """

    settings: Sequence[Setting]
    polarities: Sequence[Polarity] = ("dark", "bright", "both")
    setting_: Setting
    polarity_: Polarity
    dice_: float

    def __init__(self, most_images: int = 48) -> None:
        """`most_images`: `fit` looks at no more than these, evenly spread over those it gets."""
        self.most_images = most_images

    def fit(self, images: np.ndarray, masks: np.ndarray) -> Self:
        """Choose setting and polarity by Dice over all pixels.

        Shapes:
            images [N, H, W] uint8, masks [N, H, W] uint8, 1 on defects.

        Raises:
            DataError: wrong type or shape, or no defect at all.
        """
        check_images(images)
        check_masks(images, masks)
        chosen = np.linspace(0, len(images) - 1, min(self.most_images, len(images))).round().astype(int)
        prepared, truth = self._prepare(images[chosen]), masks[chosen]
        self.dice_ = -1.0
        for setting in self.settings:
            deviation = self._deviation(prepared, setting)
            for polarity in self.polarities:
                score = dice(_defects(deviation, polarity), truth)
                if score > self.dice_:
                    self.setting_, self.polarity_, self.dice_ = setting, polarity, score
        return self

    def predict(self, images: np.ndarray) -> np.ndarray:
        """The masks of some images, each from its own pixels alone.

        Shapes:
            [N, H, W] uint8 to [N, H, W] uint8, 1 on defects.

        Raises:
            DataError: wrong type or shape, or `fit` was not called.
        """
        check_images(images)
        if not hasattr(self, "setting_"):
            raise DataError(f"{type(self).__name__} has no parameters yet; call fit first")
        return _defects(self._deviation(self._prepare(images), self.setting_), self.polarity_)

    @abstractmethod
    def _prepare(self, images: np.ndarray) -> Prepared:
        """What does not depend on the setting."""

    @abstractmethod
    def _deviation(self, prepared: Prepared, setting: Setting) -> np.ndarray:
        """Signed deviation of each pixel from the background [N, H, W]."""


def dice(predicted: np.ndarray, masks: np.ndarray) -> float:
    """2 TP / (2 TP + FP + FN) over all pixels; 1 where neither has a defect."""
    total = int(predicted.sum(dtype=np.int64) + masks.sum(dtype=np.int64))
    return 2 * int((predicted & masks).sum(dtype=np.int64)) / total if total else 1.0


def grid(setting: Any, **values: Sequence[Any]) -> tuple[Any, ...]:
    """Every combination of `values`, as instances of the dataclass `setting`; the last name varies fastest."""
    return tuple(setting(**dict(zip(values, point, strict=True))) for point in product(*values.values()))


def _defects(deviation: np.ndarray, polarity: Polarity) -> np.ndarray:
    signs = {"dark": deviation < 0, "bright": deviation > 0, "both": deviation != 0}
    return signs[polarity].astype(np.uint8)
