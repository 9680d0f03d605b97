"""Train a binary network in two steps: first with real-valued weights, then with binary ones.

Step 1 finds the shape of RSign, RPReLU or RSiLU with activations already quantized; step 2 starts from its
result, makes the weights binary and trains on. The output folder gets last.pt after every epoch (what
--resume continues from), best.pt (best on validation, ready to export) and metrics.json (accuracy per
split, measured in the arithmetic of the hardware). A network whose output is a mask (u_binet_...) is trained on
the masks of the images: metrics.json has the metrics of the paper, and overlays/ shows some images of test, each
with its true and its predicted mask.
"""

import argparse
import json
import sys
from collections.abc import Collection
from dataclasses import asdict, fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from brevitas_models.data.atomic import write_atomically
from brevitas_models.data.augment import Augmentation
from brevitas_models.data.folds import FOLDS
from brevitas_models.data.images import SPLITS, ImageSet, load_folder, summary, to_float
from brevitas_models.data.synthetic import make_image_set
from brevitas_models.networks.configs.rivals import LIBRARY
from brevitas_models.networks.configs.table import parse_overrides
from brevitas_models.networks.network import Network
from brevitas_models.networks.zoo import DEFAULT_MODEL, build_model, load_checkpoint
from brevitas_models.training.progress import progress
from brevitas_models.training.schedules import SCHEDULES
from brevitas_models.training.segmentation import write_overlays
from brevitas_models.training.tasks import Objective
from brevitas_models.training.train_config import CHOICES, LOSSES, TrainConfig, require_fresh
from brevitas_models.training.trainer import Trainer
from finn_build.errors import ConfigError, DataError
from finn_build.terminal import tells_errors

EXAMPLES = """\
examples:
  signflow train --data synthetic --epochs1 5 --epochs2 10 --out runs/try
  signflow train --data FOLDER --out runs/steel
  signflow train --data FOLDER --out runs/steel --resume
  signflow train --data FOLDER --out runs/fold0 --fold 0
  signflow train --data FOLDER --out runs/fine --init runs/steel/best.pt --epochs1 0 --epochs2 40
  signflow train --data FOLDER --out runs/wide --set channels=[24,48,96] --set activation=rsilu
  signflow train --model u_binet_small_w1a4 --data FOLDER --classes patches --out runs/masks

FOLDER holds an index.csv (columns path, class; optional group, split, fold5, mask) or one sub-folder of images per
class.
"""


