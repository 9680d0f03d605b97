"""Markdown and PNG files of all results of one protocol and preset; two protocols are never in one file."""

from collections.abc import Sequence
from pathlib import Path

from brevitas_models.data.atomic import write_atomically
from brevitas_models.experiments import plots
from brevitas_models.experiments.jobs import Job
from brevitas_models.experiments.protocols import SPLIT_COUNT
from brevitas_models.experiments.results import Results
from brevitas_models.experiments.summary import PROTOCOL_NOTES, markdown
from brevitas_models.experiments.tables import TABLES

ALL_SPLITS = range(SPLIT_COUNT)


def write_report(results: Results, protocol: str, preset: str, folder: Path) -> Path | None:
    """All tables that have a result, with their plots; returns the Markdown file, None where there is no result."""
    parts = [text for t in TABLES.values() if (text := markdown(t, results, protocol, preset, ALL_SPLITS))]
    if not parts:
        return None
    pictures = [path for path in _plots(results, protocol, preset, folder) if path is not None]
    head = (
        f"# Results, protocol `{protocol}`, preset `{preset}`\n\n{PROTOCOL_NOTES[protocol]} ± is the standard "
        "deviation over splits. *float*: PyTorch; *hardware arithmetic*: PyTorch, with integers between all layers; "
        "its test set was computed in the integer model too (*in integers*) and is equal, output by output.\n"
    )
    images = "\n".join(f"![{path.stem}]({path.relative_to(folder).as_posix()})" for path in pictures)
    text = "\n".join([head, *parts, images]).rstrip() + "\n"
    return write_atomically(folder / f"{protocol}_{preset}.md", lambda path: path.write_text(text, encoding="utf-8"))


def _plots(results: Results, protocol: str, preset: str, folder: Path) -> list[Path | None]:
    def of(name: str, systems: Sequence[str] = ()) -> list[Job]:
        jobs = TABLES[name].jobs(protocol, preset, ALL_SPLITS)
        return [job for job in jobs if not systems or job.system in systems]

    place, made = folder / "plots", []
    for name in ("table1", "table2"):
        path = place / f"{protocol}_{preset}_{name}_operations.png"
        made.append(plots.accuracy_against_operations(TABLES[name], results.of(of(name)), path))
    classes = [*of("table1", ["bi_shufflenet"]), *of("table2", ["bi_shufflenet"])]
    made.append(
        plots.confusion_matrices(results.of(classes), place / f"{protocol}_{preset}_bi_shufflenet_confusion.png")
    )
    masks = [*of("table3", ["u_binet_w1a32"]), *of("table4", ["u_binet_w1a32"])]
    made.append(plots.confusion_matrices(results.of(masks), place / f"{protocol}_{preset}_u_binet_confusion.png"))
    dice = place / f"{protocol}_{preset}_neu_patches_bits.png"
    made.append(plots.dice_against_bits("neu_patches", results.of(of("table4")), dice))
    return made
