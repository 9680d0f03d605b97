"""One op over many beats: frames back to back, streams that rest more or less, a reset at any cycle."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import Phase, assume, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from finn_build.errors import SignflowError
from sim.isolated import simulate_ops
from sim.verilator import Stalls
from tests.dataflow.ops.op_case import FRAMES, OpBench, OpCase
from tests.nightly.strategies import OPS

# Idle and backpressure: full speed, either side slow, both, and pauses of hundreds of cycles with a beat in twenty.
PERIOD_NS = 8.0  # at 125 MHz
DENSITIES = ((0.0, 0.0), (0.05, 0.05), (0.3, 0.3), (0.9, 0.0), (0.0, 0.9), (0.7, 0.7))


def run(op_type: str, case: OpCase, beats: int, seed: int, reset: float) -> int:
    """Simulate a case until so many beats of its streams have moved at each density.

    Args:
        op_type: e.g. "SWG_rtl".
        case: what it is.
        beats: of all streams together, over all densities.
        seed: of values, rests, and of what registers hold before the reset.
        reset: part of the run after which it begins anew.

    Returns:
        Beats that moved.

    Raises:
        AssertionError, SimulationError: a wrong value, a lost or additional beat, a stall for ever, a payload that
            changes.
    """
    bench = OpBench(op_type, [case], seed)
    (op,) = bench.ops
    a_frame = sum(stream.beats for stream in (*op.streams_in(), *op.streams_out()))
    frames = max(FRAMES, -(-beats // (len(DENSITIES) * a_frame)))
    order = np.arange(frames) % FRAMES
    inputs = {name: values[order] for name, values in bench.values.items()}
    wanted = dict(zip(op.onnx_node.output, bench.expected(0), strict=True))
    with tempfile.TemporaryDirectory(prefix="signflow_nightly_") as folder:
        for number, rests in enumerate(DENSITIES):
            at = int(reset * frames * op.get_exp_cycles()) if number % 2 else None
            (result,) = simulate_ops(
                bench.model, inputs, frames, build_dir=Path(folder), stalls=Stalls(seed + number, *rests),
                reset_at_cycle=at,
            ).values()  # fmt: skip
            for name, want in wanted.items():
                got = result.outputs[name].reshape(frames, *want.shape[1:])
                assert np.array_equal(got, want[order]), f"{op_type}: {name} differs at rests of {rests}, reset at {at}"
    return frames * a_frame * len(DENSITIES)


def longest_path(op_type: str, case: OpCase) -> float:
    """Nanoseconds from a register or port to the next, after synthesis.

    Raises:
        AssertionError: longer than a period of PYNQ-Z2's clock.
    """
    with tempfile.TemporaryDirectory(prefix="signflow_nightly_") as folder:
        depths = OpBench(op_type, [case]).depths(Path(folder), 0)
    found = max(depths.inside, *depths.from_inputs.values(), *depths.to_outputs.values())
    assert found <= PERIOD_NS, f"{op_type}: a path of {found:.1f} ns, of {PERIOD_NS} ns"
    return found


def long_run(stem: str, beats: int, examples: int, seed: int, say: Callable[[str], None]) -> int:
    """So many cases of an op, over so many beats in all; what fails is made as small as it goes, and raised.

    Returns:
        Beats that moved.
    """
    op_type, cases = OPS[stem]
    moved, longest = 0, 0.0

    @seeded(seed)
    @settings(
        max_examples=examples, deadline=None, database=None, phases=(Phase.generate, Phase.shrink), print_blob=True
    )
    @given(case=cases, rests=st.integers(0, 2**16), reset=st.floats(0, 1))
    def every_beat_is_right(case: OpCase, rests: int, reset: float) -> None:
        nonlocal moved, longest
        try:
            ops = OpBench(op_type, [case]).ops
            ops[0].rtl_parameters()
        except SignflowError:
            assume(False)  # it says no by itself
        moved += run(op_type, case, beats // examples, rests, reset)
        longest = max(longest, longest_path(op_type, case))

    every_beat_is_right()
    say(f"{stem}: {moved:,} beats of {examples} cases, longest path {longest:.1f} ns after synthesis")
    return moved
