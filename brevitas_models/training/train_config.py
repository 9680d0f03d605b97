"""Every choice of a training, and which are legal."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brevitas_models.data.augment import Augmentation
from brevitas_models.networks.configs.table import configure
from brevitas_models.training.schedules import SCHEDULES
from finn_build.errors import ConfigError

LOSSES = ("cross_entropy", "tversky")
CHOICES = ("loss", "score")


def require_fresh(out: Path) -> None:
    """Raise ConfigError where a folder holds a training, which a new one would replace."""
    if (out / "last.pt").exists():
        raise ConfigError(f"{out} already holds a training; add --resume or choose another --out")


@dataclass(frozen=True)
class TrainConfig:
    """Every choice of a training.

    Attributes:
        model: name in the zoo; `overrides` changes fields of its configuration.
        epochs1, epochs2: epochs of step 1 (real-valued weights, 0 leaves it out) and step 2 (binary weights).
        lr1, lr2: peak learning rates of the two steps.
        batch: images per optimizer step, over all devices.
        schedule: "cosine" after a warm-up, or "one_cycle": up from peak / 25 over 30% of the epochs, then down to zero.
        loss: of classes, "cross_entropy" or "tversky"; masks have the latter.
        choose: the epoch of step 2 with the best "loss", or the best "score" (accuracy, Dice), on validation.
        imagenet: start from ImageNet weights, where the network is one of torchvision's.
        weight_decay: L2 penalty on weights in step 1; binary weights have none.
        label_smoothing: share of the target spread over all classes.
        balance: weight of a class in cross-entropy, as a power of 1 / its share of the training images: 0 for equal
            weights of all images, 1 for equal weights of all classes.
        average: share that the moving average of weights keeps in each step of step 2, 0.99 say; validated and written
            are the averages then. 0 for the weights themselves.
        alpha, beta: weights of false alarms and of misses in the Tversky loss.
        pixels: weight of the pixels' cross-entropy beside the Tversky loss of masks.
        apart: a Tversky loss for each mask, not for the batch: where large defects would drown small ones.
        init: checkpoint to start from (fine-tuning, on other images or at another size); "" for random weights.
        seed: of weights, order and augmentation.
        classes: of the images; empty for all.
        fold: of the cross-validation that the data is split by; None for the split of the index.
    """

    model: str
    epochs1: int = 40
    epochs2: int = 160
    lr1: float = 2e-3
    lr2: float = 2e-3
    batch: int = 64
    schedule: str = "cosine"
    loss: str = "cross_entropy"
    choose: str = "loss"
    imagenet: bool = False
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    balance: float = 0.0
    average: float = 0.0
    alpha: float = 0.5
    beta: float = 0.5
    pixels: float = 0.0
    apart: bool = False
    init: str = ""
    seed: int = 0
    classes: tuple[str, ...] = ()
    fold: int | None = None
    augmentation: Augmentation = field(default_factory=Augmentation)
    overrides: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """See that every value is legal.

        Raises:
            ConfigError: one is not.
        """
        configure(self.model, **self.overrides)
        if self.epochs1 < 0:
            raise ConfigError(f"training: epochs1={self.epochs1} must not be negative; 0 leaves step 1 out")
        for name in ("epochs2", "batch", "lr1", "lr2", "alpha", "beta"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"training: {name}={getattr(self, name)} must be positive")
        if self.pixels < 0:
            raise ConfigError(f"training: pixels={self.pixels} must not be negative")
        if not 0 <= self.balance <= 1:
            raise ConfigError(f"training: balance={self.balance} must be from 0 to 1")
        if not 0 <= self.average < 1:
            raise ConfigError(f"training: average={self.average} must be from 0 to below 1")
        for name, legal in (("schedule", SCHEDULES), ("loss", LOSSES), ("choose", CHOICES)):
            if getattr(self, name) not in legal:
                raise ConfigError(f"training: {name}={getattr(self, name)!r} is unknown; choose {' or '.join(legal)}")
