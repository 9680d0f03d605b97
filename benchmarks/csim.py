"""C simulation beside the stitched design in rtlsim: frames a second and seconds of compilation, in one run.

`python benchmarks/csim.py [--model NAME] [--board BOARD] [--frames N]` lowers the network once, compiles both with an
empty cache, and runs the same frames through both, each on one core.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="bi_shufflenet", help="a network of the zoo (default: bi_shufflenet)")
    parser.add_argument("--board", default="pynq-z2", help="for its folding (default: pynq-z2)")
    parser.add_argument("--frames", type=int, default=4, help="frames through both (default: 4)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["SIGNFLOW_CACHE"] = str(Path(name) / "cache")
        _compare(options, Path(name))
    return 0


def _compare(options: argparse.Namespace, folder: Path) -> None:
    from finn_build.finn.environment import prepare_finn  # before anything imports FINN

    prepare_finn(folder / ".finn")
    from finn_build.config import CONFIG_DIR, load_board, load_build
    from finn_build.frontend import network as networks
    from finn_build.hls.testbench import write_testbench
    from finn_build.pipeline import STEPS, STEPS_HLS
    from finn_build.state import Build
    from sim.csim import compile_cpp, simulate_cpp
    from sim.stitched import compile_design, simulate

    config = replace(load_build(CONFIG_DIR / f"{options.model}.yaml"), frames=options.frames)
    network = networks.from_zoo(config.model, folder)
    images = networks.load_images(networks.SYNTHETIC, network, options.frames, seed=1)
    build = Build(config, load_board(options.board), network, images, folder)
    wanted = ("integers", "lower", "fold", "buffer", "stitch", "hls", "execute")
    steps = {step.name: step for step in (*STEPS, *STEPS_HLS) if step.name in wanted}
    for name in wanted:
        steps[name].run(build, lambda fraction: None)
    assert build.cpp and build.design and build.streams
    cpp, design, image = build.cpp, build.design, build.streams.graph.input[0].name
    testbench = write_testbench(cpp, build.values[2], options.frames)
    inputs = {image: build.values[2][image]}
    figures = {
        "csim": (
            _seconds(lambda: compile_cpp(cpp, testbench)),
            _seconds(lambda: simulate_cpp(cpp, testbench, options.frames)),
        ),
        "rtlsim, stitched": (
            _seconds(lambda: compile_design(design)),
            _seconds(lambda: simulate(design, inputs, options.frames)),
        ),
    }
    print(f"{options.model} on {options.board}, {options.frames} frames, taps included")
    for path, (compiled, ran) in figures.items():
        print(
            f"{path}: compile {compiled[0]:.1f} s ({compiled[1]:.1f} s of processor), run {ran[0]:.2f} s "
            f"({ran[1]:.2f} s of processor), {options.frames / ran[1]:.2f} frames/s of processor"
        )
    csim, rtlsim = (figures[path][1][1] for path in figures)
    print(f"csim is {rtlsim / csim:.1f} times as fast as rtlsim (processor time)")


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall seconds, and those of the processor, this process and its children."""
    began, used = time.monotonic(), _processor()
    work()
    return time.monotonic() - began, _processor() - used


def _processor() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


if __name__ == "__main__":
    sys.exit(main())
