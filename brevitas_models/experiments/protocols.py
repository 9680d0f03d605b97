"""How images are split in train, val and test, five times: as in the paper, or so that nothing leaks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from brevitas_models.data.folds import FOLDS
from brevitas_models.data.images import FRACTIONS, split_by_fold
from brevitas_models.data.index import SPLITS, Row

SPLIT_COUNT = FOLDS


def paper(root: Path, rows: Sequence[Row], number: int) -> list[Row]:
    """Random 7:1:2, image by image; `number` is the seed. Images of one tile or strip come into several parts.

    Source: section 4.1 of the paper.
    """
    order = np.random.default_rng(number).permutation(len(rows))
    bounds = np.round(np.cumsum(FRACTIONS) * len(rows)).astype(int)
    parts = np.searchsorted(bounds, np.argsort(order), side="right")
    return [replace(row, split=SPLITS[part]) for row, part in zip(rows, parts, strict=True)]


def grouped(root: Path, rows: Sequence[Row], number: int) -> list[Row]:
    """Five folds of whole groups, those of the index where it has any: fold `number` is test, the next one val.

    Raises:
        DataError: the images cannot be dealt to folds.
    """
    return split_by_fold(root, list(rows), number, seed=0)


PROTOCOLS: Mapping[str, Callable[[Path, Sequence[Row], int], list[Row]]] = {"paper": paper, "grouped": grouped}
"""Each takes a folder, its rows and the number of a split, from 0 to 4; results of two are never blended."""
