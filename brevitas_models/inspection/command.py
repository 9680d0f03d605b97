"""Inspect whole images: windows slide over each, what the network says of them is joined to a class, score and mask.

Images are of any size. Each has a score, and above a threshold it has a defect. --calibrate chooses the threshold on
the validation images, so that at most the wanted share of those without a defect raise an alarm; --save keeps windows
and threshold in the checkpoint, from which an accelerator's driver takes them (`Accelerator.inspect`). For each split
of labelled images, the command prints false alarms, defects found, accuracy and mean F1 of the classes. --out gets
results.csv (a line per image), curves.json and curves.png (ROC, precision and recall) and pictures of the masks.
"""

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path

from signflow_driver.inspection import JOINS, Inspection

from brevitas_models.data.index import SPLITS
from brevitas_models.experiments.integer_outputs import InIntegers
from brevitas_models.inspection.images import Inspected, find, in_torch, inspect
from brevitas_models.inspection.report import describe, print_summary, scores, write_report
from brevitas_models.inspection.windows import choose
from brevitas_models.networks.description import Description
from brevitas_models.networks.zoo import load_checkpoint, pretrained_path, read_checkpoint_file, save_checkpoint
from finn_build.errors import DataError
from finn_build.terminal import tells_errors, told

EXAMPLES = """\
examples:
  signflow inspect bi_shufflenet_tile --data TILES --out report            (shipped weights)
  signflow inspect runs/tiles/best.pt --data TILES --calibrate 0.05 --save tiles.pt
  signflow inspect tiles.pt --data PHOTOS --out found                      (images without labels)
"""


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(arguments)
    _run(options)
    return 0


def _run(options: argparse.Namespace) -> None:
    named = Path(options.checkpoint)
    checkpoint = named if named.is_file() or named.suffix else pretrained_path(options.checkpoint)
    model, _, meta = load_checkpoint(checkpoint)
    description = Description(model.task == "mask", model.classes, model.image_size, meta.metrics)
    inspection = choose(options, description)
    rows = find(options.data)
    if options.split:
        rows = [row for row in rows if row.split in options.split]
    outputs = InIntegers(checkpoint) if options.integers else in_torch(model)
    found = list(inspect(told(rows, "images", len(rows)), model, outputs, inspection))
    if options.calibrate is not None:
        inspection, found = _calibrate(found, inspection, options.calibrate, model.classes)
    if options.save:
        metrics = dict(read_checkpoint_file(checkpoint, ("metrics",))["metrics"])
        save_checkpoint(options.save, model, metrics | {"inspection": asdict(inspection)})
    print(describe(inspection))
    print_summary(found, inspection, model)
    if options.out:
        write_report(found, inspection, model, options.out)


def _calibrate(
    found: list[Inspected], inspection: Inspection, rate: float, classes: tuple[str, ...]
) -> tuple[Inspection, list[Inspected]]:
    """The threshold for a rate of false alarms on val, and all verdicts by it.

    Raises:
        DataError: there are no validation images of both kinds.
    """
    val = [image for image in found if image.row.split == "val"]
    if not val:
        raise DataError(f"--calibrate: no image of split val; splits of this data: {_splits(found)}")
    point = scores(val).choose(rate)
    mean = sum(len(image.verdict.places) for image in val) / len(val)
    inspection = replace(inspection, **asdict(point), windows=round(mean, 2))
    return inspection, [image.judged_again(inspection, classes) for image in found]


def _splits(found: list[Inspected]) -> str:
    return ", ".join(sorted({image.row.split for image in found} - {""})) or "none"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="signflow inspect",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", help="file written by signflow train, or the name of shipped weights")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="images, in any layout")
    parser.add_argument("--split", nargs="+", choices=SPLITS, default=[], help="these images only (default: all)")
    parser.add_argument("--side", type=int, help="of a window in pixels (default: the checkpoint's, or the network's)")
    parser.add_argument("--stride", type=int, help="from window to window (default: the checkpoint's, or half a side)")
    parser.add_argument("--join", choices=JOINS, help="the largest score of the windows, or that of their mean logits")
    parser.add_argument("--margin", type=int, help="pixels of black around images (default: the checkpoint's, or none)")
    parser.add_argument("--threshold", type=float, help="instead of the checkpoint's")
    parser.add_argument(
        "--calibrate", type=float, metavar="RATE", help="choose the threshold for this share of false alarms on val"
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="the checkpoint with windows and threshold")
    parser.add_argument("--integers", action="store_true", help="compute in the integer model of the accelerator")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="for a line per image, curves and pictures")
    return parser


if __name__ == "__main__":
    sys.exit(main())
