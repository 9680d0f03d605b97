"""Cross-validation in which every image is tested once and no group of related images is divided."""

from collections.abc import Sequence

import numpy as np

from finn_build.errors import DataError

FOLDS = 5


def deal_folds(labels: Sequence[str], groups: Sequence[str], seed: int) -> list[int]:
    """The fold, 0 to FOLDS - 1, of every image: whole groups, each fold with about the same share of every class.

    Raises:
        DataError: a class has fewer groups than there are folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # here: it takes seconds to load

    for label in sorted(set(labels)):
        count = len({group for of, group in zip(labels, groups, strict=True) if of == label})
        if count < FOLDS:
            raise DataError(f"class {label!r} has {count} groups of images; {FOLDS} folds need at least {FOLDS}")
    folds = np.zeros(len(labels), dtype=np.int64)
    dealer = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for fold, (_, members) in enumerate(dealer.split(folds, labels, groups)):
        folds[members] = fold
    return folds.tolist()


def fold_split(of: int, fold: int) -> str:
    """The split of an image of fold `of` when `fold` is tested: the fold after it is val, the other three train.

    Val chooses the epoch, so it is a fold of its own: what is tested has no part in any choice.
    """
    return {fold: "test", (fold + 1) % FOLDS: "val"}.get(of, "train")