PROTOCOL = (
    "trained on train, best epoch chosen on val, test has no part in either; groups of related images are "
    "never split; measured in eval mode, which is the arithmetic of the hardware"
)


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        metrics = run(options)
    except KeyboardInterrupt:
        print(f"interrupted; add --resume to continue from {options.out / 'last.pt'}", file=sys.stderr)
        return 130
    score = "dice" if "dice" in metrics else "accuracy"
    for split in SPLITS:
        print(f"{split:5s} {score} {metrics[score][split]:.4f} of {metrics['images'][split]} images")
    print(f"best network: {options.out / 'best.pt'}")
    return 0


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Train as `options` say and write metrics.json; returns its content.

    Raises:
        ConfigError: an option is not legal, or the output folder already holds a training.
        DataError: the images cannot be read or split.
    """
    if not options.resume:
        require_fresh(options.out)
    config = _config(options)
    net = build_model(config.model, **config.overrides)
    data = _load(options, net)
    fabric = Fabric(accelerator=options.accelerator, devices=options.devices)
    fabric.launch()
    trainer = Trainer(config, data, options.out, fabric)
    with progress(config, trainer.task.score) as report:
        best = trainer.run(options.resume, report)
    metrics = _metrics(best, config, data, Path(options.data).name, trainer.task)
    if fabric.is_global_zero:
        text = json.dumps(metrics, indent=2) + "\n"
        write_atomically(options.out / "metrics.json", lambda path: path.write_text(text, encoding="utf-8"))
        model = load_checkpoint(best)[0]
        if model.task == "mask":
            write_overlays(model, data.split("test"), options.out / "overlays")
    return metrics


def _load(options: argparse.Namespace, net: Network) -> ImageSet:
    size, channels, masks = net.image_size, net.config.in_channels, net.task == "mask"
    if options.data == "synthetic":
        if options.fold is not None:
            raise ConfigError("--fold needs a folder of images: synthetic ones have a split only")
        if options.classes:
            raise ConfigError("--classes needs a folder of images: synthetic ones are of all classes")
        if channels != 1:
            raise ConfigError("synthetic images are grey: add --set in_channels=1, or name a folder with --data")
        data = make_image_set(options.synthetic_images, size, options.seed)
        return data if masks else replace(data, masks=None)
    data = load_folder(options.data, size, channels, options.seed, options.fold, options.classes, masks)
    print(summary(Path(options.data), data), file=sys.stderr)
    if not masks and len(data.classes) < 2:
        raise DataError(f"{options.data}: {len(data.classes) or 'no'} class, a classifier needs two")
    return data


def _metrics(best: Path, config: TrainConfig, data: ImageSet, source: str, task: Objective) -> dict[str, Any]:
    """Measure the checkpoint as written, on the CPU, split by split; test also class by class."""
    model, _, meta = load_checkpoint(best)

    def numbers(part: ImageSet) -> dict[str, float]:
        measured = task.measure(model, torch.from_numpy(to_float(part.images)), task.targets(part))
        return {name: number for name, number in measured.items() if name != "loss"}

    parts = {name: data.split(name) for name in SPLITS}
    by_split = {name: numbers(part) for name, part in parts.items()}
    test = parts["test"]
    return {
        "model": config.model,
        "data": source,
        "protocol": PROTOCOL,
        "classes": list(data.classes),
        **{key: {name: by_split[name][key] for name in SPLITS} for key in by_split["test"]},
        "test_by_class": {
            data.classes[label]: numbers(test.select(np.flatnonzero(test.labels == label)))
            for label in np.unique(test.labels)
        },
        "images": {name: len(part) for name, part in parts.items()},
        "best_epoch": meta.metrics["epoch"],
        "training": asdict(config),
        "versions": {name: version(name) for name in ("torch", "brevitas", "numpy", "pillow")},
    }


def _config(options: argparse.Namespace) -> TrainConfig:
    view = {field.name: getattr(options, field.name) for field in fields(Augmentation)}
    own: dict[str, Any] = {
        "augmentation": Augmentation(**view),
        "overrides": parse_overrides(options.set),
        "classes": tuple(options.classes),
    }
    chosen = {field.name: getattr(options, field.name) for field in fields(TrainConfig) if field.name not in own}
    return TrainConfig(**chosen, **own)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="signflow train",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = TrainConfig(model=DEFAULT_MODEL)
    view = default.augmentation

    def add(name: str, value: str | float, text: str, legal: Collection[str] | None = None) -> None:
        parser.add_argument(name, default=value, type=type(value), choices=legal, help=f"{text} (default: {value})")

    add("--model", default.model, "one of those that signflow build --list-models names")
    parser.add_argument("--data", required=True, help="folder of images, or 'synthetic' for generated surfaces")
    parser.add_argument(
        "--fold",
        type=int,
        choices=range(FOLDS),
        help="cross-validation: test this fold, choose the epoch on the next one, train on the other three; from the "
        f"index's column fold{FOLDS}, or dealt by --seed in whole groups (default: the split of the index)",
    )
    parser.add_argument(
        "--classes", nargs="+", default=[], metavar="CLASS", help="use the images of these classes only (default: all)"
    )
    parser.add_argument("--out", required=True, type=Path, help="folder for checkpoints and metrics.json")
    parser.add_argument("--resume", action="store_true", help="continue from last.pt in --out, exactly")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change a field of the network; repeatable",
    )
    add("--epochs1", default.epochs1, "epochs with real-valued weights")
    add("--epochs2", default.epochs2, "epochs with binary weights")
    add("--lr1", default.lr1, "peak learning rate of step 1")
    add("--lr2", default.lr2, "peak learning rate of step 2")
    add("--batch", default.batch, "images per optimizer step, over all devices")
    add("--schedule", default.schedule, "of the learning rate", SCHEDULES)
    add("--loss", default.loss, "of classes", LOSSES)
    add("--choose", default.choose, "the best epoch by what it has on val", CHOICES)
    parser.add_argument("--imagenet", action="store_true", help=f"start from ImageNet weights ({', '.join(LIBRARY)})")
    add("--weight-decay", default.weight_decay, "L2 penalty on weights in step 1")
    add("--label-smoothing", default.label_smoothing, "share of the target spread over all classes")
    add("--balance", default.balance, "weight of a class in the loss: a power, 0 to 1, of 1 / its share of the images")
    add("--average", default.average, "share that a moving average of weights keeps per step, e.g. 0.99; 0 for none")
    add("--alpha", default.alpha, "weight of false alarms in the Tversky loss")
    add("--beta", default.beta, "weight of misses in it")
    add("--pixels", default.pixels, "weight of the pixels' cross-entropy beside it, for masks")
    parser.add_argument("--apart", action="store_true", help="a Tversky loss for each mask, not one for the batch")
    add("--init", default.init, "checkpoint to start from, with --epochs1 0 to fine-tune binary weights")
    add("--seed", default.seed, "seed of weights, order, views and, without an index, splits or folds")
    parser.add_argument("--no-flips", dest="flips", action="store_false", help="keep flips and quarter turns out")
    parser.add_argument("--no-turns", dest="turns", action="store_false", help="keep quarter turns out")
    add("--shift", view.shift, "largest random shift, pixels")
    add("--contrast", view.contrast, "largest relative change of contrast")
    add("--brightness", view.brightness, "largest change of brightness, fraction of full scale")
    add("--shade", view.shade, "largest relative change of brightness from the middle to an edge")
    add("--synthetic-images", 1200, "images to generate with --data synthetic")
    add("--accelerator", "auto", "as in Lightning Fabric", ("auto", "cpu", "gpu", "cuda", "mps", "tpu"))
    add("--devices", "auto", "number of devices, or auto")
    return parser


if __name__ == "__main__":
    sys.exit(main())
