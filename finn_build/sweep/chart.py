"""A sweep's table and plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib import rcParams
from matplotlib.figure import Figure

from finn_build.sweep.points import AREA, Line, front

Row = Mapping[str, Any]
rcParams["text.parse_math"] = False  # a name with two dollars is no formula


def series(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The designs of each network on each board, by name; without those that do not fit."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if "fps" in row:
            line = Line(row["model"], row["board"], row["size"])
            name = line.name + "".join(f", {what} <= {limit}" for what, limit in row["limit"])
            found.setdefault(name + (f", {row['clk_mhz']:g} MHz" if row["clk_mhz"] else ""), []).append(row)
    return found


def table(rows: Sequence[Row]) -> str:
    """Markdown: every design, the slowest first, and what does not fit."""
    head = ["network, board", "target", "frames/s", *(name.upper() for name in AREA), "on the front"]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 2) + "---|"]
    for name, mine in series(rows).items():
        best = {row["cycles"] for row in front(mine)}
        for row in sorted(mine, key=lambda row: row["fps"]):
            area = [f"{row[resource]:,g}" for resource in AREA]
            cells = [name, str(row["target"]), f"{row['fps']:,.0f}", *area, "yes" if row["cycles"] in best else ""]
            lines.append("| " + " | ".join(cells) + " |")
    missing = [f"- {row['model']}, {row['board']}, {row['target']}: {row['error']}" for row in rows if "error" in row]
    return "\n".join([*lines, *([""] if missing else []), *missing]) + "\n"


def plot(rows: Sequence[Row], paths: Sequence[Path]) -> None:
    """Rate against LUTs, a line along each front; an image for each path, by its suffix."""
    figure = Figure((7, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, mine in series(rows).items():
        best = front(mine)
        (drawn,) = axes.step([row["lut"] for row in best], [row["fps"] for row in best], where="post", label=name)
        axes.scatter([row["lut"] for row in mine], [row["fps"] for row in mine], 14, color=drawn.get_color())
    axes.set(xscale="log", yscale="log", xlabel="LUT (estimate)", ylabel="frames per second (predicted)")
    axes.grid(alpha=0.3, which="both")
    if axes.get_lines():
        axes.legend(fontsize=8)
    for path in paths:
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
