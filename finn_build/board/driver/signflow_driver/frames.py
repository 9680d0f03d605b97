"""Frames from a folder, one after the other."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from pickle import UnpicklingError

import numpy as np

from .errors import InputError
from .pictures import SUFFIXES, hidden, read_picture

_ARRAYS = (".npy", ".csv", ".wav")
_IMAGES = (*SUFFIXES, ".npy")


def folder_frames(folder: str | Path, image_shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Images, or signals, of a folder and those below it, by name, as uint8; pictures are resized by Pillow.

    Signals and vectors may be float32 too, as the network takes them. A .csv file holds a sample a line, its channels
    between commas, a vector in one line: bytes where all are whole numbers from 0 to 255, else floats. A .wav file
    of PCM gives floats from -1 to 1.

    Args:
        folder: of the files.
        image_shape: (C, H, W), (C, L) of signals, or (F,) of vectors.

    Raises:
        InputError: there are none, a file is damaged or has no one meaning, or an array is of another shape.
    """
    for path in folder_paths(folder, signals=len(image_shape) < 3):
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
        frame = _READERS[path.suffix.lower()](path)
        frame = frame.reshape(shape) if len(shape) == 1 and frame.size == shape[0] else frame
        legal = (np.uint8,) if len(shape) == 3 else (np.uint8, np.float32)
        if frame.shape != shape or frame.dtype not in legal:
            kinds = " or ".join(np.dtype(k).name for k in legal)
            raise InputError(f"{path}: {frame.dtype} {frame.shape}; legal: {kinds} {shape}")
        return frame
    if len(shape) != 3:
        raise InputError(f"{path}: a picture, the network takes arrays {shape}; legal: {', '.join(_ARRAYS)}")
    return read_picture(path, shape[0], (shape[1], shape[2]))


def _table(path: Path) -> np.ndarray:
    """A signal (C, L) of a text file of L lines; uint8 where its numbers are, else float32."""
    values = np.loadtxt(path, delimiter=",", ndmin=2).T
    whole = values.size and np.array_equal(values, values.clip(0, 255).round())
    return values.astype(np.uint8 if whole else np.float32)


def _sound(path: Path) -> np.ndarray:
    """A signal (C, L), float32 from -1 to 1, of a file of PCM samples.

    Raises:
        InputError: samples of other widths.
    """
    try:
        with wave.open(str(path)) as file:
            width, channels, data = file.getsampwidth(), file.getnchannels(), file.readframes(file.getnframes())
    except wave.Error as error:
        raise InputError(f"{path}: no sound of PCM samples ({error})") from error
    if width not in (1, 2, 4):
        raise InputError(f"{path}: samples of {8 * width} bits; legal: 8, 16, 32")
    samples = np.frombuffer(data, f"<{'u' if width == 1 else 'i'}{width}").astype(np.float64) - 128 * (width == 1)
    return (samples / (1 << 8 * width - 1)).astype(np.float32).reshape(-1, channels).T


_READERS: dict[str, Callable[[Path], np.ndarray]] = {".npy": np.load, ".csv": _table, ".wav": _sound}
