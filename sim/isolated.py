"""Every op of a graph simulated alone, all at once: one Verilated top holds them side by side, unconnected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.errors import SimulationError
from finn_build.processes import Progress
from finn_build.rtl.stitch import DesignStream, StitchedDesign, stitch
from sim.packing import pack, unpack
from sim.stitched import compile_design, default_watchdog, part_of
from sim.verilator import SimResult, Stalls, StreamStats


@dataclass(frozen=True)
class OpResult:
    """What one op did.

    Attributes:
        outputs: integers [frames, *shape] by tensor, in the smallest type of each stream.
        cycles: Initiation interval in cycles, mean over all frames but the first; for one frame the cycles from
            its first input beat to its last output beat.
        latency: Cycles from the first input beat to the first output beat.
        streams: Statistics by port, e.g. "in0_V".
    """

    outputs: dict[str, np.ndarray]
    cycles: float
    latency: int
    streams: dict[str, StreamStats]


def simulate_ops(
    model: ModelWrapper,
    inputs: Mapping[str, np.ndarray],
    frames: int,
    *,
    build_dir: Path,
    stalls: Stalls | None = None,
    trace: Path | None = None,
    reset_at_cycle: int | None = None,
    on_progress: Progress | None = None,
) -> dict[str, OpResult]:
    """Simulate every node of a graph of hardware ops, each fed with its own recorded inputs.

    Args:
        model: Graph of hardware ops with unique node names.
        inputs: Integers by tensor, [frames, *shape], for every stream input of every node; others are ignored.
        frames: Number of frames, fed back to back.
        build_dir: Folder for the generated HDL and memory files.
        stalls: Random idle inputs and backpressure; none means full speed.
        trace: Where to write waves.
        reset_at_cycle: Reset in that cycle, then feed all frames again from the first.
        on_progress: Called with the fraction done: compilation is the first half, simulation the second.

    Returns:
        Result by node name.

    Raises:
        SimulationError: An input is missing, or the simulation failed.
    """
    design = stitch(model, Path(build_dir), top="side_by_side", connect=False)
    missing = sorted({s.tensor for s in design.inputs} - set(inputs))
    if missing:
        raise SimulationError(f"no recorded values for input tensors: {', '.join(missing)}")
    simulator = compile_design(design, trace=trace is not None, on_progress=part_of(on_progress, 0, 0.5))
    result = simulator.run(
        {s.signal: pack(np.asarray(inputs[s.tensor]), s.stream) for s in design.inputs},
        frames,
        cwd=design.mem_dir,
        watchdog_cycles=default_watchdog(design),
        stalls=stalls,
        trace_file=trace,
        on_progress=part_of(on_progress, 0.5, 1),
        reset_at_cycle=reset_at_cycle,
    )
    nodes = dict.fromkeys(s.node for s in (*design.inputs, *design.outputs))
    return {node: _op_result(design, node, result, frames) for node in nodes}


def _op_result(design: StitchedDesign, node: str, result: SimResult, frames: int) -> OpResult:
    def own(streams: tuple[DesignStream, ...]) -> list[DesignStream]:
        return [s for s in streams if s.node == node]

    sent = [result.streams[s.signal] for s in own(design.outputs)]
    taken = [result.streams[s.signal] for s in own(design.inputs)]
    start = min(s.first_beat for s in taken)
    if frames > 1:
        cycles = max((s.frame_end[-1] - s.frame_end[0]) / (frames - 1) for s in sent)
    else:
        cycles = float(max(s.frame_end[0] for s in sent) - start + 1)
    return OpResult(
        outputs={s.tensor: unpack(result.outputs[s.signal], s.stream, frames) for s in own(design.outputs)},
        cycles=cycles,
        latency=min(s.first_beat for s in sent) - start,
        streams={
            s.signal.rsplit("__", 1)[1]: result.streams[s.signal] for s in (*own(design.inputs), *own(design.outputs))
        },
    )
