"""Masks as people have them: which pixels of a mask's file mean a defect.

A mask has two values. Where one of them is black the other is the defect, whatever it is: 255, 1, class number 3, red;
of two others the brighter one. Palettes count by their colours; where all colours are the same, alpha is the mask.
Files that a lossy format or a resize has softened are split at the middle. What this does not settle is asked for: the
column `mask_values` of the index names the values that mean a defect: grey values, palette numbers, colours as RRGGBB.

A mask turned inside out has two values as well. All of a data set look so where most of their pixels are defects; one
of many where most of it and of its edge are, and the median one calls less than a quarter of its pixels defects.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from signflow_driver.errors import InputError
from signflow_driver.pictures import open_picture, upright

from finn_build.errors import DataError

LARGEST_SHARE = 0.5  # of the pixels, over all masks with a defect: above it they look inverted
_USUAL_SHARE = 0.25  # of a mask: where the median is below it, one above `LARGEST_SHARE` looks inverted
_SOFT = 0.1  # part of the range of values, at either end, in which softened pixels lie
_APART = 64  # that the two values of a softened mask are; class numbers in a lossy format are other ones behind it
_FEW = 0.1  # share of the pixels that may lie elsewhere
_CODED = 8  # so many values between the ends may be class numbers
_SHARED = 3  # pixels of one value, in the mean: fewer are the soft ones around a small defect, and no class


def defect_pixels(path: Path, shape: tuple[int, int], values: tuple[str, ...] = ()) -> np.ndarray:
    """Which pixels of a mask mean a defect.

    Args:
        path: of the mask.
        shape: height and width of its image, upright.
        values: what means a defect, as in the index; empty to find out.

    Shapes:
        bool [height, width].

    Raises:
        DataError: the file is missing or no picture, of another size than its image, or its values have no one meaning.
    """
    try:
        with open_picture(path) as image:
            plain = upright(_plain(image), image)
            found, lossy, named = np.asarray(plain), image.format in ("JPEG", "MPO", "WEBP"), _numbers(image)
            numbers = None if named is None else np.asarray(upright(named, image))
    except InputError as error:
        raise DataError(str(error)) from error
    if found.shape[:2] != shape:
        sizes = f"{found.shape[1]}x{found.shape[0]} pixels, its image {shape[1]}x{shape[0]}"
        raise DataError(f"{path}: the mask has {sizes}; give it the size and orientation of its image")
    if values:
        return _named(path, found, numbers, values)
    return _two_valued(path, found, lossy)


def require_defects(folder: Path, masks: np.ndarray, marked: np.ndarray, inferred: Sequence[Path | None]) -> None:
    """Look at the masks of a data set as a whole.

    Args:
        folder: of the data set.
        masks: uint8 [N, H, W], 1 on defects.
        marked: bool [N], whose file should show one.
        inferred: [N], files of whole masks whose values were found out and not named; None for others.

    Raises:
        DataError: none of those shows a defect, most of their pixels are defects, or one of them looks inverted.
    """
    share = float(masks[marked].mean()) if marked.any() else 0.1
    if share == 0:
        raise DataError(f"{folder}: all {marked.sum()} masks are empty: no pixel of any means a defect")
    if share > LARGEST_SHARE:
        raise DataError(
            f"{folder}: the masks call {share:.0%} of the pixels defects: are they inverted? Defects are bright on "
            "black; if yours are dark, say so in the index: column mask_values, 0"
        )
    shares = masks.mean(axis=(1, 2))
    edges = np.concatenate([masks[:, [0, -1]].reshape(len(masks), -1), masks[:, :, [0, -1]].reshape(len(masks), -1)], 1)
    unusual = marked & (shares > LARGEST_SHARE) & (edges.mean(axis=1) > LARGEST_SHARE)
    turned = [path for path, odd in zip(inferred, unusual, strict=True) if odd and path is not None]
    if turned and (usual := float(np.median(shares[marked]))) < _USUAL_SHARE:
        raise DataError(
            f"{turned[0]}: calls most of its pixels and of its edge defects, the usual mask of {folder} {usual:.1%} "
            f"({len(turned)} such masks): is it inverted? Name the values that mean a defect in the index, column "
            "mask_values"
        )


def _plain(image: Image.Image) -> Image.Image:
    """As one channel of numbers, or as RGB."""
    if image.mode in ("1", "L", "I", "F") or image.mode.startswith("I;"):
        return image.convert("L") if image.mode == "1" else image
    coloured = image.convert("RGBA")
    alpha = np.asarray(coloured.getchannel("A"))
    pixels = np.asarray(coloured.convert("RGB"))
    if alpha.min() == 255:
        return coloured.convert("RGB")
    if (pixels == pixels[:1, :1]).all():
        return coloured.getchannel("A")
    return Image.composite(coloured, Image.new("RGBA", image.size, (0, 0, 0, 255)), coloured).convert("RGB")


def _numbers(image: Image.Image) -> Image.Image | None:
    """The numbers of a palette's colours, where there is one."""
    return Image.fromarray(np.asarray(image)) if image.mode == "P" else None


def _two_valued(path: Path, pixels: np.ndarray, lossy: bool) -> np.ndarray:
    """The brighter of two values."""
    codes = pixels if pixels.ndim == 2 else _codes(pixels)
    values, where = np.unique(codes, return_inverse=True)
    brightness = values.astype(float) if pixels.ndim == 2 else _brightness(values)
    if len(values) == 1:
        return np.full(codes.shape, brightness[0] > 0)
    order = np.argsort(brightness)
    low, high = brightness[order[0]], brightness[order[-1]]
    if len(values) == 2 and low < high and (high - low >= _APART or not lossy):
        return (where == order[1]).reshape(codes.shape)
    place = (brightness[where].reshape(codes.shape) - low) / max(high - low, 1e-9)
    between = (place > _SOFT) & (place < 1 - _SOFT)
    scattered = ((place > 0) & (place < 1)).sum() < _SHARED * (len(values) - 2)
    softened = lossy or len(np.unique(codes[between])) > _CODED or scattered
    if high - low >= _APART and softened and between.mean() < _FEW:
        return place > 0.5
    listed = ", ".join(_text(value, pixels.ndim) for value in values[:8]) + (", ..." if len(values) > 8 else "")
    raise DataError(
        f"{path}: {len(values)} values ({listed}): which mean a defect? Name them in the index, column mask_values, "
        "separated by blanks"
    )


def _named(path: Path, pixels: np.ndarray, numbers: np.ndarray | None, values: tuple[str, ...]) -> np.ndarray:
    try:
        colours = {int(v, 16) for v in values if len(v) == 6}
        plain = {float(v) for v in values if len(v) != 6}
    except ValueError as error:
        raise DataError(f"{path}: mask_values {' '.join(values)}; legal: numbers, or colours as RRGGBB") from error
    codes = pixels if pixels.ndim == 2 else _codes(pixels)
    grey = pixels if pixels.ndim == 2 else pixels[..., 0]
    single = np.ones(codes.shape, bool) if pixels.ndim == 2 else (pixels == pixels[..., :1]).all(-1)
    found = np.isin(codes, list(colours)) if pixels.ndim == 3 else np.zeros(codes.shape, bool)
    return found | (np.isin(numbers, list(plain)) if numbers is not None else np.isin(grey, list(plain)) & single)


def _codes(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])


def _brightness(codes: np.ndarray) -> np.ndarray:
    return ((codes >> 16) * 299 + (codes >> 8 & 255) * 587 + (codes & 255) * 114) / 1000


def _text(value: float, rank: int) -> str:
    return f"{value:g}" if rank == 2 else f"{int(value):06x}"
