"""Random networks from Brevitas' own export through the whole pipeline, levels 0 to 4, half of them with stalls."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from finn_build.dataflow.latency import predict_latency
from finn_build.dataflow.passes.set_folding import unfolded_cycles
from finn_build.frontend import network as networks
from finn_build.state import Build
from sim.verilator import Stalls
from tests.builds.pipeline_runs import require_rate, run_steps, start_build
from tests.builds.random_networks import RandomNetwork, random_network

FRAMES = 5
LATENCY_SLACK = 2  # cycles: binary convolutions may be that far off
PACED = ((39, 3), (118, 5))  # seed, times slower than the fastest folding; stalled before FIFOs knew of pacing
FLOWING, STALLED = (0, 3, 8, 13, 24, 57), (11, 17, 25, 26, 206, 209)
ALL_KINDS = {
    "flowing": (1002,),
    "stalled": (1008, 2001),
}  # dilated, depthwise, grouped; borders, uneven pools, products
PLAIN = (3, 13, 17, 206)  # whose stitched design is plain Verilog; level 3 simulates the library all the same


def built(seed: int, out: Path, stalls: Stalls | None = None) -> Build:
    """A random network through the whole pipeline, exact at every level."""
    network = random_network(seed)
    imported = networks.from_qonnx(network.export(out / "random.onnx", dynamo=False))
    build = start_build(imported, out, FRAMES, stalls)
    build.rtl = "verilog" if seed in PLAIN else "systemverilog"
    run_steps(build)
    assert build.design is not None and build.design.is_plain == (seed in PLAIN)
    assert build.verdict is not None and build.simulation is not None
    assert build.verdict.passed, build.verdict.first_difference
    assert build.verdict.levels == (1, 2, 3, 4)
    _equals_pytorch(network, build)
    return build


def _equals_pytorch(network: RandomNetwork, build: Build) -> None:
    """Level 0: the outputs that follow from the stitched simulation are PyTorch's, bit by bit."""
    if not network.exact:
        return
    with torch.inference_mode():
        outputs = network.model(torch.from_numpy(build.frames))
    for (name, tail), expected in zip(
        build.integers.tails.items(), outputs if isinstance(outputs, tuple) else (outputs,), strict=True
    ):
        simulated = np.moveaxis(build.values[4][tail.source], -1, 1)
        assert np.array_equal(build.integers.to_network_output(name, simulated), expected.numpy()), name


def latencies(build: Build) -> tuple[int, int]:
    """Cycles from the first beat in to the last beat out of a frame: predicted, and simulated."""
    assert build.simulation is not None
    first = min(build.simulation.streams[s.signal].first_beat for s in build.design.inputs)
    last = max(build.simulation.streams[s.signal].frame_end[0] for s in build.design.outputs)
    return predict_latency(build.streams), last - first + 1


def _require_predictions(build: Build) -> None:
    require_rate(build)
    predicted, simulated = latencies(build)
    assert abs(predicted - simulated) <= LATENCY_SLACK


@pytest.mark.parametrize("seed", (*FLOWING, *ALL_KINDS["flowing"]))
def test_at_full_rate(tmp_path: Path, seed: int) -> None:
    _require_predictions(built(seed, tmp_path))


@pytest.mark.parametrize(("seed", "slower"), PACED)
def test_windows_that_mvaus_pace(tmp_path: Path, seed: int, slower: int) -> None:
    imported = networks.from_qonnx(random_network(seed).export(tmp_path / "random.onnx", dynamo=False))
    build = run_steps(start_build(imported, tmp_path, FRAMES), ("integers", "lower"))
    fps = build.board.clk_mhz * 1e6 / (slower * unfolded_cycles(build.streams))
    build.config = replace(build.config, target_fps=fps)
    _require_predictions(run_steps(build, ("fold", "buffer", "stitch", "execute", "rtlsim-stitched")))


@pytest.mark.parametrize("seed", (*STALLED, *ALL_KINDS["stalled"]))
def test_with_random_stalls(tmp_path: Path, seed: int) -> None:
    built(seed, tmp_path, Stalls(seed))
