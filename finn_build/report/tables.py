"""The result sheet for a terminal: the table per op, the budget by kind, and what was found in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from finn_build.board.ddr_skips import skips_in_words
from finn_build.evaluate.timing.report import timing_in_words
from finn_build.report import hls
from finn_build.report.inspection import inspection_in_words
from finn_build.report.sheet import AREA
from finn_build.terminal import plain

_ROWS_SHOWN = 48
_WIDE = 110  # characters; a narrower terminal gets columns close together


def print_report(report: Mapping[str, Any], console: Console) -> None:
    """The table per op, the budget by kind, then rate, area, accuracy, what was not run and the gate's verdict."""
    report = plain(report)
    console.print(_table(report, narrow=console.width < _WIDE))
    console.print(_budget_table(report))
    say = partial(console.print, soft_wrap=not console.is_terminal)  # a file's lines are as long as their sentences
    cycles, chip = report["cycles"], report["resources"]["estimate"]
    if cycles["ii"]:
        share = cycles["predicted_ii"] / cycles["ii"]
        say(
            f"Rate (rtlsim, stitched): one frame every {cycles['ii']:,} cycles = {report['ii_ms']:.3f} ms at "
            f"{report['clk_mhz']:g} MHz, {report['throughput_fps']:,.0f} frames/s; {share:.1%} of what the slowest op "
            f"({cycles['slowest_layer']}) allows"
        )
        say(
            f"Latency (rtlsim, stitched): {cycles['latency']:,} cycles = {report['latency_ms']:.3f} ms "
            f"(predicted {cycles['predicted_latency']:,})"
        )
    else:
        mhz, ii, latency = report["clk_mhz"], cycles["predicted_ii"], cycles["predicted_latency"]
        say(
            f"Rate (predicted, at full rate): one frame every {ii:,} cycles = {ii / mhz / 1e3:.3f} ms at {mhz:g} MHz, "
            f"{report['predicted_fps']:,.0f} frames/s, by the slowest op ({cycles['slowest_layer']})"
        )
        if latency:
            say(f"Latency (predicted): {latency:,} cycles = {latency / mhz / 1e3:.3f} ms")
    if report["port_cycles"] > (cycles["ii"] or cycles["predicted_ii"]):
        say(f"The port to the memory takes {report['port_cycles']:,} cycles a frame: rates are its own")
    if report["next_step"]:
        say(f"Next step up: {report['next_step']}")
    if report["inspection"]:
        say(inspection_in_words(report["inspection"]))
    for name, found in report["outputs"].items():
        say(f"Output {plain(name)}: {found['kind']} ({found['why']})")
    if any(row["hls"] and row["hls"]["trips_csim"] for row in report["layers"]):
        say(hls.hls_in_words(report))
    say("Area (estimate): " + ", ".join(f"{value:,g} {name.upper()}" for name, value in chip.items()))
    if report["ddr_skips"]:
        say(skips_in_words(report["ddr_skips"], report["memory_mb_s"]))
    if found := report["resources"]["yosys"]:
        listed = ", ".join(f"{value:,g} {name.upper()}" for name, value in found.items())
        error = chip["lut"] / found["lut"] - 1
        say(f"Area (post-synthesis, Yosys, ops one by one): {listed}; the LUT estimate is {error:+.1%} off")
    if report["timing"]:
        for line in timing_in_words(report["timing"]):
            say(line, highlight=False)
    if routed := report["resources"]["vivado"]:
        listed = ", ".join(f"{routed[name]:,g} {name.upper()}" for name in AREA)
        power = f", power {routed['power_w']:g} W (estimate of Vivado)" if "power_w" in routed else ""
        slack = f"setup slack {routed['wns_ns']:g} ns of {routed['clk_period_ns']:g} ns"
        say(f"Vivado, post-route: {listed}; {slack}{power}")
    if report["accuracy"]:
        a = report["accuracy"]
        of = "pixels of " if a["metrics"] else ""
        say(f"Accuracy ({a['path']}): {a['value']:.2%} of {of}{a['images']} images (split: {a['split']})")
        if a["metrics"]:
            listed = ", ".join(f"{name} {value:.3f}" for name, value in a["metrics"].items())
            say(f"Masks ({a['path']}): {listed}")
    for reason in report["not_run"]:
        say(f"Not run: {reason}")
    if (g := report["gate"]) is None:
        return
    verdict = "[bold green]PASSED[/]" if g["passed"] else "[bold red]FAILED[/]"
    say(
        f"Gate: {verdict}: {g['frames']} frames, {g['taps']} taps, levels {', '.join(map(str, g['levels']))}, "
        f"{g['values']:,} integers compared for equality"
    )


def _budget_table(report: Mapping[str, Any]) -> Table:
    table = Table(title="Area by kind of op (estimate)", title_justify="left", box=None, pad_edge=False)
    table.add_column("op")
    for name in ("count", *AREA):
        table.add_column(name.upper() if name != "count" else name, justify="right")
    *kinds, share = report["budget"]
    for row in kinds:
        table.add_row(row["op"], *(f"{row[name]:,g}" for name in ("count", *AREA)))
    table.add_row(share["op"], "", *("" if share[name] is None else f"{share[name]:.0%}" for name in AREA))
    return table


def _table(report: Mapping[str, Any], narrow: bool) -> Table:
    """A row per op; a column that nothing is known for is left out, and layers give way where it is narrow."""
    rows, title = report["layers"], f"{report['model']} on {report['board']} (bottleneck marked *)"
    if len(rows) > _ROWS_SHOWN:
        least = sorted((row["lut"] for row in rows), reverse=True)[_ROWS_SHOWN - 1]
        title += f"; the {_ROWS_SHOWN} largest of {len(rows)} ops, all are in report.json"
        rows = [row for row in rows if row["lut"] >= least][:_ROWS_SHOWN]
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, collapse_padding=narrow)
    table.add_column("op", no_wrap=True)
    table.add_column("layer", overflow="ellipsis" if narrow else "fold")
    in_csim = any(row["hls"] and row["hls"]["trips_csim"] for row in report["layers"])
    measured = "csim trips" if in_csim else "rtlsim"
    columns = {
        "PE": [row["pe"] for row in rows],
        "SIMD": [row["simd"] for row in rows],
        "predicted": [row["cycles_predicted"] for row in rows],
        measured: [row["hls"]["trips_csim"] if row["hls"] and in_csim else row["cycles_rtlsim"] for row in rows],
        "LUT": [row["lut"] for row in rows],
        "Yosys": [row["lut_yosys"] for row in rows],
        "BRAM36": [row["bram36"] for row in rows],
        "DSP": [row["dsp"] for row in rows],
        "ns": [row["timing_ns"] and row["timing_ns"]["inside"] for row in rows],  # longest path inside, an estimate
    }
    columns = {name: cells for name, cells in columns.items() if any(cell is not None for cell in cells)}
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for row, *cells in zip(rows, *columns.values(), strict=True):
        slowest = row["name"] == report["cycles"]["slowest_layer"]
        table.add_row(
            row["name"] + (" *" if slowest else ""), row["layer"], *("" if c is None else f"{c:,g}" for c in cells),
            style="bold" if slowest else None,
        )  # fmt: skip
    return table
