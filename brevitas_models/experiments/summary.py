"""What results say together: metrics of each, means over splits, and Markdown tables beside the paper's figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from math import prod, sqrt
from statistics import mean, stdev

import numpy as np

from brevitas_models.experiments.datasets import DATASETS
from brevitas_models.experiments.operations import count_network, total
from brevitas_models.experiments.paper_tables import PAPER_SIZE
from brevitas_models.experiments.presets import PRESETS
from brevitas_models.experiments.results import Result, Results, job_of
from brevitas_models.experiments.systems import SYSTEMS, NetworkSystem, hardware_form
from brevitas_models.experiments.tables import Row, Table
from brevitas_models.networks.zoo import build_model
from finn_build.errors import UnsupportedModelError

PROTOCOL_NOTES = {
    "paper": "Random 7:1:2, image by image, as in the paper: exposures of one tile, and crops of one strip, are in "
    "train and test alike.",
    "grouped": "Five folds of whole tiles and strips: what is tested, and all that overlaps with it, has no part in "
    "any choice.",
}
Confusion = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Spread:
    """A number over splits."""

    values: tuple[float, ...]

    def __str__(self) -> str:
        if not self.values:
            return "not run"
        deviation = f" ± {self.deviation:.4f}" if len(self.values) > 1 else ""
        return f"{self.mean:.4f}{deviation}"

    @property
    def mean(self) -> float:
        """Of the values."""
        return mean(self.values)

    @property
    def deviation(self) -> float:
        """Standard deviation of the values, 0 of a single one."""
        return stdev(self.values) if len(self.values) > 1 else 0.0


def class_metrics(confusion: Confusion) -> dict[str, float]:
    """Accuracy of classes, and their mean F1; a class that test does not have is left out of the mean."""
    counts = np.array(confusion)
    hits, truth, answers = counts.diagonal(), counts.sum(1), counts.sum(0)
    f1 = 2 * hits[truth > 0] / (truth + answers)[truth > 0]
    return {"accuracy": float(hits.sum() / counts.sum()), "macro_f1": float(f1.mean())}


def pixel_metrics(confusion: Confusion) -> dict[str, float]:
    """`segmentation.mask_metrics` from counts of pixels; precision is 0 where nothing is found."""
    (free, alarm), (missed, hit) = confusion
    accuracy = (free + hit) / (free + alarm + missed + hit)
    defects = max(hit + missed, 1)
    return {
        "dice": 2 * hit / max(2 * hit + alarm + missed, 1),
        "accuracy": accuracy,
        "precision": hit / max(hit + alarm, 1),
        "recall": hit / defects,
        "fnr": missed / defects,
        "fpr": alarm / max(free + alarm, 1),
        "mae": 1 - accuracy,
    }


def metrics(result: Result, of: str = "test") -> dict[str, float]:
    """The metrics of one of a result's confusions: test, val or integer_model."""
    return (pixel_metrics if DATASETS[result["dataset"]].masks else class_metrics)(result[of])


def spread(results: Sequence[Result], metric: str, of: str = "test") -> Spread:
    """A metric over the splits that have run."""
    return Spread(tuple(metrics(result, of)[metric] for result in results if of in result))


@cache
def operations(system: str, rgb: bool) -> float | None:
    """OPs of a network on an image of the paper's size; None where there is no rule, as for classical methods."""
    network = SYSTEMS[system]
    if not isinstance(network, NetworkSystem):
        return None
    shape = {"image_size": PAPER_SIZE, "in_channels": 3 if rgb else 1}
    try:
        return total(count_network(build_model(network.network, **{**network.fields, **shape}))).ops
    except UnsupportedModelError:
        return None


def markdown(table: Table, results: Results, protocol: str, preset: str, splits: Sequence[int]) -> str:
    """A table of ours, each figure with its path, beside the paper's; data set after data set."""
    parts = [f"## {table.title}\n"]
    for dataset in table.datasets:
        found = {s: results.of(j for j in table.jobs(protocol, preset, splits) if (j.system, j.dataset) == (s, dataset))
                 for s in table.systems()}  # fmt: skip
        if not any(found.values()):
            continue
        parts += [f"### {DATASETS[dataset].title}\n", *_lines(table, dataset, found), ""]
        parts += [*_conclusions(table, dataset, found, protocol, preset), *_seeds(table, found, results), ""]
    return "\n".join(parts) if len(parts) > 1 else ""


def _lines(table: Table, dataset: str, found: Mapping[str, Sequence[Result]]) -> Iterator[str]:
    classification = not DATASETS[dataset].masks
    shown = ("accuracy", "macro_f1") if classification else ("dice", "precision", "recall", "accuracy", "fpr", "fnr")
    heads = [*shown, "in integers", *(f"paper: {name}" for name in table.metrics)]
    operations_head = ["OPs at 224, 10^7"] if classification else []
    yield "| " + " | ".join(["system", "path", "splits", *operations_head, *heads]) + " |"
    yield "|" + "---|" * (3 + len(operations_head) + len(heads))
    for row in table.rows:
        for system in filter(None, (row.system, hardware_form(row.system))):
            cells = _cells(system, row, table, dataset, found[system], shown)
            yield "| " + " | ".join(cells) + " |"


