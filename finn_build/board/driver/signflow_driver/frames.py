"""Frames from a folder, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError

import numpy as np

from .errors import InputError
from .pictures import SUFFIXES, hidden, read_picture

_ARRAYS = (".npy", ".csv")
_IMAGES = (*SUFFIXES, ".npy")


def folder_frames(folder: str | Path, image_shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Images, or signals, of a folder and those below it, by name, as uint8; pictures are resized by Pillow.

    A .csv file holds a sample a line, its channels between commas: whole numbers from 0 to 255.

    Args:
        folder: of the files.
        image_shape: (C, H, W), or (C, L) of signals.

    Raises:
        InputError: there are none, a file is damaged or has no one meaning, or an array is of another shape.
    """
    for path in folder_paths(folder, signals=len(image_shape) == 2):
        try:
            frame = _load(path, image_shape)
        except (OSError, ValueError, EOFError, UnpicklingError) as error:
            raise InputError(f"{path}: not readable as an image: {error}") from error
        yield frame


def folder_paths(folder: str | Path, signals: bool = False) -> list[Path]:
    """Files of images in a folder and those below it, by name; of `signals` tables too, which beside images are lists.

    Raises:
        InputError: there are none.
    """
    legal = dict.fromkeys((*_IMAGES, *_ARRAYS)) if signals else _IMAGES
    found = (p for p in Path(folder).rglob("*") if p.suffix.lower() in legal)
    paths = sorted(p for p in found if not hidden(p, folder))
    if not paths:
        raise InputError(f"{folder}: no images; legal: {', '.join(legal)}")
    return paths


def _load(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    if path.suffix.lower() in _ARRAYS:
        frame = np.load(path) if path.suffix.lower() == ".npy" else _table(path)
        if frame.shape != shape or frame.dtype != np.uint8:
            raise InputError(f"{path}: {frame.dtype} {frame.shape}; legal: uint8 {shape}")
        return frame
    if len(shape) != 3:
        raise InputError(f"{path}: a picture, the network takes signals {shape}; legal: {', '.join(_ARRAYS)}")
    return read_picture(path, shape[0], (shape[1], shape[2]))


def _table(path: Path) -> np.ndarray:
    """A signal (C, L) of a text file of L lines; uint8 where its numbers are."""
    values = np.loadtxt(path, delimiter=",", ndmin=2).T
    whole = values.size and np.array_equal(values, values.clip(0, 255).round())
    return values.astype(np.uint8) if whole else values
