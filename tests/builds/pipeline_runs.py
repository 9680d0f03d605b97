"""Builds driven step by step from tests, without the command line."""

from collections.abc import Sequence
from pathlib import Path

from qonnx.custom_op.registry import getCustomOp

from finn_build.config import BuildConfig, load_board
from finn_build.finn.environment import prepare_finn
from finn_build.frontend import network as networks
from finn_build.hls.steps import simulate_cpp, write_cpp
from finn_build.pipeline import STEPS, gate
from finn_build.rtl.lint import VERSIONS
from finn_build.state import Build
from sim.verilator import Stalls

UP_TO_LEVEL_2 = ("integers", "lower", "fold", "buffer", "stitch", "execute")
LEAST_RATIO = 0.99  # of the slowest op's cycles to the measured interval between frames
ALL_STEPS = tuple(s.name for s in STEPS)


def start_build(
    network: networks.ImportedNetwork, out: Path, frames: int = 4, stalls: Stalls | None = None, **config: object
) -> Build:
    """A build for PYNQ-Z2 on synthetic frames, no step run yet; one that gets to its shell is linted too."""
    prepare_finn(out / ".finn")
    settings = BuildConfig(model=network.name, frames=frames, **config)  # type: ignore[arg-type]
    images = networks.load_images(networks.SYNTHETIC, network, frames, seed=1)
    return Build(settings, load_board("pynq-z2"), network, images, out, stalls, lint=VERSIONS[-1])


def run_steps(build: Build, names: Sequence[str] = ALL_STEPS) -> Build:
    """Run the named steps, in the pipeline's order."""
    for step in STEPS:
        if step.name in names:
            step.run(build, lambda fraction: None)
    return build


def every_level(build: Build) -> Build:
    """All steps to the gate, and the C++ in csim before it."""
    run_steps(build, [s for s in ALL_STEPS if s not in ("gate", "deploy")])
    for step in (write_cpp, simulate_cpp, gate):
        step(build, lambda fraction: None)
    return build


def require_rate(build: Build) -> None:
    """Frames leave every output of the stitched simulation as fast as the slowest op lets them."""
    assert build.simulation is not None
    slowest = max(getCustomOp(n).get_exp_cycles() for n in build.streams.graph.node)
    for stream in build.design.outputs:
        ends = build.simulation.streams[stream.signal].frame_end
        interval = (ends[-1] - ends[0]) / (build.config.frames - 1)
        assert slowest / interval >= LEAST_RATIO, (stream.tensor, slowest, interval)
