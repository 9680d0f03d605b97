"""The data sets of the paper's experiments, as parts of a folder that the user names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brevitas_models.data.index import FREE, Row, find_images, of_classes, with_masks

NEU, TILE = "neu", "magnetic_tile"
DEFECTS = ("blowhole", "break", "crack", "fray", "uneven")


@dataclass(frozen=True)
class DataSet:
    """Images of one task.

    Attributes:
        folder: which of the folders that the user names they are in.
        title: what tables call it.
        rgb: whether the paper's networks read it in colour.
        classes: those that take part; empty for all.
        masks: whether the task is to find defects, pixel by pixel.
        free: how many images without a defect take part; None for all.
    """

    folder: str
    title: str
    rgb: bool = False
    classes: tuple[str, ...] = ()
    masks: bool = False
    free: int | None = None


DATASETS: Mapping[str, DataSet] = {
    "neu": DataSet(NEU, "NEU"),
    "magnetic_tile": DataSet(TILE, "Magnetic Tile", rgb=True, free=80),  # 472 images in the paper, 392 with defects
    "neu_patches": DataSet(NEU, "NEU Patches", classes=("patches",), masks=True),
    **{f"tile_{name}": DataSet(TILE, f"Magnetic Tile, {name}", True, (name,), masks=True) for name in DEFECTS},
}


def find_rows(dataset: DataSet, root: Path, seed: int) -> list[Row]:
    """The images that take part, in the order of the index.

    Args:
        dataset: which.
        root: its folder.
        seed: of the choice among images without a defect.

    Raises:
        DataError: the folder lacks a class, or masks, or its index is bad.
    """
    rows = find_images(root)
    if dataset.classes:
        rows = of_classes(root, rows, dataset.classes)
    if dataset.masks:
        rows = with_masks(root, rows)
    return rows if dataset.free is None else _few_free(rows, dataset.free, seed)


def _few_free(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """All images with a defect, and whole groups without one until they are `count` images or more."""
    groups = sorted({row.group for row in rows if row.label == FREE})
    kept: set[str] = set()
    for index in np.random.default_rng(seed).permutation(len(groups)):
        if sum(row.label == FREE and row.group in kept for row in rows) >= count:
            break
        kept.add(groups[index])
    return [row for row in rows if row.label != FREE or row.group in kept]
