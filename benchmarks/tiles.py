"""What a data set allows before any network: pixels judged by boosted trees, from as many tiles as there are.

`python benchmarks/tiles.py TILES` trains gradient-boosted trees on filters around single pixels, in three folds of
whole groups of the images of splits train and val (test has no part), with a quarter, half and all of the groups that
are not in the fold, and without the two features that tell how far the edges of the image are. An image's score is the
mean of its ten highest pixels. Printed are the area below the ROC, the mean of the folds, and the share of the defects
found where 5% of a fold's images without one raise an alarm: the threshold is the best of the fold itself.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import argparse
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import ndimage
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedGroupKFold

from brevitas_models.data.images import open_image, read_image, read_mask
from brevitas_models.data.index import FREE, Row, find_images
from brevitas_models.data.shrink import block_means
from brevitas_models.inspection.thresholds import Scores, standard_error

BY, FOLDS, RATE, PIXELS, TOP = 3, 3, 0.05, 100, 10
EDGES = 2
"""Of the features, the last ones."""
WAYS = {"a quarter of the groups": (4, True), "half": (2, True), "all": (1, True), "all, edges unknown": (1, False)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="images with masks, classes, groups and splits")
    rows = [row for row in find_images(parser.parse_args().folder) if row.split != "test"]
    labels, groups = np.array([row.label for row in rows]), np.array([row.group for row in rows])
    samples = [_sample(row, number) for number, row in enumerate(rows)]
    scores = {way: np.zeros(len(rows)) for way in WAYS}
    folds = list(StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(rows, labels, groups))
    for train, tested in folds:
        models = {way: _fit(samples, _part(train, labels, groups, of), edges) for way, (of, edges) in WAYS.items()}
        for number in tested:
            pixels = _features(_read(rows[number])[0])
            for way, (_, edges) in WAYS.items():
                judged = models[way].decision_function(_columns(pixels, edges))
                scores[way][number] = np.sort(judged)[-TOP:].mean()
    for way, values in scores.items():
        _print(way, values, labels, groups, [tested for _, tested in folds])


def _read(row: Row) -> tuple[np.ndarray, np.ndarray]:
    """Image and mask, smaller by `BY`."""
    with open_image(row.path) as opened:
        shape = opened.size[::-1]
    return block_means(read_image(row.path, shape)[0], BY), block_means(read_mask(row, shape) * 255, BY) > 63


def _features(image: np.ndarray) -> np.ndarray:
    """Filters around each pixel of log brightness, most by its local deviation; [pixels, features]."""
    log = np.log(image / max(float(image.mean()), 1.0) + 0.05)
    mean = ndimage.uniform_filter(log, 25)
    deviation = np.sqrt(np.maximum(ndimage.uniform_filter(log * log, 25) - mean * mean, 1e-5))
    blurred = {size: ndimage.gaussian_filter(log, size) for size in (1, 2, 4, 8, 16)}
    scales = [log, *blurred.values()]
    along, across = (ndimage.gaussian_filter(log, sizes) for sizes in ((8, 0.7), (0.7, 8)))
    wide = [ndimage.gaussian_filter(log, sizes) for sizes in ((8, 4), (12, 1), (2, 6), (16, 6))]
    lines = [log - along, log - across, along - across, along - wide[0], blurred[1] - wide[1], wide[2] - wide[3]]
    filters = [log - mean, *(fine - coarse for fine, coarse in pairwise(scales)), *lines]
    filters += [ndimage.minimum_filter(log, 5) - mean, ndimage.maximum_filter(log, 5) - mean]
    for axis in (0, 1):
        slope = ndimage.sobel(blurred[1], axis) ** 2
        filters += [np.sqrt(ndimage.gaussian_filter(slope, size)) for size in (3, 9)]
    for size in (5, 11):
        filters.append(
            np.sqrt(np.maximum(ndimage.uniform_filter(log**2, size) - ndimage.uniform_filter(log, size) ** 2, 0))
        )
    edges = [
        np.minimum(np.minimum(at, end - 1 - at), 20)
        for at, end in zip(np.indices(image.shape), image.shape, strict=True)
    ]
    maps = [*(found / deviation for found in filters), deviation, image, *edges]
    return np.stack(maps, -1).reshape(-1, len(maps)).astype(np.float32)


def _columns(pixels: np.ndarray, edges: bool) -> np.ndarray:
    return pixels if edges else pixels[:, :-EDGES]


def _sample(row: Row, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Some pixels of an image and whether they are of a defect, as many of both kinds where there are enough."""
    image, mask = _read(row)
    kinds = [np.flatnonzero(mask.ravel() == kind) for kind in (False, True)]
    random = np.random.default_rng(seed)
    chosen = np.concatenate([random.choice(kind, min(len(kind), PIXELS), replace=False) for kind in kinds])
    return _features(image)[chosen], mask.ravel()[chosen]


def _part(train: np.ndarray, labels: np.ndarray, groups: np.ndarray, of: int) -> np.ndarray:
    """Every `of`-th group of each class."""
    kept = {name for label in np.unique(labels) for name in np.unique(groups[train][labels[train] == label])[::of]}
    return train[np.isin(groups[train], list(kept))]


def _fit(
    samples: Sequence[tuple[np.ndarray, np.ndarray]], chosen: np.ndarray, edges: bool
) -> HistGradientBoostingClassifier:
    pixels, defects = (np.concatenate([samples[number][part] for number in chosen]) for part in (0, 1))
    trees = HistGradientBoostingClassifier(
        max_iter=100,
        max_leaf_nodes=15,
        min_samples_leaf=40,
        l2_regularization=1.0,
        class_weight="balanced",
        random_state=0,
    )
    return trees.fit(_columns(pixels, edges), defects)


def _print(way: str, values: np.ndarray, labels: np.ndarray, groups: np.ndarray, folds: list[np.ndarray]) -> None:
    alarms, areas = np.zeros(len(values), bool), []
    for tested in folds:
        fold = Scores(values[tested], labels[tested] != FREE)
        alarms[tested] = fold.values > fold.choose(RATE).threshold
        areas.append(fold.roc()[2])
    defects = labels != FREE
    kinds = ", ".join(f"{name} {alarms[labels == name].mean():.0%}" for name in np.unique(labels[defects]))
    error = standard_error(alarms[defects], groups[defects].tolist())
    print(f"{way}: area {np.mean(areas):.3f}, found {alarms[defects].mean():.1%} ± {error:.1%} ({kinds})", flush=True)


if __name__ == "__main__":
    main()
