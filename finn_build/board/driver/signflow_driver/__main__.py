"""The driver on its own: `python -m signflow_driver COMMAND`, or `signflow-driver COMMAND`, on the board, as root.

throughput              frames a second and latency, by the hardware's counters
infer FOLDER            a line for each image of a folder: its class, or the share of defect pixels
inspect FOLDER          a line for each image of any size: label, score, alarm or not; masks with --out
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from .accelerator import FRAMES_PER_JOB, Accelerator
from .errors import DriverError
from .frames import folder_frames, folder_paths
from .meaning import OF_IMAGES
from .options import Parser
from .pictures import open_picture, read_picture, upright


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 1 for an error, one line on stderr."""
    options = _parser().parse_args(words)
    try:
        with Accelerator(options.bit, download=not options.keep) as accelerator:
            for line in options.command(accelerator, options):
                print(line, flush=True)
    except (DriverError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def throughput(accelerator: Accelerator, options: argparse.Namespace) -> Iterator[str]:
    """Random frames back to back; the rate is of hardware and memory, the host's packing goes on meanwhile."""
    shape = (FRAMES_PER_JOB, *accelerator.description.image_shape)
    frames = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    accelerator.clear_counters()
    for _ in accelerator.stream(frames for _ in range(options.jobs)):
        pass
    found = accelerator.performance()
    yield f"{found.frames} frames, {found.fps:,.1f} frames/s, latency {found.latency_ms:.3f} ms"
    yield from (f"{s.name}: {s.stalled:,} cycles stalled, {s.starved:,} starved" for s in found.streams)


def infer(accelerator: Accelerator, options: argparse.Namespace) -> Iterator[str]:
    """Images scaled to the network's size, so many at once as a job takes."""
    shape = accelerator.description.image_shape
    images = zip(folder_paths(options.folder, len(shape) == 2), folder_frames(options.folder, shape), strict=True)
    of_images = any(tail.meaning.kind in OF_IMAGES for tail in accelerator.description.tails)
    for paths, frames in _batches(images):
        if of_images:
            told: Iterable[str] = accelerator.classify(frames)
        else:
            found = (accelerator.segment(frames) > 0).reshape(len(frames), -1)
            told = (f"{share:.4f} of its pixels" for share in found.mean(1))
        yield from (f"{path.relative_to(options.folder)}: {said}" for path, said in zip(paths, told, strict=True))


def inspect(accelerator: Accelerator, options: argparse.Namespace) -> Iterator[str]:
    """Images as they are, by windows and the threshold of the checkpoint."""
    channels = accelerator.description.image_shape[0]
    for path in folder_paths(options.folder):
        with open_picture(path) as picture:
            width, height = upright(picture, picture).size
        found = accelerator.inspect(read_picture(path, channels, (height, width)))
        inspection = accelerator.description.inspection
        alarm = "alarm" if inspection and found.score > inspection.threshold else "free"
        yield f"{path.relative_to(options.folder)}: {found.label}, score {found.score:.4g}, {alarm}"
        if options.out:
            from PIL import Image  # every PYNQ image has it; the other commands do without

            place = (options.out / path.relative_to(options.folder)).with_suffix(".png")
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(found.mask * np.uint8(255)).save(place)


def _batches(images: Iterator[tuple[Path, np.ndarray]]) -> Iterator[tuple[tuple[Path, ...], np.ndarray]]:
    while batch := list(islice(images, FRAMES_PER_JOB)):
        paths, frames = zip(*batch, strict=True)
        yield paths, np.stack(frames)


def _parser() -> argparse.ArgumentParser:
    parser = Parser("signflow-driver", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bit", type=Path, default=Path("accelerator.bit"), help="(default: accelerator.bit)")
    parser.add_argument("--keep", action="store_true", help="take the bitstream that the chip has")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (throughput, infer, inspect):
        words = commands.add_parser(command.__name__, help=command.__doc__, description=command.__doc__)
        words.set_defaults(command=command)
        if command is throughput:
            words.add_argument("--jobs", type=int, default=16, help=f"of {FRAMES_PER_JOB} frames (default: 16)")
        else:
            words.add_argument("folder", type=Path)
        if command is inspect:
            words.add_argument("--out", type=Path, help="folder for the masks, as PNG")
    return parser


if __name__ == "__main__":
    sys.exit(main())
