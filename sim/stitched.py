"""Simulation of a stitched design with tensors in and tensors out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from finn_build.errors import SimulationError
from finn_build.processes import Progress
from finn_build.rtl.stitch import DesignStream, StitchedDesign
from sim.packing import pack, unpack
from sim.verilator import InnerStream, OuterFifo, SimResult, Simulator, Stalls, TopStream, compile_model
from sim.wave_layout import write_layout

_WATCHDOG_MARGIN = 4096  # cycles, far above any random pause


def simulate(
    design: StitchedDesign,
    inputs: Mapping[str, np.ndarray],
    frames: int,
    *,
    stalls: Stalls | None = None,
    trace: Path | None = None,
    watchdog_cycles: int | None = None,
    reset_at_cycle: int | None = None,
    on_progress: Progress | None = None,
    switched: bool = False,
) -> tuple[dict[str, np.ndarray], SimResult]:
    """Simulate frames back to back and return every stream's integers.

    Args:
        design: What `stitch` returned.
        inputs: Integers by tensor, [frames, *shape].
        frames: Number of frames, >= 1.
        stalls: Random idle inputs and backpressure; none means full speed.
        trace: Where to write waves, and beside them which signals a viewer opens with.
        watchdog_cycles: Stop when no stream moves for so many cycles; default from the slowest node.
        reset_at_cycle: Reset in that cycle, then feed all frames again from the first.
        on_progress: Called with the fraction done: compilation is the first half, simulation the second.
        switched: By the simulator that runs the ops each by itself too.

    Returns:
        Integers [frames, *shape] by tensor, in the smallest type of each stream, for every tap and output; and the
        result, its streams named by tensor (inputs and outputs by port).

    Raises:
        SimulationError: Deadlock, broken protocol, failed assertion, wrong inputs.
    """
    simulator = compile_design(
        design, trace=trace is not None, on_progress=part_of(on_progress, 0, 0.5), switched=switched
    )
    wanted = {s.tensor for s in design.inputs}
    if set(inputs) != wanted:
        raise SimulationError(f"inputs given: {sorted(inputs)}; {design.top} takes: {sorted(wanted)}")
    if trace is not None:
        write_layout(design, trace.with_suffix(f".{simulator.wave_format}"))
    ports_of = {s.tensor: s.signal for s in (*design.inputs, *design.outputs)}  # other streams go by their tensor
    result = simulator.run(
        {s.signal: pack(inputs[s.tensor], s.stream) for s in design.inputs},
        frames,
        cwd=design.mem_dir,
        watchdog_cycles=watchdog_cycles or default_watchdog(design),
        stalls=stalls,
        trace_file=trace,
        on_progress=part_of(on_progress, 0.5, 1),
        reset_at_cycle=reset_at_cycle,
        fifos={ports_of.get(out, out): ports_of.get(into, into) for out, into in design.fifos.items()},
    )
    recorded = [*design.taps, *(end for skip in design.skips for end in (skip.sent, skip.taken))]
    tensors = {s.tensor: unpack(result.taps[s.tensor], s.stream, frames) for s in recorded}
    tensors |= {s.tensor: unpack(result.outputs[s.signal], s.stream, frames) for s in design.outputs}
    return tensors, result


def compile_design(
    design: StitchedDesign, *, trace: bool = False, on_progress: Progress | None = None, switched: bool = False
) -> Simulator:
    """Compile a stitched design, or find it in the cache; `switched`, so that its ops can run each by itself too."""
    skips = [OuterFifo(_tap(skip.sent), _tap(skip.taken), skip.depth) for skip in design.skips]
    taps = [_tap(s) for s in design.taps]
    ends = ports(design.inputs), ports(design.outputs)
    return compile_model(design.top, design.sources, *ends, taps, trace, on_progress, skips, switched)


def _tap(s: DesignStream) -> InnerStream:
    return InnerStream(s.tensor, s.signal, s.stream.width_padded, s.stream.beats)


def ports(streams: Sequence[DesignStream]) -> list[TopStream]:
    """Ports of the top for the simulator."""
    return [TopStream(s.signal, s.stream.width_padded, s.stream.beats) for s in streams]


def part_of(on_progress: Progress | None, start: float, end: float) -> Progress | None:
    """Progress of one part of the work, mapped to its place in the whole."""
    if on_progress is None:
        return None
    return lambda fraction: on_progress(start + (end - start) * fraction)


def default_watchdog(design: StitchedDesign) -> int:
    """Cycles without any beat that mean deadlock: more than the slowest node needs for a frame."""
    return 2 * design.longest_cycles + _WATCHDOG_MARGIN
