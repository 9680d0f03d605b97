"""Defects of some images laid over images without one: more surfaces for each defect than it was ever seen on.

A few tiles carry all cracks of a data set, and a network learns these tiles. The defect's brightness relative to the
surface around it is laid over windows of other surfaces, mirrored, larger or smaller, stronger or weaker, as far from
the edges as it was: cracks and breaks start there. A defect and what it is laid on are of one split and fold, so that
nothing leaks.

Source: Ghiasi et al., Simple copy-paste is a strong data augmentation method for instance segmentation, CVPR 2021;
the relative brightness is ours.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from brevitas_models.data.images import open_image, read_image, read_mask
from brevitas_models.data.index import FREE, Box, Row

SCALE, STRENGTH = (0.75, 1.33), (0.7, 1.3)
FEATHER = 1.5
"""Standard deviation in pixels of the soft edge."""


def pasted(places: Sequence[Row], rows: Sequence[Row], side: int) -> Iterator[tuple[Row, Image.Image, np.ndarray]]:
    """Each place as a window whose defect lies on another surface.

    Left out are places that show no defect, and those for whose split and fold there is no surface.

    Args:
        places: rows with the box around a defect.
        rows: of the index; those without a defect are the surfaces.
        side: of the windows, in pixels.

    Returns:
        For each the place, the window and its mask, uint8 [side, side] of 0 and 1.

    Raises:
        DataError: an image or a mask cannot be read.
    """
    surfaces: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row.label == FREE:
            surfaces[row.split, row.fold].append(row)
    for number, place in enumerate(places):
        random = np.random.default_rng((zlib.crc32(place.path.name.encode()), number))
        choice = surfaces[place.split, place.fold]
        source, mask, where = _defect(place, side, random)
        if choice and mask.any():
            surface = _window(choice[random.integers(len(choice))], side, where)
            yield place, Image.fromarray(lay(surface, source, mask, random.uniform(*STRENGTH))), mask


def lay(surface: np.ndarray, source: np.ndarray, mask: np.ndarray, strength: float) -> np.ndarray:
    """The masked part of `source` on `surface`: each pixel times its brightness relative to what surrounds the mask.

    Shapes:
        uint8 [H, W] each, the mask 0 or 1 and not all 0, to the same.
    """
    around = source if mask.all() else source[mask == 0]
    relative = source / max(float(np.median(around)), 1.0)
    share = np.clip(2 * ndimage.gaussian_filter(mask.astype(float), FEATHER), 0, 1)
    laid = surface * (1 + strength * share * (relative - 1))
    return np.clip(laid.round(), 0, 255).astype(np.uint8)


def _window(row: Row, side: int, where: np.ndarray) -> np.ndarray:
    """A square of an image, at a share of the way right and down; of one that is smaller, all of it."""
    return read_image(row.path, side, 1, _box(row.path, side, where))[0]


def _defect(place: Row, side: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the place's box shows, its mask, and how far right and down it lay: mirrored, larger or smaller."""
    assert place.box is not None
    length = round(side / random.uniform(*SCALE))
    with open_image(place.path) as opened:
        sizes = opened.size
    starts = [
        (a + b - length) / 2 / max(size - length, 1)
        for a, b, size in zip(place.box[:2], place.box[2:], sizes, strict=True)
    ]
    where = np.clip(starts, 0, 1)
    near = replace(place, box=_box(place.path, length, where))
    steps = random.choice([-1, 1], 2)  # down, right
    turns = tuple(slice(None, None, step) for step in steps)
    where = np.where(steps[::-1] < 0, 1 - where, where)
    return read_image(near.path, side, 1, near.box)[0][turns], read_mask(near, side)[turns], where


def _box(path: Path, side: int, where: np.ndarray) -> Box:
    """A square of an image; `where` says how far right and down it lies, each from 0 to 1."""
    with open_image(path) as image:
        side = min(side, *image.size)
        left, top = ((np.array(image.size) - side) * where).astype(int).tolist()
    return left, top, left + side, top + side
