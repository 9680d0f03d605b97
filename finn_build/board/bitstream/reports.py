"""What Vivado's reports of a routed design say: timing, area and power, as numbers for `report.json`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import inf, isfinite
from pathlib import Path
from typing import Any

from finn_build.errors import BitstreamError

_ROWS: Mapping[str, tuple[str, ...]] = {  # 7-series and UltraScale+ name some rows differently
    "lut": ("Slice LUTs", "CLB LUTs"),
    "ff": ("Slice Registers", "CLB Registers"),
    "bram36": ("Block RAM Tile",),
    "dsp": ("DSPs",),
    "uram": ("URAM",),
}


def read_reports(folder: Path, part: str) -> dict[str, Any]:
    """Figures of the reports in a folder, post-route: `utilization.rpt`, `timing.rpt` and `power.rpt`.

    Args:
        folder: theirs.
        part: the chip that they have to be of.

    Returns:
        `lut`, `ff`, `bram36`, `dsp`, `uram`; `wns_ns`, `whs_ns`, `wpws_ns`, `clk_period_ns`; `power_w`, an
        estimate of Vivado without switching activity, where there is such a report.

    Raises:
        BitstreamError: a report is missing, of another chip or of a design that is not routed, or says something else
            than expected.
    """
    power = folder / "power.rpt"
    return {
        **read_utilization(folder / "utilization.rpt", part),
        **read_timing(folder / "timing.rpt"),
        **(read_power(power) if power.is_file() else {}),
    }


def read_utilization(path: Path, part: str) -> dict[str, float]:
    """Cells used, by kind; chips without UltraRAM have no such row."""
    text = _text(path)
    header = dict(re.findall(r"^\| (Device|Design State) *: *(\S.*?) *$", text, re.MULTILINE))
    if not part.startswith(header.get("Device", part).lower().partition("-")[0]):
        raise BitstreamError(f"{path}: of {header['Device']}; the build is for {part}")
    if "rout" not in (state := header.get("Design State", "Routed")).lower():  # or `Physopt postRoute`
        raise BitstreamError(f"{path}: of a design that is {state}, not routed; report the implemented one")
    rows = _table_rows(text)
    if "Instance" in rows and not any(key in rows for key in _ROWS["lut"]):
        raise BitstreamError(f"{path}: by hierarchy; wanted is what `report_utilization` says without -hierarchical")
    found = {name: next((rows[key] for key in keys if key in rows), None) for name, keys in _ROWS.items()}
    found["uram"] = found["uram"] or "0"
    return {name: _number(value, path, _ROWS[name][0]) for name, value in found.items()}


def read_timing(path: Path) -> dict[str, float]:
    """Worst setup, hold and pulse width slack, and the period of the clock that the first is of, all in ns."""
    text = _text(path)
    summary = re.search(r"^ +(WNS\(ns\).*)\n[ -]+\n(.*)$", text, re.MULTILINE)
    clocks = re.search(r"^Clock .*Period\(ns\).*\n[ -]+\n((?:.*\S.*\n?)+)", text, re.MULTILINE)
    if summary is None or clocks is None:
        raise BitstreamError(f"{path}: holds no timing summary of a constrained design")
    slacks = dict(zip(re.split(r"\s{2,}", summary[1].strip()), summary[2].split(), strict=False))
    listed = [re.sub(r"\{.*?\}", "", line).split() for line in clocks[1].splitlines()]
    periods = {name: _number(period, path, "period") for name, period, *_ in listed}
    found = {f"{name.lower()}_ns": _number(slacks.get(f"{name}(ns)"), path, name) for name in ("WNS", "WHS", "WPWS")}
    within = re.search(r"^Clock +WNS\(ns\).*\n[ -]+\n((?:.*\S.*\n?)+)", text, re.MULTILINE)
    rows = [line.split() for line in within[1].splitlines()] if within else []
    worst = [*periods] if len(periods) == 1 else [row[0] for row in rows if row[1] == slacks["WNS(ns)"]]
    if len(worst) != 1 or worst[0] not in periods:
        raise BitstreamError(f"{path}: WNS of {found['wns_ns']:g} ns is of none or several of {', '.join(periods)}")
    period = periods[worst[0]]
    if found["wns_ns"] >= period:
        raise BitstreamError(f"{path}: WNS of {found['wns_ns']:g} ns leaves nothing of a period of {period:g} ns")
    return found | {"clk_period_ns": period}


def read_power(path: Path) -> dict[str, float]:
    """Total on-chip power in W; Vivado may add that the junction gets too hot."""
    total = _table_rows(_text(path)).get("Total On-Chip Power (W)", "")
    return {"power_w": _number(total.partition("(")[0], path, "power")}


def _table_rows(text: str) -> dict[str, str]:
    """First two cells of every table row; the first row of a name counts."""
    rows: dict[str, str] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 3:
            rows.setdefault(cells[1].rstrip("*"), cells[2])  # a footnote's mark
    return rows


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")  # a host's name in the characters of its own country
    except OSError as error:
        raise BitstreamError(f"{path}: Vivado left no such report") from error


def _number(text: str | None, path: Path, what: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = inf
    if not isfinite(value):  # `NA` and `inf` where nothing is constrained
        raise BitstreamError(f"{path}: {what}: no number but {text!r}")
    return value
