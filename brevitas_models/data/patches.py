"""Cut a square patch out of each image of a folder, at its full resolution, so that it shows the image's defect.

Small defects of large images vanish when the whole is resized. The patch holds a random pixel of the defect's mask,
somewhere in its middle half; where there is no mask, or nothing on it, it lies anywhere. The choice follows from the
image's name, so it is always the same. Classes, groups, splits and folds stay what they are.
"""

import argparse
import csv
import sys
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.progress import track

from brevitas_models.data.folds import FOLDS
from brevitas_models.data.images import open_image, read_mask
from brevitas_models.data.index import Box, Row, find_images
from finn_build.errors import ConfigError, DataError, SignflowError

EXAMPLES = """\
example:
  python -m brevitas_models.patches TILES --side 96 --out patches
  python -m brevitas_models.train --data patches --set image_size=64 --out runs/tiles
"""


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        count = write_patches(options.folder, options.out, options.side)
    except (SignflowError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{options.out}: {count} patches of {options.side} pixels, with index.csv")
    return 0


def cut(rows: Sequence[Row], side: int) -> list[Row]:
    """The rows, each with the box of its patch; a side longer than an image is cut to fit.

    Raises:
        DataError: an image or a mask cannot be read.
    """
    return [replace(row, box=_box(row, side)) for row in rows]


def write_patches(folder: Path, out: Path, side: int) -> int:
    """Write the patches of a folder's images, their masks and their index; returns how many.

    Raises:
        ConfigError: `out` holds something already, or the side is not positive.
        DataError: the folder has no images, or one cannot be read.
    """
    if side < 1:
        raise ConfigError(f"--side {side}: it must be positive")
    if out.exists() and any(out.iterdir()):
        raise ConfigError(f"{out}: not empty; choose another --out")
    rows = cut(find_images(folder), side)
    if not rows:
        raise DataError(f"{folder}: no images")
    lines = []
    for row in track(rows, "patches", disable=not sys.stderr.isatty()):
        names = [_write(path, folder, row, out) if path else "" for path in (row.path, row.mask)]
        lines.append([names[0], row.label, row.group, row.split, row.fold, names[1]])
    with (out / "index.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["path", "class", "group", "split", f"fold{FOLDS}", "mask"], *lines])
    return len(rows)


def _box(row: Row, side: int) -> Box:
    """Of an image's patch."""
    with open_image(row.path) as image:
        width, height = image.size
    side = min(side, height, width)
    random = np.random.default_rng(zlib.crc32(row.path.name.encode()))
    shown = np.argwhere(read_mask(row.mask, (height, width)))
    if len(shown):
        corner = random.choice(shown) - random.integers(side // 4, side - side // 4, 2)
    else:
        corner = random.integers(0, (height - side + 1, width - side + 1))
    top, left = np.clip(corner, 0, (height - side, width - side)).tolist()
    return left, top, left + side, top + side


def _write(path: Path, folder: Path, row: Row, out: Path) -> str:
    """Write one patch as PNG; returns its path below `out`."""
    name = path.relative_to(folder).with_suffix(".png")
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    with open_image(path) as image:
        patch = image.crop(row.box)
    patch.save(out / name)
    return name.as_posix()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m brevitas_models.patches",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="images, in any layout that training reads")
    parser.add_argument("--side", type=int, default=96, help="of a patch, in pixels (default: 96)")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="new folder for the patches")
    return parser


if __name__ == "__main__":
    sys.exit(main())
