"""Measure a trained network on a folder of labelled images: confusions of classes, or the paper's metrics of masks.

Every split of the folder is measured on its own; a folder without splits as a whole, though train may have seen it. The
figures are of PyTorch in eval mode, which is the arithmetic of the hardware for networks that have a hardware form.
With --integers they are computed once more in the integer model of the accelerator, and have to be the same.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from rich.table import Table
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_confusion_matrix,
    multiclass_f1_score,
)

from brevitas_models.data.images import SPLITS, ImageSet, load_folder, match_classes, summary, to_float
from brevitas_models.experiments.integer_outputs import integer_outputs
from brevitas_models.networks.network import Network
from brevitas_models.networks.zoo import load_checkpoint, pretrained_path
from brevitas_models.training.measure import logits_of
from brevitas_models.training.tasks import Segmentation
from finn_build.errors import DataError
from finn_build.terminal import open_console, plain, tells_errors

EXAMPLES = """\
examples:
  signflow evaluate runs/steel/best.pt --data FOLDER
  signflow evaluate bi_shufflenet --data FOLDER --integers       (shipped weights, by name)
  signflow evaluate bi_shufflenet_tile --data PATCHES
      (trained on what signflow shrink and .patches --side 96 make of Magnetic Tile: docs/weights.md)
"""


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(arguments)
    named = Path(options.checkpoint)
    path = named if named.is_file() or named.suffix else pretrained_path(options.checkpoint)
    model = load_checkpoint(path)[0]
    data = _load(options.data, model)
    print(summary(options.data, data), file=sys.stderr)
    console = open_console(120)
    for table in (_masks if model.task == "mask" else _classes)(model, data, path.name):
        console.print(table)
    if options.integers:
        outputs = integer_outputs(path, data)
        print(f"integer model: all {outputs.size:,} outputs for {len(data)} images are PyTorch's")
    return 0


def _load(folder: Path, model: Network) -> ImageSet:
    """The images that the network can be measured on.

    Raises:
        DataError: they have no labels, or classes that the network does not know.
    """
    size, channels = model.image_size, model.config.in_channels
    if model.task == "mask":
        return load_folder(folder, size, channels, classes=model.classes, masks=True)
    data = load_folder(folder, size, channels)
    if not data.classes:
        raise DataError(f"{folder}: no labels; add an index.csv with a column class, or a sub-folder per class")
    return match_classes(data, model.classes)


def _parts(data: ImageSet) -> Iterator[tuple[str, ImageSet]]:
    found = [split for split in SPLITS if split in set(data.splits.tolist())]
    yield from ((split, data.split(split)) for split in found)
    if not found:
        yield "all", data


def _masks(model: Network, data: ImageSet, name: str) -> list[Table]:
    """The paper's metrics over all pixels, a row per split."""
    task = Segmentation()
    measured = [
        (split, len(part), task.measure(model, torch.from_numpy(to_float(part.images)), task.targets(part)))
        for split, part in _parts(data)
    ]
    metrics = [metric for metric in measured[0][2] if metric != "loss"]
    table = _table(name, "split", "images", *metrics)
    for split, images, numbers in measured:
        table.add_row(split, str(images), *(f"{numbers[metric]:.4f}" for metric in metrics))
    return [table]


def _classes(model: Network, data: ImageSet, name: str) -> list[Table]:
    """Accuracy and the classes' mean F1, a row per split; then the confusions of each, as in figure 5 of the paper."""
    count = len(data.classes)
    summary = _table(name, "split", "images", "accuracy", "macro_f1")
    tables = [summary]
    for split, part in _parts(data):
        labels, logits = torch.from_numpy(part.labels), logits_of(model, torch.from_numpy(to_float(part.images)))
        accuracy = multiclass_accuracy(logits, labels, count, average="micro")
        summary.add_row(split, str(len(part)), f"{accuracy:.4f}", f"{multiclass_f1_score(logits, labels, count):.4f}")
        confusions = _table(f"{split}: answers to images of each class", "class", *data.classes)
        for truth, row in zip(data.classes, multiclass_confusion_matrix(logits, labels, count).tolist(), strict=True):
            confusions.add_row(plain(truth), *map(str, row))
        tables.append(confusions)
    return tables


def _table(title: str, *columns: str) -> Table:
    table = Table(title=plain(title), title_justify="left")
    for number, name in enumerate(columns):
        table.add_column(plain(name), justify="right" if number else "left")
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="signflow evaluate",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", help="file written by signflow train, or the name of shipped weights")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="labelled images, or masks")
    parser.add_argument("--integers", action="store_true", help="compute all outputs in the integer model too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
