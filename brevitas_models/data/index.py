"""Which images a folder holds, and what its index says of them."""

import csv
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from brevitas_models.data.folds import FOLDS
from finn_build.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".pgm", ".ppm")
SPLITS = ("train", "val", "test")
FREE = "free"
Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, the last two outside."""


@dataclass(frozen=True)
class Row:
    """One image before it is read; empty strings mean unknown, `box` is the part that is read (`patches.py`)."""

    path: Path
    label: str = ""
    group: str = ""
    split: str = ""
    fold: str = ""
    mask: Path | None = None
    box: Box | None = None


def find_images(root: Path) -> list[Row]:
    """List a folder's images by whichever of the three layouts it has.

    Raises:
        DataError: a bad index, or images beside class sub-folders.
    """
    if (root / "index.csv").is_file():
        return _read_index(root)
    flat = [Row(path) for path in _images_in(root)]
    folders = [folder for folder in sorted(root.iterdir()) if folder.is_dir() and _images_in(folder)]
    if not folders:
        return flat
    if flat:
        raise DataError(f"{root}: images beside class sub-folders; move {flat[0].path.name} into a class folder")
    warnings.warn(
        f"{root}: no index.csv, so groups of related images are unknown and may leak between splits",
        stacklevel=3,
    )
    return [
        Row(path, folder.name, group=f"{folder.name}/{path.name}") for folder in folders for path in _images_in(folder)
    ]


def _images_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _read_index(root: Path) -> list[Row]:
    """Rows of index.csv; an image without a group is its own group."""
    index = root / "index.csv"
    with index.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = {"path", "class"} - set(reader.fieldnames or ())
        if missing:
            found = ", ".join(reader.fieldnames or ())
            raise DataError(f"{index}: no column {', '.join(sorted(missing))}; it has {found}")
        rows = []
        for number, line in enumerate(reader, start=2):
            label, split = line["class"] or "", line.get("split") or ""
            if not label or not line["path"]:
                raise DataError(f"{index}:{number}: path and class must not be empty")
            if split and split not in SPLITS:
                raise DataError(f"{index}:{number}: split {split!r} is not one of {', '.join(SPLITS)}")
            group, fold = line.get("group") or line["path"], line.get(f"fold{FOLDS}") or ""
            mask = root / line["mask"] if line.get("mask") else None
            rows.append(Row(root / line["path"], label, group, split, fold, mask))
    return rows


def of_classes(root: Path, rows: list[Row], classes: Sequence[str]) -> list[Row]:
    """The images of some classes.

    Raises:
        DataError: a class has no image.
    """
    found = sorted({row.label for row in rows} - {""})
    for name in classes:
        if name not in found:
            raise DataError(f"{root}: no image of class {name!r}; classes: {', '.join(found) or 'none'}")
    return [row for row in rows if row.label in classes]


def with_masks(root: Path, rows: list[Row]) -> list[Row]:
    """The images whose mask is known.

    Raises:
        DataError: there is no mask at all.
    """
    unknown = [row for row in rows if not row.mask and row.label != FREE]
    if not any(row.mask for row in rows):
        raise DataError(f"{root}: no masks; name them in a column 'mask' of index.csv")
    if unknown:
        classes = ", ".join(sorted({row.label for row in unknown}))
        warnings.warn(f"{root}: {len(unknown)} images without a mask are left out ({classes})", stacklevel=3)
    return [row for row in rows if row.mask or row.label == FREE]
