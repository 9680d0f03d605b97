"""Every op of a graph simulated alone, all at once: side by side in a top of their own, or as a design cut apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.stream import Stream
from finn_build.errors import SimulationError
from finn_build.processes import Progress
from finn_build.rtl.stitch import DesignStream, StitchedDesign, stitch
from sim.packing import pack, unpack
from sim.stitched import compile_design, default_watchdog, part_of
from sim.switches import PUT, TAKE
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
    design: StitchedDesign | None = None,
) -> dict[str, OpResult]:
    """Simulate every node of a graph of hardware ops, each fed with its own recorded inputs.

    Args:
        model: Graph of hardware ops with unique node names.
        inputs: Integers by tensor, [frames, *shape], for every stream input of every node; others are ignored.
        frames: Number of frames, fed back to back.
        build_dir: Folder for the generated HDL and memory files, where no design is given.
        stalls: Random idle inputs and backpressure; none means full speed.
        trace: Where to write waves.
        reset_at_cycle: Reset in that cycle, then feed all frames again from the first.
        on_progress: Called with the fraction done: compilation is the first half, simulation the second.
        design: The graph stitched, without FIFOs in memory, whose simulator then does, with switches in its streams.

    Returns:
        Result by node name.

    Raises:
        SimulationError: An input is missing, or the simulation failed.
    """
    apart = design is not None
    if design is None:
        design = stitch(model, Path(build_dir), top="side_by_side", connect=False)
    if apart:
        ins, outs = _ends_apart(design, model)
    else:
        ins, outs = _ends_of_ports(design.inputs), _ends_of_ports(design.outputs)
    missing = sorted({end.tensor for end in ins} - set(inputs))
    if missing:
        raise SimulationError(f"no recorded values for input tensors: {', '.join(missing)}")
    progress = part_of(on_progress, 0, 0.5)
    simulator = compile_design(design, trace=trace is not None, on_progress=progress, switched=apart)
    result = simulator.run(
        {end.name: pack(np.asarray(inputs[end.tensor]), end.stream) for end in ins},
        frames,
        cwd=design.mem_dir,
        watchdog_cycles=default_watchdog(design),
        stalls=stalls,
        trace_file=trace,
        on_progress=part_of(on_progress, 0.5, 1),
        reset_at_cycle=reset_at_cycle,
        apart=apart,
    )
    nodes = dict.fromkeys(end.node for end in (*ins, *outs))
    return {node: _op_result(_of(node, ins), _of(node, outs), result, frames) for node in nodes}


@dataclass(frozen=True)
class _End:
    """A port of an op: its node and name, the tensor, its name in the simulator, what it carries."""

    node: str
    port: str
    tensor: str
    name: str
    stream: Stream


def _of(node: str, ends: Sequence[_End]) -> list[_End]:
    return [end for end in ends if end.node == node]


def _ends_of_ports(streams: Sequence[DesignStream]) -> list[_End]:
    """Inputs or outputs of ops that stand side by side."""
    return [_End(s.node, s.signal.rsplit("__", 1)[1], s.tensor, s.signal, s.stream) for s in streams]


def _ends_apart(design: StitchedDesign, model: ModelWrapper) -> tuple[list[_End], list[_End]]:
    """Inputs and outputs of the ops of a design that is taken apart; those of the design are its ports."""
    ends = []
    for side, ports, cut in (("input", design.inputs, PUT), ("output", design.outputs, TAKE)):
        names = {s.tensor: (s.signal, s.stream) for s in ports}
        names |= {s.tensor: (cut.format(s.tensor), s.stream) for s in design.taps}
        prefix = side.removesuffix("put")
        ends.append([
            _End(node.name, f"{prefix}{i}_V", tensor, *names[tensor])
            for node in model.graph.node
            for i, tensor in enumerate(getattr(node, side))
            if tensor in names
        ])  # fmt: skip
    return ends[0], ends[1]


def _op_result(ins: Sequence[_End], outs: Sequence[_End], result: SimResult, frames: int) -> OpResult:
    sent, taken = ([result.streams[end.name] for end in ends] for ends in (outs, ins))
    start = min(s.first_beat for s in taken)
    if frames > 1:
        cycles = max((s.frame_end[-1] - s.frame_end[0]) / (frames - 1) for s in sent)
    else:
        cycles = float(max(s.frame_end[0] for s in sent) - start + 1)
    return OpResult(
        outputs={end.tensor: unpack(result.outputs[end.name], end.stream, frames) for end in outs},
        cycles=cycles,
        latency=min(s.first_beat for s in sent) - start,
        streams={end.port: result.streams[end.name] for end in (*ins, *outs)},
    )