def _cells(
    system: str, row: Row, table: Table, dataset: str, results: Sequence[Result], shown: Sequence[str]
) -> Iterator[str]:
    masks = DATASETS[dataset].masks
    yield " ".join(filter(None, (row.number, SYSTEMS[system].label)))
    yield SYSTEMS[system].path
    yield str(len(results))
    if not masks:
        ops = operations(system, DATASETS[dataset].rgb)
        yield "" if ops is None else f"{ops / 1e7:.2f}"
    yield from (str(spread(results, name)) for name in shown)
    integers = spread(results, "dice" if masks else "accuracy", "integer_model")
    yield str(integers) if integers.values else ""
    for name in table.metrics:
        figure = row.paper.get(dataset, {}).get(name) if system == row.system else None
        deviation = row.paper.get(dataset, {}).get(f"{name}_sd")
        yield "" if figure is None else f"{figure:.4f}" + (f" ± {deviation:.4f}" if deviation else "")


def _conclusions(
    table: Table, dataset: str, found: Mapping[str, Sequence[Result]], protocol: str, preset: str
) -> Iterator[str]:
    """Plain statements: where ours is below the paper, and how Bi-ShuffleNet stands to its binary rival."""
    metric = table.metrics[0]
    below, compared = [], 0
    for row in table.rows:
        figure, ours = row.paper.get(dataset, {}).get(metric), spread(found[row.system], metric)
        if figure is not None and ours.values:
            compared += 1
            below += [(SYSTEMS[row.system].label, ours.mean - figure)] if ours.mean < figure else []
    if compared:
        worst = f"; most for {min(below, key=lambda b: b[1])[0]}: {min(b[1] for b in below):+.4f}" if below else ""
        verdict = f"Ours is below the paper's {metric} in {len(below)} of {compared} rows{worst}."
        yield f"{verdict} {_reason(preset, dataset)}"
    yield from _claim(dataset, found, protocol)


def _seeds(table: Table, found: Mapping[str, Sequence[Result]], results: Results) -> Iterator[str]:
    """What several trainings on one split give: how much of a figure is chance of the training."""
    for first in chain.from_iterable(found.values()):
        trainings = results.trainings(job_of(first))
        if len(trainings) > 1:
            system, metric = SYSTEMS[first["system"]], table.metrics[0]
            yield (
                f"\n{system.label} ({system.path}), {len(trainings)} trainings on split {first['split']}: {metric} "
                f"{spread(trainings, metric)}, ± over trainings; the table has the first."
            )


PASSES = {"headline": "The paper's number of", "quarter": "A quarter of the paper's"}


def _reason(preset: str, dataset: str) -> str:
    if preset in PASSES:
        return f"{PASSES[preset]} image passes, on 96 pixels instead of 224, grey; Magnetic Tile as patches."
    if preset == "full":
        return "Images are not all of the paper's: some groups of the public sets are not in the folder."
    size, side = PRESETS[preset].image_size[False], PRESETS[preset].patches.get(DATASETS[dataset].folder)
    images = f"patches of {side} pixels that show the defect, at {size}" if side else f"{size} pixels"
    return (
        f"Preset `{preset}`: {images} instead of {PAPER_SIZE}, far fewer epochs, grey images, no ImageNet weights, "
        "U-Net and U-BiNet at a quarter of their width; it compares systems, and reaches no records."
    )


def _distinct(results: Sequence[Result], protocol: str) -> int:
    """Different images that some splits test: all of them in folds, as many as are expected in random splits."""
    tested = [int(np.sum(result["test"])) for result in results]
    if protocol == "grouped":
        return sum(tested)
    every = sum(results[0]["images"].values())
    return round(every * (1 - prod(1 - count / every for count in tested)))


def _claim(dataset: str, found: Mapping[str, Sequence[Result]], protocol: str) -> Iterator[str]:
    """The paper's claim: Bi-ShuffleNet ahead of binary ReActNet-A at fewer operations; and what chance may do to it.

    Folds have no image in common; random splits do, and an image that several test is one image.
    """
    ours, theirs = ({r["split"]: r["test"] for r in found.get(name, ())} for name in ("bi_shufflenet", "reactnet_a"))
    shared = sorted(ours.keys() & theirs.keys())
    if shared:
        accuracies = [mean(class_metrics(of[split])["accuracy"] for split in shared) for of in (ours, theirs)]
        apart = accuracies[0] - accuracies[1]
        images = _distinct([r for r in found["bi_shufflenet"] if r["split"] in shared], protocol)
        error = sqrt(sum(accuracy * (1 - accuracy) for accuracy in accuracies) / images)
        verdict = "holds" if apart > 0 else "does not hold"
        ops = [operations(system, DATASETS[dataset].rgb) or 0.0 for system in ("bi_shufflenet", "reactnet_a")]
        yield (
            f"\nThe paper's claim that Bi-ShuffleNet is ahead of binary ReActNet-A {verdict} here: {apart:+.4f} "
            f"on the same {len(shared)} split(s), at {ops[0] / ops[1]:.0%} of its OPs; with {images} test images one "
            f"standard error of this difference is {error:.4f}."
        )
