"""What each choice of Bi-ShuffleNet's hardware form costs in accuracy, by cross-validation that keeps groups whole.

For every fold a network is trained from random weights in two steps; from it, for every choice, one field is changed
and binary weights are trained a few epochs more. Val (the next fold) chooses the epoch; test (the fold) is measured
once, in hardware arithmetic (float shortcuts: in float). So every image is tested once, by networks that had no part
of its group in training or in any choice.

    python benchmarks/choices.py --data FOLDER --out runs/choices

Interrupted, the same command goes on where it stopped. OUT gets results.jsonl, a line per fold and choice, and
choices.md, the table of the folds that are complete.
"""

if __name__ == "__main__":
    import usage  # isort: skip  # noqa: F401

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from math import sqrt
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch
from lightning_fabric import Fabric
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from brevitas_models.data.folds import FOLDS
from brevitas_models.data.images import SPLITS, ImageSet, load_folder, to_float
from brevitas_models.networks.zoo import load_checkpoint
from brevitas_models.training.measure import measure
from brevitas_models.training.train_config import TrainConfig
from brevitas_models.training.trainer import Trainer

SHIPPED = "as shipped: r = 5, first and last layer 8-bit"
CHOICES: dict[str, dict[str, int]] = {
    SHIPPED: {},
    "r = 4": {"shortcut_bits": 4},
    "r = 6": {"shortcut_bits": 6},
    "r = 8": {"shortcut_bits": 8},
    "float shortcuts": {"shortcut_bits": 32},
    "last convolution 8-bit weights": {"head_weight_bits": 8},
    "first layer and classifier 1-bit weights": {"edge_weight_bits": 1},
}
SETTINGS = ("size", "batch", "epochs1", "epochs2", "epochs", "lr", "seed")
Row = dict[str, Any]
Tick = Callable[[int], None]


def train(config: TrainConfig, data: ImageSet, out: Path, tick: Tick) -> dict[str, float]:
    """Train, or go on training, and measure accuracy by split; `tick` gets the epochs done since the last call."""
    seen: list[float] = []

    def report(step: int, epoch: float, numbers: dict[str, float]) -> None:
        if numbers:  # an epoch, no batch
            seen.append(epoch)
            tick(1)

    fabric = Fabric(accelerator="auto", devices=1)
    fabric.launch()
    model, _, _ = load_checkpoint(Trainer(config, data, out, fabric).run(True, report))
    tick(config.epochs1 + config.epochs2 - len(seen))  # those done before a resume
    parts = {name: data.split(name) for name in SPLITS}
    return {
        name: measure(model, torch.from_numpy(to_float(part.images)), torch.from_numpy(part.labels))["accuracy"]
        for name, part in parts.items()
    }


def run_fold(options: argparse.Namespace, fold: int, choices: list[str], tick: Tick) -> Iterator[Row]:
    """The base network of one fold, then some choices; gives the row of each when it is measured."""
    folder = options.out / f"fold{fold}"
    data = load_folder(options.data, options.size, seed=options.seed, fold=fold)
    size = {"image_size": options.size}
    base = TrainConfig(
        "bi_shufflenet", options.epochs1, options.epochs2, batch=options.batch, seed=options.seed, fold=fold
    )
    train(replace(base, overrides=size), data, folder / "base", tick)
    start = replace(base, epochs1=0, epochs2=options.epochs, lr2=options.lr, init=str(folder / "base" / "best.pt"))
    for choice in choices:
        place = folder / str(list(CHOICES).index(choice))
        accuracy = train(replace(start, overrides=size | CHOICES[choice]), data, place, tick)
        images = len(data.split("test"))
        yield {"fold": fold, "choice": choice, **accuracy, "images": images, "settings": _settings(options)}


