"""What a benchmark found, kept in `benchmarks/results/` with the versions that it was found with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def record(
    script: str, packages: Sequence[str], head: Sequence[str], rows: Iterable[Sequence[object]], notes: str = "",
    keep: bool = False,
) -> None:  # fmt: skip
    """Write a table.

    Args:
        script: its file, which names the result too.
        packages: whose versions count, beside our own.
        head: names of the columns; all but the first are numbers.
        rows: the cells.
        notes: what else there is to say, between versions and table.
        keep: rows that are there with another first cell stay.
    """
    name = Path(script).stem
    path = RESULTS / f"{name}.md"
    versions = ", ".join(f"{package} {version(package)}" for package in ("signflow", *packages))
    lines = {str(row[0]): f"| {' | '.join(map(str, row))} |" for row in rows}
    if keep and path.is_file():
        earlier = [line for line in path.read_text().splitlines() if line.startswith("| ")][1:]
        lines = {line.split(" | ")[0].removeprefix("| "): line for line in earlier} | lines
    above = [f"| {' | '.join(head)} |", "|---" + "|---:" * (len(head) - 1) + "|"]
    said = f" {notes}" if notes else ""
    RESULTS.mkdir(exist_ok=True)
    path.write_text(
        "\n".join([f"By `python benchmarks/{name}.py`; {versions}.{said}", "", *above, *lines.values(), ""])
    )
