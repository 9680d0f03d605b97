"""Frames from a folder, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError

import numpy as np

from .errors import InputError
from .pictures import SUFFIXES, hidden, read_picture

_SUFFIXES = (*SUFFIXES, ".npy")


def folder_frames(folder: str | Path, image_shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Images of a folder and those below it, by name, as uint8 (C, H, W); pictures are resized by Pillow.

    Raises:
        InputError: there are none, a file is damaged or has no one meaning, or an .npy file is of another shape.
    """
    for path in folder_paths(folder):
        try:
            frame = _load(path, image_shape)
        except (OSError, ValueError, EOFError, UnpicklingError) as error:
            raise InputError(f"{path}: not readable as an image: {error}") from error
        yield frame


def folder_paths(folder: str | Path) -> list[Path]:
    """Files of images in a folder and those below it, by name.

    Raises:
        InputError: there are none.
    """
    found = (p for p in Path(folder).rglob("*") if p.suffix.lower() in _SUFFIXES)
    paths = sorted(p for p in found if not hidden(p, folder))
    if not paths:
        raise InputError(f"{folder}: no images; legal: {', '.join(_SUFFIXES)}")
    return paths


def _load(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    if path.suffix.lower() == ".npy":
        frame = np.load(path)
        if frame.shape != shape or frame.dtype != np.uint8:
            raise InputError(f"{path}: {frame.dtype} {frame.shape}; legal: uint8 {shape}")
        return frame
    return read_picture(path, shape[0], (shape[1], shape[2]))