def table(rows: list[Row]) -> str:
    """The folds for which every choice was measured, as Markdown.

    ± is the standard deviation over folds, except where s.e. is said: binomial for the pooled share of all images,
    and that of the mean over folds for the difference from the shipped choice on the same images.
    """
    of = {(row["fold"], row["choice"]): row for row in rows}
    folds = [fold for fold in range(FOLDS) if all((fold, choice) in of for choice in CHOICES)]
    lines = [
        f"| choice, folds {', '.join(map(str, folds))} | train | val | test | pooled ± s.e. | minus shipped ± s.e. |",
        "|---|---|---|---|---|---|",
    ]
    for choice in CHOICES:
        mine = [of[fold, choice] for fold in folds]
        parts = [_spread([row[split] for row in mine]) for split in ("train", "val", "test")]
        images = sum(row["images"] for row in mine)
        share = sum(row["test"] * row["images"] for row in mine) / max(images, 1)
        pooled = f"{share:.4f} ± {sqrt(share * (1 - share) / max(images, 1)):.4f} of {images}"
        apart = [row["test"] - of[row["fold"], SHIPPED]["test"] for row in mine]
        difference = "" if choice == SHIPPED else _spread(apart, sqrt(len(folds)), "+")
        lines.append("| " + " | ".join([choice, *parts, pooled, difference]) + " |")
    return "\n".join(lines) + "\n"


def _spread(values: list[float], over: float = 1.0, sign: str = "") -> str:
    """Mean ± standard deviation / `over`."""
    if len(values) < 2:
        return "".join(f"{value:{sign}.4f}" for value in values)
    return f"{mean(values):{sign}.4f} ± {stdev(values) / over:.4f}"


def _settings(options: argparse.Namespace) -> dict[str, float | str]:
    return {"data": Path(options.data).name} | {name: getattr(options, name) for name in SETTINGS}


def _read(options: argparse.Namespace) -> list[Row]:
    """Rows already measured, with these settings only."""
    results = options.out / "results.jsonl"
    rows: list[Row] = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    for row in rows:
        if row["settings"] != _settings(options):
            raise SystemExit(f"{results}: measured with {row['settings']}; choose another --out for other settings")
    return rows


def main(arguments: list[str] | None = None) -> None:
    """Measure what is not measured yet; a line per row at once, the table after each fold."""
    options = _parser().parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    rows = _read(options)
    done = {(row["fold"], row["choice"]) for row in rows}
    todo = {fold: [choice for choice in CHOICES if (fold, choice) not in done] for fold in options.folds}
    base = options.epochs1 + options.epochs2
    total = sum(base + len(choices) * options.epochs for choices in todo.values() if choices)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("epochs"), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(
        TextColumn("{task.description}"), *columns, console=Console(stderr=True), speed_estimate_period=600
    ) as progress:
        task = progress.add_task("folds", total=total)
        for fold, choices in todo.items():
            for row in run_fold(options, fold, choices, partial(progress.advance, task)) if choices else ():
                rows.append(row)
                with (options.out / "results.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                progress.console.print(f"fold {fold}, {row['choice']}: test {row['test']:.4f}")
            (options.out / "choices.md").write_text(table(rows), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of labelled images with groups")
    parser.add_argument("--out", type=Path, required=True, help="folder for trainings, results.jsonl and choices.md")

    def add(name: str, value: float, text: str) -> None:
        parser.add_argument(name, type=type(value), default=value, help=f"{text} (default: {value})")

    add("--size", 64, "pixels a side")
    add("--batch", 32, "images per optimizer step")
    add("--epochs1", 8, "epochs of each fold's network with real-valued weights")
    add("--epochs2", 24, "epochs of each fold's network with binary weights")
    add("--epochs", 4, "epochs of each choice, from its fold's network")
    add("--lr", 5e-4, "peak learning rate of each choice")
    add("--seed", 0, "of weights, order and views; of folds where the index has none")
    every = list(range(FOLDS))
    parser.add_argument(
        "--folds", type=int, nargs="+", choices=every, default=every, help="folds to measure (default: all)"
    )
    return parser


if __name__ == "__main__":
    main()
