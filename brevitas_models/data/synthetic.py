"""Procedural steel surfaces with six kinds of defects and their masks: everything runs with no data set.

The classes are those of the NEU surface defect database. Images are seeded: image i of a seed never changes.
As a command it writes a folder in the layout that `brevitas_models.data.images` reads.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import track

from brevitas_models.data.atomic import write_atomically
from brevitas_models.data.images import ImageSet
from finn_build.errors import ConfigError
from finn_build.terminal import Parser, tells_errors

CLASSES = ("crazing", "inclusion", "patches", "pitted_surface", "rolled-in_scale", "scratches")
COLUMNS = ("path", "class", "group", "width", "height", "mask", "defect_frac", "split", "fold5")
MIN_SIZE = 16
SPLIT_OF_ROUND = ("train", "test", "train", "train", "val", "train", "train", "test", "train", "train")

Layer = tuple[np.ndarray, np.ndarray]
"""A defect's mask [size, size] bool and the change of brightness it makes there [size, size] float."""


def make_dataset(n: int, size: int = 64, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw `n` grey images, the classes in turn.

    Args:
        n: number of images.
        size: height and width in pixels, at least 16.
        seed: with the image's index, decides every pixel.

    Shapes:
        images [n, 1, size, size] uint8, labels [n] int64, masks [n, size, size] bool.

    Raises:
        ConfigError: `n` or `size` is too small.
    """
    if n < 1 or size < MIN_SIZE:
        raise ConfigError(f"synthetic: images={n}, size={size}; need at least 1 image of at least {MIN_SIZE} pixels")
    labels = np.arange(n) % len(CLASSES)
    drawn = [_draw(int(label), size, np.random.default_rng((seed, i))) for i, label in enumerate(labels)]
    images = np.stack([image for image, _ in drawn])[:, None]
    return images, labels.astype(np.int64), np.stack([mask for _, mask in drawn])


def splits_for(n: int) -> np.ndarray:
    """Splits 7:1:2, each class spread alike over them, for images in the order of `make_dataset`."""
    round_of = np.arange(n) // len(CLASSES)
    return np.array(SPLIT_OF_ROUND)[round_of % len(SPLIT_OF_ROUND)]


def make_image_set(n: int, size: int = 64, seed: int = 0) -> ImageSet:
    """`make_dataset` as the data of a training.

    Raises:
        ConfigError: `n` or `size` is too small.
    """
    images, labels, masks = make_dataset(n, size, seed)
    names = tuple(f"{CLASSES[label]}_{index}" for index, label in enumerate(labels))
    return ImageSet(images, labels, names, CLASSES, splits_for(n), masks.astype(np.uint8))


def write_dataset(out: Path, n: int, size: int = 200, seed: int = 0) -> Path:
    """Write images, masks and index.csv; the index comes last and complete.

    Returns:
        The path of index.csv.

    Raises:
        ConfigError: `n` or `size` is too small.
    """
    rows = []
    for index in track(range(n), "drawing", console=Console(stderr=True)):
        label = index % len(CLASSES)
        image, mask = _draw(label, size, np.random.default_rng((seed, index)))
        stem = f"{CLASSES[label]}/{CLASSES[label]}_{index}.png"
        for kind, pixels in (("images", image), ("masks", mask.astype(np.uint8) * 255)):
            (out / kind / stem).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(out / kind / stem)
        rows.append((f"images/{stem}", CLASSES[label], stem, size, size, f"masks/{stem}", f"{mask.mean():.6f}"))
    return write_atomically(out / "index.csv", lambda path: _write_index(path, rows))


def _write_index(path: Path, rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for index, (row, split) in enumerate(zip(rows, splits_for(len(rows)), strict=True)):
            writer.writerow([*row, split, index // len(CLASSES) % 5])


def _draw(label: int, size: int, random: np.random.Generator) -> Layer:
    """One image as uint8 and its mask."""
    grain = _noise(random, size, 0.6, 0.6) * 0.03 + _noise(random, size, 0.3 * size, 2.0) * 0.03
    light = _noise(random, size, 0.5 * size, 0.5 * size) * 0.05
    surface = random.uniform(0.4, 0.65) + grain + light
    mask, change = _DEFECTS[CLASSES[label]](random, size)
    image = np.where(mask, surface + change, surface)
    return (image.clip(0.0, 1.0) * 255).round().astype(np.uint8), mask


def _noise(random: np.random.Generator, size: int, sigma_y: float, sigma_x: float) -> np.ndarray:
    """Gaussian noise smoothed over (sigma_y, sigma_x) pixels, mean 0 and standard deviation 1."""
    frequency = np.fft.fftfreq(size)
    response = np.exp(-2 * np.pi**2 * ((sigma_y * frequency[:, None]) ** 2 + (sigma_x * frequency) ** 2))
    smooth = np.fft.ifft2(np.fft.fft2(random.standard_normal((size, size))) * response).real
    return (smooth - smooth.mean()) / max(float(smooth.std()), 1e-9)


def _crazing(random: np.random.Generator, size: int) -> Layer:
    """A network of fine dark cracks, mostly across the rolling direction."""
    fine = _noise(random, size, 0.025 * size, 0.06 * size)
    return np.abs(fine) < random.uniform(0.12, 0.22), np.full((size, size), -random.uniform(0.12, 0.25))


def _inclusion(random: np.random.Generator, size: int) -> Layer:
    """A few ragged dark streaks along the rolling direction."""
    y, x = np.mgrid[:size, :size] / size
    ragged = _noise(random, size, 0.04 * size, 0.01 * size) * 0.35
    mask = np.zeros((size, size), dtype=bool)
    for _ in range(random.integers(1, 4)):
        centre_y, centre_x = random.uniform(0.2, 0.8, 2)
        height, width = random.uniform(0.15, 0.4), random.uniform(0.03, 0.06)
        mask |= ((y - centre_y) / height) ** 2 + ((x - centre_x) / width) ** 2 + ragged < 1.0
    return mask, np.full((size, size), -random.uniform(0.2, 0.35))


def _patches(random: np.random.Generator, size: int) -> Layer:
    """Large blotches, lighter or darker than the surface."""
    coarse = _noise(random, size, 0.1 * size, 0.1 * size)
    sign = random.choice((-1.0, 1.0))
    return coarse > random.uniform(0.5, 1.1), np.full((size, size), sign * random.uniform(0.15, 0.3))


def _pitted(random: np.random.Generator, size: int) -> Layer:
    """Many small dark pits."""
    y, x = np.mgrid[:size, :size] / size
    mask = np.zeros((size, size), dtype=bool)
    for centre_y, centre_x in random.uniform(0.0, 1.0, (random.integers(12, 40), 2)):
        mask |= (y - centre_y) ** 2 + (x - centre_x) ** 2 < random.uniform(0.012, 0.03) ** 2
    return mask, np.full((size, size), -random.uniform(0.2, 0.35))


def _rolled_in(random: np.random.Generator, size: int) -> Layer:
    """Scale pressed into the surface: speckled bands across it, light beside dark."""
    band = _noise(random, size, 0.12 * size, 0.4 * size) > 0.0
    speckle = _noise(random, size, 0.012 * size, 0.03 * size)
    return band & (np.abs(speckle) > 0.7), np.sign(speckle) * random.uniform(0.1, 0.2)


def _scratches(random: np.random.Generator, size: int) -> Layer:
    """A few bright straight lines, mostly along the rolling direction."""
    y, x = np.mgrid[:size, :size] / size
    mask = np.zeros((size, size), dtype=bool)
    for _ in range(random.integers(1, 5)):
        angle = random.normal(0.0, 0.25)
        start, end = np.sort(random.uniform(0.0, 1.0, 2))
        across = (x - random.uniform(0.15, 0.85)) * np.cos(angle) - (y - 0.5) * np.sin(angle)
        end = max(end, start + 0.35)
        mask |= (np.abs(across) < random.uniform(0.008, 0.018)) & (y > start) & (y < end)
    return mask, np.full((size, size), random.uniform(0.25, 0.4))


_DEFECTS: dict[str, Callable[[np.random.Generator, int], Layer]] = dict(
    zip(CLASSES, (_crazing, _inclusion, _patches, _pitted, _rolled_in, _scratches), strict=True)
)


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = Parser(
        prog="signflow synthetic",
        description=__doc__,
        epilog="example: signflow synthetic out/surfaces --images 600",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="OUTDIR", help="folder to write: images/, masks/, index.csv")
    parser.add_argument("--images", type=int, default=600, help="number of images, the classes in turn")
    parser.add_argument("--size", type=int, default=200, help="height and width in pixels")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other images")
    options = parser.parse_args(arguments)
    if options.images < 1 or options.size < MIN_SIZE:
        raise ConfigError(f"--images must be at least 1 and --size at least {MIN_SIZE}")
    print(write_dataset(options.folder, options.images, options.size, options.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
