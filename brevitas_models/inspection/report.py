"""What an inspection found: numbers of each split, a line per image, curves and pictures."""

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from signflow_driver.inspection import FREE, Inspection
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from brevitas_models.data.index import SPLITS
from brevitas_models.inspection.images import Inspected, truth
from brevitas_models.inspection.thresholds import Scores, standard_error
from brevitas_models.networks.network import Network
from brevitas_models.training.segmentation import overlay

PICTURES = 40


def scores(found: Sequence[Inspected]) -> Scores:
    """Scores of images and whether the index says that they have a defect."""
    return Scores(np.array([image.verdict.score for image in found]), np.array([image.defective for image in found]))


def describe(inspection: Inspection) -> str:
    """Windows and threshold in a line."""
    chosen = ""
    if inspection.false_alarms is not None:
        chosen = f"; on val {inspection.false_alarms:.1%} false alarms, {inspection.found:.1%} of the defects found"
    return (
        f"windows of {inspection.side} pixels, one every {inspection.stride} or less, joined by {inspection.join}; a "
        f"defect above a score of {inspection.threshold:g}{chosen}"
    )


def parts(found: Sequence[Inspected]) -> Iterator[tuple[str, list[Inspected]]]:
    """The images of each split, or all where there are none."""
    splits = [split for split in SPLITS if any(image.row.split == split for image in found)]
    yield from ((split, [image for image in found if image.row.split == split]) for split in splits)
    if not splits:
        yield "all", list(found)


def print_summary(found: Sequence[Inspected], inspection: Inspection, model: Network) -> None:
    """Numbers of each split; for images without labels, how many have a defect."""
    windows = np.mean([len(image.verdict.places) for image in found])
    seconds = sum(image.seconds for image in found)
    if not all(image.row.label for image in found):
        alarms = sum(image.verdict.label != FREE for image in found)
        print(f"{alarms} of {len(found)} images have a defect")
    else:
        console = Console(width=None if sys.stdout.isatty() else 120)
        for name, images in parts(found):
            for table in _tables(name, images, model):
                console.print(table)
    print(
        f"{windows:.1f} windows per image; {len(found) / seconds:.1f} images per CPU second in this process; an "
        f"accelerator of F frames per second inspects F / {windows:.1f} images per second"
    )


def numbers(images: Sequence[Inspected], model: Network) -> dict[str, float]:
    """Metrics of some labelled images: of alarms, of classes, and of pixels where masks are known."""
    truths = [truth(image.row, model) for image in images]
    answers = [image.verdict.label for image in images]
    alarms = np.array([answer != FREE for answer in answers])
    defects = np.array([image.defective for image in images])
    metrics = {
        "images": len(images),
        "false_alarms": _share(alarms[~defects]),
        "found": _share(alarms[defects]),
        "accuracy": float(accuracy_score(truths, answers)),
        "macro_f1": float(f1_score(truths, answers, labels=sorted(set(truths)), average="macro", zero_division=0)),
    }
    masked = [image for image in images if image.mask is not None]
    both = sum(int((image.mask & image.verdict.mask).sum()) for image in masked if image.mask is not None)
    either = sum(int(image.mask.sum()) + int(image.verdict.mask.sum()) for image in masked if image.mask is not None)
    return metrics | ({"dice": 2 * both / either} if either else {})


def write_report(found: Sequence[Inspected], inspection: Inspection, model: Network, folder: Path) -> None:
    """A line per image, curves of each split that has images of both kinds, pictures of some images."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "results.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["image", "split", "class", "answer", "score", "windows", "defect_pixels"])
        for image in found:
            verdict = image.verdict
            row = [image.row.path.name, image.row.split, image.row.label, verdict.label, f"{verdict.score:.6g}"]
            lines.writerow([*row, len(verdict.places), int(verdict.mask.sum())])
    labelled = [(name, images) for name, images in parts(found) if all(image.row.label for image in images)]
    curves = {name: scores(images) for name, images in labelled if 0 < sum(i.defective for i in images) < len(images)}
    if curves:
        _write_curves(curves, folder)
    chosen = sorted(found, key=lambda image: -image.verdict.score)[:: max(1, len(found) // PICTURES)]
    (folder / "pictures").mkdir(exist_ok=True)
    for number, image in enumerate(chosen):
        masks = ([] if image.mask is None else [image.mask]) + [image.verdict.mask]
        panels = [overlay(image.image, mask) for mask in (np.zeros_like(image.verdict.mask), *masks)]
        name = f"{number:03}_{image.row.path.stem}_{image.verdict.label}.png"
        Image.fromarray(np.concatenate(panels, 1)).save(folder / "pictures" / name)


def _share(alarms: np.ndarray) -> float:
    return float(alarms.mean()) if len(alarms) else float("nan")


def _tables(name: str, images: Sequence[Inspected], model: Network) -> Iterator[Table]:
    metrics = numbers(images, model)
    table = Table("split", *metrics, title=name, title_justify="left")
    cells = {metric: f"{value:.4f}" if isinstance(value, float) else str(value) for metric, value in metrics.items()}
    for metric, defective in (("false_alarms", False), ("found", True)):
        kind = [image for image in images if image.defective == defective]
        alarms = np.array([image.verdict.label != FREE for image in kind])
        cells[metric] += f" ± {standard_error(alarms, [image.row.group for image in kind]):.4f}"
    table.add_row(name, *cells.values())
    yield table
    truths, answers = [truth(i.row, model) for i in images], [i.verdict.label for i in images]
    classes = sorted({*truths, *answers})
    confusions = Table("class", *classes, title=f"{name}: answers to images of each class", title_justify="left")
    for label, row in zip(classes, confusion_matrix(truths, answers, labels=classes).tolist(), strict=True):
        confusions.add_row(label, *map(str, row))
    yield confusions
    if 0 < sum(image.defective for image in images) < len(images):
        rates = Table("false alarms", "found", "threshold", title=f"{name}: other thresholds", title_justify="left")
        for point in scores(images).table():
            rates.add_row(f"{point.false_alarms:.4f}", f"{point.found:.4f}", f"{point.threshold:g}")
        yield rates


def _write_curves(curves: dict[str, Scores], folder: Path) -> None:
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    rcParams["text.parse_math"] = False  # a name with two dollars is no formula
    figure = Figure(figsize=(10, 4.5))
    roc, precisions = figure.subplots(1, 2)
    content = {}
    for name, of in curves.items():
        false_alarms, found, area = of.roc()
        recall, precision, average = of.precision_recall()
        roc.plot(false_alarms, found, label=f"{name}: area {area:.3f}")
        precisions.plot(recall, precision, label=f"{name}: average precision {average:.3f}")
        content[name] = {
            "roc": {"false_alarms": false_alarms.tolist(), "found": found.tolist(), "area": area},
            "precision_recall": {"recall": recall.tolist(), "precision": precision.tolist(), "average": average},
        }
    roc.set(xlabel="false alarms", ylabel="defects found", title="images")
    precisions.set(xlabel="recall", ylabel="precision", title="images")
    for axes in (roc, precisions):
        axes.legend()
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(folder / "curves.png", dpi=120)
    (folder / "curves.json").write_text(json.dumps(content) + "\n", encoding="utf-8")
