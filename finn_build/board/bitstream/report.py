"""Vivado's reports of a bitstream that was made by hand, on any machine, into the build's `report.json`.

`python -m finn_build.board.bitstream.report DIR` reads `timing.rpt`, `utilization.rpt` and `power.rpt`, which
`build.tcl` left in DIR/vivado, adds them to DIR/report.json and its page, and prints them beside the estimates.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from finn_build.board.bitstream.reports import read_reports
from finn_build.errors import BitstreamError
from finn_build.report.page import PAGE, redraw
from finn_build.terminal import tells_errors

_SHEETS = ("report.json", "estimate.json")
_SLACKS = {"wns_ns": "setup", "whs_ns": "hold", "wpws_ns": "pulse width"}
_AREA = ("lut", "ff", "bram36", "dsp", "uram")


def add_reports(folder: Path) -> dict[str, Any]:
    """Read the reports in `folder`/vivado into the sheet of that build, and return the sheet.

    Raises:
        BitstreamError: no sheet of a build, or a report is missing or unreadable.
    """
    sheet = next((path for name in _SHEETS if (path := folder / name).is_file()), None)
    if sheet is None:
        raise BitstreamError(f"{folder}: holds no {' or '.join(_SHEETS)}; give the output folder of a build")
    report = _read(sheet)
    report["resources"]["vivado"] = read_reports(folder / "vivado", report["part"])
    sheet.write_text(json.dumps(report, indent=2) + "\n")
    if (folder / PAGE).is_file():
        redraw(folder)
    return report


def _read(sheet: Path) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(sheet.read_text())
        if set(_AREA) <= set(report["resources"]["estimate"]) and report["part"] and report["clk_mhz"]:
            return report
    except (ValueError, LookupError, TypeError):
        pass
    raise BitstreamError(f"{sheet}: not the figures of a build; build again")


def side_by_side(report: Mapping[str, Any]) -> list[tuple[str, float | None, float | None, float]]:
    """Figures as (what, estimate, after Yosys, routed); None where that estimate was not made."""
    resources, routed, clock = report["resources"], report["resources"]["vivado"], report.get("timing")
    rows: list[tuple[str, float | None, float | None, float]] = [
        (name.upper(), resources["estimate"][name], (resources["yosys"] or {}).get(name), routed[name])
        for name in _AREA
    ]
    longest = round(routed["clk_period_ns"] - routed["wns_ns"], 3)
    rows.append(("longest path, ns", None, clock and clock["worst_ns"], longest))
    rows.append(("highest clock, MHz", None, clock and clock["mhz"], round(1000 / longest, 2)))
    return rows


@tells_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m finn_build.board.bitstream.report",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="output folder of a build")
    report = add_reports(parser.parse_args(arguments).folder)
    table = Table(box=None, pad_edge=False)
    for name in ("", "estimate", "after Yosys", "routed (Vivado)", "estimate is off by"):
        table.add_column(name, justify="right" if name else "left")
    for what, estimate, yosys, routed in side_by_side(report):
        best = estimate if yosys is None else yosys
        off = f"{best / routed - 1:+.1%}" if best is not None and routed else ""
        table.add_row(what, *("" if v is None else f"{v:,g}" for v in (estimate, yosys, routed)), off)
    say = Console(soft_wrap=True).print
    say(table)
    found = report["resources"]["vivado"]
    period = found["clk_period_ns"]
    for slack, name in ((found[key], name) for key, name in _SLACKS.items() if found[key] < 0):
        say(f"The clock is missed: {name} slack of {slack:g} ns at {period:g} ns; its bitstream may err")
    if round(1000 / period, 1) != round(report["clk_mhz"], 1):
        say(f"Constrained to {period:g} ns ({1000 / period:.1f} MHz); the build is for {report['clk_mhz']:g} MHz")
    if "power_w" not in found:
        say("No power.rpt: its figure is left out (report_power -file power.rpt)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
