"""Cut square patches out of each image of a folder, at its full resolution, so that they show the image's defect.

Small defects of large images vanish when the whole is resized. A patch holds a random pixel of the defect's mask,
somewhere in its middle half; where there is no mask, or nothing on it, it lies anywhere. The choice follows from the
image's name, so it is always the same. Classes, groups, splits and folds stay what they are. With --free, patches that
show nothing of the defect are cut too, and are of class free: what a window that slides over an image mostly sees.
With --paste, more patches are made of the defects of split train, laid over its images of class free.
"""

import argparse
import csv
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image

from brevitas_models.data.folds import FOLDS
from brevitas_models.data.images import open_image, read_mask
from brevitas_models.data.index import FREE, Box, Row, find_images
from brevitas_models.data.paste import pasted
from finn_build.errors import ConfigError, DataError
from finn_build.terminal import Parser, tells_errors, told

TRIES = 8
EXAMPLES = """\
example:
  signflow patches TILES --side 96 --out patches
  signflow train --data patches --set image_size=64 --out runs/tiles
  signflow patches TILES --side 96 --count 12 --free 3 --paste 12 --out windows
"""


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(arguments)
    count = write_patches(options.folder, options.out, options.side, options.count, options.free, options.paste)
    print(f"{options.out}: {count} patches of {options.side} pixels, with index.csv")
    return 0


def cut(rows: Sequence[Row], side: int, count: int = 1, free: int = 0) -> list[Row]:
    """The rows, each as often as it has patches, with the box of each; a side longer than an image is cut to fit.

    Args:
        rows: of an index.
        side: of a patch, in pixels.
        count: patches of each image that show its defect; of images without one there are `free`, but at least one.
        free: patches of each image with a mask that show nothing of it, as far as they are found.

    Raises:
        DataError: an image or a mask cannot be read.
    """
    return [patch for row in rows for patch in _patches(row, side, count, free)]


def write_patches(folder: Path, out: Path, side: int, count: int = 1, free: int = 0, paste: int = 0) -> int:
    """Write the patches of a folder's images, their masks and their index; returns how many.

    Raises:
        ConfigError: `out` holds something already, or the side is not positive.
        DataError: the folder has no images, or one cannot be read.
    """
    for name, value, least in (("side", side, 1), ("count", count, 1), ("free", free, 0), ("paste", paste, 0)):
        if value < least:
            raise ConfigError(f"--{name} {value}: it must be {'positive' if least else 'zero or more'}")
    if out.exists() and any(out.iterdir()):
        raise ConfigError(f"{out}: not empty; choose another --out")
    rows = find_images(folder)
    patches = cut(rows, side, count, free)
    if not patches:
        raise DataError(f"{folder}: no images")
    defects = [row for row in rows if row.split == "train" and row.label != FREE and row.mask]
    places = cut(defects, side, paste)
    several, numbers = count > 1 or free > 0 or paste > 0, Counter[Path]()
    lines = []
    made = chain(map(_patch, patches), pasted(places, rows, side))
    for row, patch, mask in told(made, "patches", len(patches) + len(places)):
        suffix = f"_{numbers[row.path]:02}" if several else ""
        numbers[row.path] += 1
        lines.append(write_row(row, patch, mask, folder, out, suffix))
    write_index(out, lines)
    return len(lines)


def _patches(row: Row, side: int, count: int, free: int) -> Iterator[Row]:
    """Of one image; the first is the same whatever the counts."""
    with open_image(row.path) as image:
        width, height = image.size
    side = min(side, height, width)
    random = np.random.default_rng(zlib.crc32(row.path.name.encode()))
    mask = read_mask(row, (height, width))
    shown = np.argwhere(mask)
    for _ in range(count if len(shown) else max(1, free)):
        if len(shown):
            corner = random.choice(shown) - random.integers(side // 4, side - side // 4, 2)
        else:
            corner = random.integers(0, (height - side + 1, width - side + 1))
        yield replace(row, box=_box(corner, side, height, width))
    if not len(shown):
        return
    corners = random.integers(0, (height - side + 1, width - side + 1), (TRIES * free, 2))
    clear = [(top, left) for top, left in corners if not mask[top : top + side, left : left + side].any()]
    for corner in clear[:free]:
        yield replace(row, box=_box(np.array(corner), side, height, width), label=FREE)


def _box(corner: np.ndarray, side: int, height: int, width: int) -> Box:
    """The patch with this top left corner, moved into the image."""
    top, left = np.clip(corner, 0, (height - side, width - side)).tolist()
    return left, top, left + side, top + side


def _patch(row: Row) -> tuple[Row, Image.Image, np.ndarray]:
    """Image and mask, of 0 and 1, of a row with a box."""
    with open_image(row.path) as image:
        patch = image.crop(row.box)
    return row, patch, read_mask(row, patch.size[::-1])


def write_row(row: Row, picture: Image.Image, mask: np.ndarray, folder: Path, out: Path, suffix: str = "") -> list[str]:
    """Write what was made of a row's image, and of its mask, 0 and 1, where it has one; returns their index line."""
    line = [_write_png(picture, row.path, folder, out, suffix), row.label, row.group, row.split, row.fold]
    if row.mask is not None:
        line += [_write_png(Image.fromarray(mask * np.uint8(255)), row.mask, folder, out, suffix), "255"]
    return line


def write_index(out: Path, lines: Sequence[Sequence[str]]) -> None:
    """The index of a new folder; it names the value that means a defect, for a part of one may be white all over."""
    with (out / "index.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["path", "class", "group", "split", f"fold{FOLDS}", "mask", "mask_values"], *lines])


def _write_png(picture: Image.Image, path: Path, folder: Path, out: Path, suffix: str) -> str:
    """Write a picture as PNG below `out`, where `path` is below `folder`; returns that place."""
    name = path.relative_to(folder).with_suffix("")
    name = name.with_name(f"{name.name}{suffix}.png")
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    picture.save(out / name)
    return name.as_posix()


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="signflow patches",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="images, in any layout that training reads")
    parser.add_argument("--side", type=int, default=96, help="of a patch, in pixels (default: 96)")
    parser.add_argument("--count", type=int, default=1, help="patches of each image that show its defect (default: 1)")
    parser.add_argument(
        "--free", type=int, default=0, help="patches of each image that show none, of class free (default: 0)"
    )
    parser.add_argument(
        "--paste", type=int, default=0, help="patches of each image's defect on another of class free (default: 0)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="new folder for the patches")
    return parser


if __name__ == "__main__":
    sys.exit(main())
