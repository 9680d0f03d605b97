"""Image folders as arrays of uint8, with splits that never divide a group of related images.

Three kinds of folder are read: one with an `index.csv` (columns path, class; optional group, split, fold5, mask), one
with a sub-folder of images per class, and, for inference, one that simply holds images. A mask is a grey image, bright
on defects, named in the index; images of class "free" need none.
"""

import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from signflow_driver.errors import InputError
from signflow_driver.pictures import SUFFIXES, hidden, open_picture, read_picture, upright

from brevitas_models.data.folds import FOLDS, deal_folds, fold_split
from brevitas_models.data.index import FREE, SPLITS, Box, Row, find_images, of_classes, with_masks
from brevitas_models.data.masks import defect_pixels, require_defects
from finn_build.errors import DataError, visible
from finn_build.terminal import told

FRACTIONS = (0.7, 0.1, 0.2)
UNLABELLED = -1


@dataclass(frozen=True)
class ImageSet:
    """Images of one size with what is known of them.

    Shapes:
        images [N, C, H, W] uint8; labels [N] int64, -1 where unknown; splits [N] str, "" where there is none; masks
        [N, H, W] uint8, 1 on defects and 0 elsewhere, or None.
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    classes: tuple[str, ...]
    splits: np.ndarray
    masks: np.ndarray | None = None

    def split(self, name: str) -> "ImageSet":
        """The images of one split: train, val or test.

        Raises:
            DataError: no image belongs to that split.
        """
        chosen = np.flatnonzero(self.splits == name)
        if not len(chosen):
            legal = ", ".join(sorted(set(self.splits.tolist()) - {""})) or "none"
            cure = "ten images of a class are enough to deal, or an index.csv has a column split"
            raise DataError(f"split {name!r} holds no image; splits of this data: {legal}; {cure}")
        return self.select(chosen)

    def select(self, chosen: np.ndarray) -> "ImageSet":
        """The images at some indices."""
        return replace(
            self,
            images=self.images[chosen],
            labels=self.labels[chosen],
            names=tuple(self.names[i] for i in chosen),
            splits=self.splits[chosen],
            masks=None if self.masks is None else self.masks[chosen],
        )

    def by_turns(self) -> "ImageSet":
        """The same images, one of each class after the other: some of all are among the first."""
        turn = np.zeros(len(self), np.int64)
        for label in np.unique(self.labels):
            of_class = np.flatnonzero(self.labels == label)
            turn[of_class] = np.arange(len(of_class))
        return self.select(np.argsort(turn, kind="stable"))

    def __len__(self) -> int:
        return len(self.images)


def load_folder(
    folder: str | Path,
    size: int | tuple[int, int],
    channels: int = 1,
    seed: int = 0,
    fold: int | None = None,
    classes: Sequence[str] = (),
    masks: bool = False,
) -> ImageSet:
    """Read every image of a folder, resized to `size` × `size` pixels.

    A split in the index is kept. Without one, images are split 7:1:2 per class by `seed`, whole groups
    together; with no index each image counts as its own group, which a warning says. With `fold`, that fold of
    the index's column `fold5` is test, the next one val, the other three train; without the column, whole groups
    are dealt to folds by `seed`, stratified by class.

    Args:
        folder: with index.csv, with a sub-folder per class, or flat (then labels are -1 and there are no
            splits).
        size: height and width in pixels, one number for square images.
        channels: 1 for grey, 3 for RGB.
        seed: of the split, or of the folds.
        fold: 0 to 4 for cross-validation, None for the split of the index.
        classes: read these only; all where it is empty.
        masks: read masks too; images of a defect without one are left out, which a warning says.

    Raises:
        DataError: no such folder, no images, an unreadable image, a bad index, a group in two splits or folds, no such
            fold or class, or no masks.
    """
    root = Path(folder)
    rows = find_images(root)
    if not rows:
        raise DataError(f"{root}: no images ({', '.join(SUFFIXES)}), no class sub-folders and no index.csv")
    if classes:
        rows = of_classes(root, rows, classes)
    if masks:
        rows = with_masks(root, rows)
    if fold is not None:
        rows = split_by_fold(root, rows, fold, seed)
    elif rows[0].label and not any(row.split for row in rows):
        rows = _assign_splits(rows, seed)
    _check_groups(root, rows, "split")
    return read_rows(
        root, rows, size, channels, masks, partial(told, what=visible(f"{root}: images read"), total=len(rows))
    )


def read_rows(
    root: Path,
    rows: Sequence[Row],
    size: int | tuple[int, int],
    channels: int = 1,
    masks: bool = False,
    each: Callable[[Sequence[Row]], Iterable[Row]] = iter,
) -> ImageSet:
    """Read the images of some rows of a folder's index, with the splits that the rows say.

    Args:
        root: the folder.
        rows: one per image.
        size, channels, masks: as in `load_folder`.
        each: goes through the rows, and may say how far it is.

    Raises:
        DataError: an unreadable image.
    """
    found = sorted({row.label for row in rows} - {""}, key=_in_order)
    labels = [found.index(row.label) if row.label else UNLABELLED for row in rows]
    return ImageSet(
        images=np.stack([read_image(row.path, size, channels, row.box) for row in each(rows)]),
        labels=np.array(labels, dtype=np.int64),
        names=tuple(str(row.path.relative_to(root)) for row in rows),
        classes=tuple(found),
        splits=np.array([row.split for row in rows]),
        masks=_masks(root, rows, size) if masks else None,
    )


def _in_order(name: str) -> tuple[bool, int, str]:
    """Class numbers by their value, names behind them."""
    return (False, int(name), name) if name.isdecimal() else (True, 0, name)


def summary(folder: Path, data: ImageSet) -> str:
    """What was read of a folder, per class and split, and what was left out, in lines."""
    of = Counter(
        (data.classes[label] if label >= 0 else "unlabelled", split)
        for label, split in zip(data.labels, data.splits, strict=True)
    )
    lines = [f"{folder}: {len(data)} images" + (f", {len(data.classes)} classes" if data.classes else "")]
    for name in dict.fromkeys(name for name, _ in sorted(of)):
        parts = ", ".join(
            f"{of[name, split]} {split or 'without a split'}" for split in (*SPLITS, "") if of[name, split]
        )
        lines.append(f"  {name}: {parts}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said as the folder was read
        masks = {row.mask for row in find_images(folder)}
    read = {folder / name for name in data.names} | (set() if data.masks is None else masks)

    def kind(path: Path) -> str:
        return "hidden" if hidden(path, folder) else "masks" if path in masks else path.suffix.lower() or path.name

    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "index.csv")
    left = Counter(kind(path) for path in files if path not in read)
    if left:
        lines.append("  left out: " + ", ".join(f"{count} {kind}" for kind, count in sorted(left.items())))
    return "\n".join(map(visible, lines))


def _masks(root: Path, rows: Sequence[Row], size: int | tuple[int, int]) -> np.ndarray:
    found = np.stack([read_mask(row, size) for row in rows])
    for row, mask in zip(rows, found, strict=True):
        if row.label == FREE and mask.any():
            raise DataError(
                f"{row.mask}: shows a defect, and {row.path} is of class {FREE!r}; mend one of them in the index"
            )
    inferred = [None if row.box or row.mask_values else row.mask for row in rows]
    require_defects(root, found, np.array([row.mask is not None and row.label != FREE for row in rows]), inferred)
    return found


def read_image(path: Path, size: int | tuple[int, int], channels: int = 1, box: Box | None = None) -> np.ndarray:
    """One image file, or the part of it in a box, as uint8: by the reader of the driver (`signflow_driver.pictures`).

    Shapes:
        [channels, height, width].

    Raises:
        DataError: the file is missing, no readable image, or its pixels have no one meaning.
    """
    try:
        return read_picture(path, channels, _height_width(size), box)
    except InputError as error:
        raise DataError(str(error)) from error


def read_mask(row: Row, size: int | tuple[int, int]) -> np.ndarray:
    """The mask of an image, or the part of it in its box, as 0 and 1, each pixel the nearest of the file's.

    All 0 without a file.

    Shapes:
        [height, width] uint8.

    Raises:
        DataError: see `defect_pixels`.
    """
    height, width = _height_width(size)
    if row.mask is None:
        return np.zeros((height, width), np.uint8)
    with open_image(row.path) as image:
        of = image.size[::-1]
    found = Image.fromarray(defect_pixels(row.mask, of, row.mask_values).astype(np.uint8))
    return np.asarray(found.resize((width, height), Image.Resampling.NEAREST, row.box))


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """An image file for a `with` block, upright.

    Raises:
        DataError: the file is missing or is not a readable image; also where that shows only inside the block.
    """
    try:
        with open_picture(path) as image:
            yield upright(image, image)
    except InputError as error:
        raise DataError(str(error)) from error


def _height_width(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def to_float(images: np.ndarray) -> np.ndarray:
    """uint8 pixels as the float32 in [0, 1) that the networks take: pixel / 256, exactly."""
    return images.astype(np.float32) / np.float32(256)


def match_classes(data: ImageSet, classes: Sequence[str]) -> ImageSet:
    """Relabel `data` in the class order of a trained network.

    Raises:
        DataError: the data has a class that the network does not know.
    """
    unknown = sorted(set(data.classes) - set(classes))
    if unknown:
        raise DataError(f"class {unknown[0]!r} is not one of the network's: {', '.join(classes)}")
    order = np.array([*(list(classes).index(name) for name in data.classes), UNLABELLED])
    return replace(data, labels=order[data.labels], classes=tuple(classes))


def _assign_splits(rows: list[Row], seed: int) -> list[Row]:
    """Deal whole groups of each class to train, val and test in the ratio 7:1:2."""
    groups: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        groups[row.label][row.group] += 1
    split_of: dict[str, str] = {}
    random = np.random.default_rng(seed)
    for label in sorted(groups):
        members = [group for group in sorted(groups[label]) if group not in split_of]
        total = sum(groups[label][group] for group in members)
        bounds = np.cumsum(FRACTIONS) * total
        done = 0.0
        for index in random.permutation(len(members)):
            middle = done + groups[label][members[index]] / 2
            split_of[members[index]] = SPLITS[int(np.searchsorted(bounds[:2], middle))]
            done += groups[label][members[index]]
    return [replace(row, split=split_of[row.group]) for row in rows]


def split_by_fold(root: Path, rows: list[Row], fold: int, seed: int) -> list[Row]:
    """Make a split of the folds in the index, or of folds dealt by `seed` where it has none."""
    if not 0 <= fold < FOLDS:
        raise DataError(f"fold {fold} does not exist; folds are 0 to {FOLDS - 1}")
    if not all(row.label for row in rows):
        raise DataError(f"{root}: folds need labels; add an index.csv or a sub-folder per class")
    if not any(row.fold for row in rows):
        folds = deal_folds([row.label for row in rows], [row.group for row in rows], seed)
        rows = [replace(row, fold=str(of)) for row, of in zip(rows, folds, strict=True)]
    for row in rows:
        if row.fold not in map(str, range(FOLDS)):
            raise DataError(f"{row.path}: fold{FOLDS} is {row.fold!r} in the index, not 0 to {FOLDS - 1}")
    _check_groups(root, rows, "fold")
    return [replace(row, split=fold_split(int(row.fold), fold)) for row in rows]


def _check_groups(root: Path, rows: list[Row], part: Literal["split", "fold"]) -> None:
    """No group may be in two splits, or in two folds."""
    first: dict[str, str] = {}
    for row in rows:
        here = getattr(row, part)
        there = first.setdefault(row.group, here) if row.group else here
        if there != here:
            raise DataError(f"{root}: group {row.group!r} is in both {there} and {here}; give it one {part}")
