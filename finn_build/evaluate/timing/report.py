"""The clock estimate for `report.json` and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from finn_build.evaluate.timing.design import Timing
from finn_build.evaluate.timing.paths import PortDepths

_LABEL = "post-synthesis estimate"
_SHOWN = 3


def timing_sheet(timing: Timing, clk_mhz: float) -> dict[str, Any]:
    """Figures of the whole design, and its longest paths."""
    return {
        "path": _LABEL,
        "engine": timing.engine,
        "worst_ns": round(timing.worst_ns, 3),
        "mhz": round(timing.mhz, 2),
        "clk_mhz": clk_mhz,
        "slack_ns": round(1000.0 / clk_mhz - timing.worst_ns, 3),
        "paths": [
            {
                "ns": round(path.ns, 3),
                "start": path.start,
                "end": path.end,
                "ops": list(path.ops),
                "logic": logic_in_words(path.logic),
                "fan_out": path.fan_out,
            }
            for path in timing.paths
        ],
    }


def op_sheet(depths: PortDepths) -> dict[str, Any]:
    """Depths of one op, in ns."""
    return {
        "inside": round(depths.inside, 3),
        "from_inputs": {port: round(ns, 3) for port, ns in depths.from_inputs.items()},
        "to_outputs": {port: round(ns, 3) for port, ns in depths.to_outputs.items()},
        "through": {f"{a} > {b}": round(ns, 3) for (a, b), ns in depths.through.items()},
    }


def logic_in_words(kinds: Sequence[str]) -> str:
    """Cells of a path in order, equal neighbours counted: `LUT6 x3, CARRY4`."""
    runs = [(kind, len(list(group))) for kind, group in groupby(kinds)]
    return ", ".join(kind if n == 1 else f"{kind} x{n}" for kind, n in runs) or "no logic"


def timing_in_words(sheet: Mapping[str, Any]) -> Iterator[str]:
    """Lines for the terminal."""
    by = "checked by OpenSTA" if sheet["engine"] == "OpenSTA" else "OpenSTA not installed"
    yield (
        f"Clock ({_LABEL}, {by}): {sheet['mhz']:g} MHz, longest path {sheet['worst_ns']:g} ns; "
        f"slack {sheet['slack_ns']:+g} ns at {sheet['clk_mhz']:g} MHz"
    )
    for path in sheet["paths"][:_SHOWN]:
        across = f" through {', '.join(path['ops'])}" if len(path["ops"]) > 1 else ""
        logic = f"{path['logic']}; fan-out {path['fan_out']}"
        yield f"  {path['ns']:g} ns: {path['start']} -> {path['end']}{across} ({logic})"


def misses_clock(sheet: Mapping[str, Any]) -> str:
    """What to say of a design below its clock, or nothing."""
    if sheet["slack_ns"] >= 0:
        return ""
    return (
        f"the clock of {sheet['clk_mhz']:g} MHz is not reached: by the {_LABEL} the design runs at "
        f"{sheet['mhz']:g} MHz ({-sheet['slack_ns']:g} ns short); give a lower one with --clk"
    )
