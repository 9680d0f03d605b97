"""Pictures of results: accuracy against operations, confusion matrices, Dice against bits."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brevitas_models.experiments.datasets import DATASETS
from brevitas_models.experiments.results import Result
from brevitas_models.experiments.summary import operations, spread
from brevitas_models.experiments.systems import SYSTEMS
from brevitas_models.experiments.tables import Table

rcParams["text.parse_math"] = False  # a name with two dollars is no formula
_BITS = (32, 16, 8, 4, 2, 1)


def accuracy_against_operations(table: Table, which: Sequence[Result], path: Path) -> Path | None:
    """A circle per system, its radius the standard deviation over splits, as in figure 4 of the paper."""
    (dataset,) = table.datasets
    figure = Figure((7, 4.5), layout="constrained")
    axes = figure.subplots()
    shown = 0
    for row in table.rows:
        mine = [result for result in which if (result["system"], result["dataset"]) == (row.system, dataset)]
        ops = operations(row.system, DATASETS[dataset].rgb)
        if mine and ops:
            accuracy = spread(mine, "accuracy")
            size = 40 + 4e5 * accuracy.deviation**2
            axes.scatter(ops, accuracy.mean, size, alpha=0.5)
            label = " ".join(filter(None, (row.number, SYSTEMS[row.system].label)))
            axes.annotate(label, (ops, accuracy.mean), fontsize=7, xytext=(6, 4), textcoords="offset points")
            shown += 1
    if not shown:
        return None
    axes.set(xscale="log", xlabel="OPs = BOPs / 64 + FLOPs, at 224 pixels", ylabel="accuracy on test")
    axes.set_title(f"{DATASETS[dataset].title}; radius: standard deviation over splits", fontsize=9)
    axes.grid(alpha=0.3)
    return _save(figure, path)


def confusion_matrices(which: Sequence[Result], path: Path) -> Path | None:
    """One matrix per data set, summed over splits, each row as shares of its true class, as in figure 5."""
    datasets = list(dict.fromkeys(result["dataset"] for result in which))
    if not datasets:
        return None
    figure = Figure((3.2 * len(datasets), 3.4), layout="constrained")
    for axes, dataset in zip(np.atleast_1d(figure.subplots(1, len(datasets))), datasets, strict=True):
        mine = [result for result in which if result["dataset"] == dataset]
        names = ["free", "defect"] if DATASETS[dataset].masks else mine[0]["classes"]
        _matrix(axes, np.sum([result["test"] for result in mine], axis=0), names)
        axes.set_title(DATASETS[dataset].title, fontsize=9)
    return _save(figure, path)


def dice_against_bits(dataset: str, which: Sequence[Result], path: Path) -> Path | None:
    """Dice of U-BiNet at each width of its maps, U-Net's as a line."""
    found = {
        bits: spread([r for r in which if (r["system"], r["dataset"]) == (f"u_binet_w1a{bits}", dataset)], "dice")
        for bits in _BITS
    }
    found = {bits: dice for bits, dice in found.items() if dice.values}
    if not found:
        return None
    figure = Figure((5.5, 3.6), layout="constrained")
    axes = figure.subplots()
    places = [_BITS.index(bits) for bits in found]
    means, deviations = [d.mean for d in found.values()], [d.deviation for d in found.values()]
    axes.errorbar(places, means, deviations, marker="o", capsize=3, label="U-BiNet, 1-bit weights")
    unet = spread([r for r in which if (r["system"], r["dataset"]) == ("unet", dataset)], "dice")
    if unet.values:
        axes.axhline(unet.mean, linestyle="--", color="grey", label="U-Net, float")
    axes.set(xlabel="bits of the maps", ylabel="Dice on test")
    axes.set_xticks(range(len(_BITS)), [str(bits) for bits in _BITS])
    axes.set_title(DATASETS[dataset].title, fontsize=9)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    return _save(figure, path)


def _matrix(axes: Axes, counts: np.ndarray, names: Iterable[str]) -> None:
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = list(names)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.5 else "black"
        axes.text(column, row, f"{share:.2f}", ha="center", va="center", fontsize=7, color=colour)
    axes.set(xlabel="answer", ylabel="truth")


def _save(figure: Figure, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    return path
