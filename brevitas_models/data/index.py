"""Which images a folder holds, and what is known of them."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from signflow_driver.pictures import SUFFIXES, hidden

from brevitas_models.data.index_file import FREE, SPLITS, Box, Row, class_named, read_index, require_apart, split_named
from finn_build.errors import DataError, visible

__all__ = ["FREE", "SPLITS", "SUFFIXES", "Box", "Row", "find_images", "of_classes", "with_masks"]
_OF_MASKS = {"mask", "masks", "ground_truth", "groundtruth", "gt", "annotations", "segmentation", "segmentations"}
_OF_IMAGES = {"image", "images", "img", "imgs", "data"}


def find_images(root: Path) -> list[Row]:
    """List a folder's images: by its index.csv, by class sub-folders (below train, val and test too), or as they lie.

    Files and folders of programs (`.ipynb_checkpoints`, `__MACOSX`, dot files) are passed over.

    Raises:
        DataError: no such folder, a bad index, or folders that are no classes.
    """
    if not root.is_dir():
        raise DataError(f"{root}: {'not a' if root.exists() else 'no such'} folder")
    if (root / "index.csv").is_file():
        return read_index(root)
    flat, folders = _images_in(root), [f for f in sorted(root.iterdir()) if f.is_dir() and not hidden(f, root)]
    holding = [folder for folder in folders if _images_below(folder)]
    if not holding:
        return [Row(path) for path in flat]
    if flat:
        raise DataError(f"{root}: images beside class sub-folders; move {flat[0].name} into a class folder")
    _require_classes(root, folders, holding)
    splits = {folder: split_named(folder.name) for folder in holding}
    if any(splits.values()) and not all(splits.values()):
        split, other = (next(f for f in holding if bool(splits[f]) == named) for named in (True, False))
        raise DataError(
            f"{root}: is {split.name} a split or a class? {other.name} beside it is no split; move it away, or write "
            "an index.csv"
        )
    if all(splits.values()):
        rows = [row for folder in holding for row in _of_split(root, folder, splits[folder])]
    else:
        rows = [_row(root, path, folder.name) for folder in holding for path in _images_below(folder)]
        warnings.warn(
            visible(f"{root}: no index.csv, so groups of related images are unknown and may leak between splits"),
            stacklevel=3,
        )
    require_apart(root, rows)
    return rows


def _of_split(root: Path, folder: Path, split: str) -> list[Row]:
    if loose := _images_in(folder):
        raise DataError(
            f"{folder}: images beside the classes of a split: {loose[0].name}; make a sub-folder per class, or an "
            "index.csv"
        )
    classes = [f for f in sorted(folder.iterdir()) if f.is_dir() and not hidden(f, root)]
    holding = [f for f in classes if _images_below(f)]
    _require_classes(folder, classes, holding)
    return [_row(root, path, of.name, split) for of in holding for path in _images_below(of)]


def _row(root: Path, path: Path, label: str, split: str = "") -> Row:
    return Row(path, class_named(path.parent, label), path.relative_to(root).as_posix(), split)


def _require_classes(root: Path, folders: Sequence[Path], holding: Sequence[Path]) -> None:
    """Raise DataError where sub-folders are no classes: of masks, or without an image."""
    for folder in folders:
        inside = (folder, *(f for f in folder.rglob("*") if f.is_dir()))
        if masks := next((f for f in inside if f.name.lower() in _OF_MASKS), None):
            raise DataError(
                f"{masks}: holds masks, no class; name images and masks in an index.csv: columns path, class, mask"
            )
    if empty := [folder for folder in folders if folder not in holding]:
        kinds = sorted({f.suffix.lower() or f.name for f in empty[0].rglob("*") if f.is_file()})
        raise DataError(
            f"{empty[0]}: a class without images; it has {', '.join(kinds) or 'no files'}; legal: "
            f"{', '.join(SUFFIXES)}; convert them, or move the folder away"
        )
    if len(holding) == 1 and holding[0].name.lower() in _OF_IMAGES:
        raise DataError(f"{holding[0]}: one sub-folder of images is no class; give that folder, or write an index.csv")
    deeper = [f for f in sorted(holding[0].iterdir()) if f.is_dir() and not hidden(f, root) and _images_below(f)]
    if len(holding) == 1 and len(deeper) > 1 and not _images_in(holding[0]):
        names = ", ".join(f.name for f in deeper[:5])
        raise DataError(
            f"{holding[0]}: the only sub-folder; are {names} below it the classes? Give that folder, or write an "
            "index.csv"
        )


def _images_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not hidden(path, folder))


def _images_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and not hidden(path, folder))


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
        warnings.warn(visible(f"{root}: {len(unknown)} images without a mask are left out ({classes})"), stacklevel=3)
    return [row for row in rows if row.mask or row.label == FREE]
