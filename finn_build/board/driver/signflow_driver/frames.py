"""Frames from a folder, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError

import numpy as np

from .errors import InputError

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".npy")


def folder_frames(folder: str | Path, image_shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Images of a folder and those below it, by name, as uint8 (C, H, W); pictures are resized by Pillow.

    Raises:
        InputError: there are none, a file is damaged or holds more than 8 bits, or an .npy file is of another shape.
    """
    paths = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in _SUFFIXES)
    if not paths:
        raise InputError(f"{folder}: no images; legal: {', '.join(_SUFFIXES)}")
    for path in paths:
        try:
            frame = _load(path, image_shape)
        except (OSError, ValueError, EOFError, UnpicklingError) as error:
            raise InputError(f"{path}: not readable as an image: {error}") from error
        yield frame


def _load(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    channels, height, width = shape
    if path.suffix.lower() == ".npy":
        frame = np.load(path)
        if frame.shape != shape or frame.dtype != np.uint8:
            raise InputError(f"{path}: {frame.dtype} {frame.shape}; legal: uint8 {shape}")
        return frame
    from PIL import Image  # every PYNQ image has it; arrays do without

    with Image.open(path) as image:
        if image.mode[0] in "IF":  # what Pillow makes of them is white from 255 on
            raise InputError(f"{path}: pixels of {image.mode}; legal: 8 bits, grey or colour")
        resized = image.convert("L" if channels == 1 else "RGB").resize((width, height), Image.BILINEAR)  # type: ignore[attr-defined]
    return np.moveaxis(np.asarray(resized, np.uint8).reshape(height, width, channels), -1, 0)
