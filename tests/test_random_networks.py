"""Random networks from Brevitas' own export through the whole pipeline, levels 0 to 4, half of them with stalls."""

from pathlib import Path

import numpy as np
import pytest
import torch
from qonnx.custom_op.registry import getCustomOp

from finn_build import network as networks
from finn_build.pipeline import Build
from sim.verilator import Stalls
from tests.pipeline_runs import run_steps, start_build
from tests.random_networks import RandomNetwork, random_network

FRAMES = 5
LEAST_RATIO = 0.99  # of the slowest op's cycles to the measured interval between frames
FLOWING, STALLED = (0, 3, 7, 8, 13, 28), (4, 11, 17, 23, 205, 209)


def _build(network: RandomNetwork, out: Path, stalls: Stalls | None = None) -> Build:
    imported = networks.from_qonnx(network.export(out / "random.onnx", dynamo=False))
    build = run_steps(start_build(imported, out, FRAMES, stalls))
    assert build.verdict is not None and build.simulation is not None and build.integers is not None
    assert build.verdict.passed, build.verdict.first_difference
    assert build.verdict.levels == (1, 2, 3, 4)
    _equals_pytorch(network, build)
    return build


def _equals_pytorch(network: RandomNetwork, build: Build) -> None:
    """Level 0: the outputs that follow from the stitched simulation are PyTorch's, bit by bit."""
    assert build.integers is not None
    if not network.exact:
        return
    with torch.inference_mode():
        outputs = network.model(torch.from_numpy(build.frames))
    for (name, tail), expected in zip(
        build.integers.tails.items(), outputs if isinstance(outputs, tuple) else (outputs,), strict=True
    ):
        simulated = np.moveaxis(build.values[4][tail.source], -1, 1)
        assert np.array_equal(build.integers.to_network_output(name, simulated), expected.numpy()), name


@pytest.mark.parametrize("seed", FLOWING)
def test_at_full_rate(tmp_path: Path, seed: int) -> None:
    build = _build(random_network(seed), tmp_path)
    assert build.simulation is not None and build.design is not None and build.streams is not None
    slowest = max(getCustomOp(n).get_exp_cycles() for n in build.streams.graph.node)
    for stream in build.design.outputs:
        ends = build.simulation.streams[stream.signal].frame_end
        interval = (ends[-1] - ends[0]) / (FRAMES - 1)
        assert slowest / interval >= LEAST_RATIO, (stream.tensor, slowest, interval)


@pytest.mark.parametrize("seed", STALLED)
def test_with_random_stalls(tmp_path: Path, seed: int) -> None:
    _build(random_network(seed), tmp_path, Stalls(seed))
