"""Write a folder's images smaller by a whole number, by means of blocks: what windows of that many pixels show.

An inspection whose windows are k times as large as the network's images gives the network means of k x k pixels, and
continues images that are smaller than a window by reflection. This makes such images of a whole folder, with masks and
index, from which patches can be cut (`brevitas_models.patches`) as the inspection will see them.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from brevitas_models.data.images import open_image, read_image, read_mask
from brevitas_models.data.index import Row, find_images
from brevitas_models.data.patches import write_index, write_row
from finn_build.errors import ConfigError, DataError
from finn_build.terminal import Parser, tells_errors, told

EXAMPLES = """\
example: windows of 192 pixels for a network of 96
  signflow shrink TILES --by 2 --least 96 --out half
  signflow patches half --side 96 --count 8 --free 8 --paste 16 --out windows
  signflow inspect best.pt --data TILES --side 192 --calibrate 0.05
"""


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(arguments)
    count = shrink(options.folder, options.out, options.by, options.least, options.margin)
    print(f"{options.out}: {count} images, {options.by} times smaller, with index.csv")
    return 0


def shrink(folder: Path, out: Path, by: int, least: int, margin: int = 0) -> int:
    """Write the images of a folder, grey, their masks and their index; returns how many.

    Args:
        folder: of images in any layout.
        out: new folder.
        by: pixels along each side of a block.
        least: smallest height and width of what is written.
        margin: pixels of black around each image, before.

    Raises:
        ConfigError: `out` holds something already, or a number is not positive.
        DataError: the folder has no images, or one cannot be read.
    """
    if by < 1 or least < 1 or margin < 0:
        raise ConfigError(
            f"--by {by} --least {least} --margin {margin}: the first two must be positive, 0 is no margin"
        )
    if out.exists() and any(out.iterdir()):
        raise ConfigError(f"{out}: not empty; choose another --out")
    rows = find_images(folder)
    if not rows:
        raise DataError(f"{folder}: no images")
    lines = []
    for row in told(rows, "images", len(rows)):
        image, mask = (np.pad(whole, margin) for whole in _whole(row))
        small = (block_means(mask * 255, by, least) > 127).astype(np.uint8)
        lines.append(write_row(row, Image.fromarray(block_means(image, by, least)), small, folder, out))
    write_index(out, lines)
    return len(rows)


def block_means(image: np.ndarray, by: int, least: int = 1) -> np.ndarray:
    """Means of blocks, rounded as `signflow_driver.inspection.cut` rounds them; rows and columns left over are dropped.

    Shapes:
        uint8 [H, W] to [max(H // by, least), max(W // by, least)].
    """
    height, width = (max(size // by, least) for size in image.shape)
    more = [(0, max(0, by * size - have)) for size, have in zip((height, width), image.shape, strict=True)]
    blocks = np.pad(image, more, mode="symmetric")[: height * by, : width * by].reshape(height, by, width, by)
    return ((blocks.astype(np.uint32).sum((1, 3)) + by * by // 2) // (by * by)).astype(np.uint8)


def _whole(row: Row) -> tuple[np.ndarray, np.ndarray]:
    """Image and mask, at their size."""
    with open_image(row.path) as opened:
        shape = opened.size[::-1]
    return read_image(row.path, shape)[0], read_mask(row, shape)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="signflow shrink",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="images, in any layout that training reads")
    parser.add_argument("--by", type=int, default=2, help="pixels along each side of a block (default: 2)")
    parser.add_argument(
        "--least", type=int, default=1, help="smallest height and width, reached by reflection (default: 1)"
    )
    parser.add_argument(
        "--margin", type=int, default=0, help="pixels of black around each image, as inspect --margin has (default: 0)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="new folder for the images")
    return parser


if __name__ == "__main__":
    sys.exit(main())
