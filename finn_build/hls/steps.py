"""The pipeline's steps towards HLS: the hardware graph as C++, and its simulation."""

from __future__ import annotations

from finn_build.dataflow.passes._skips import too_shallow
from finn_build.errors import GateError
from finn_build.hls.depths import check_depths
from finn_build.hls.design import write_hls
from finn_build.hls.testbench import write_testbench
from finn_build.processes import Progress
from finn_build.proof import levels
from finn_build.proof.gate import CSIM
from finn_build.state import Build
from sim import csim

_NOT_SYNTHESISED = "csynth, cosim and IP: hls/run_hls.tcl makes them in Vitis HLS; no tool of AMD was run"


def write_cpp(build: Build, progress: Progress) -> None:
    """Write the hardware graph as C++ for Vitis HLS."""
    build.cpp = write_hls(build.streams, build.out / "hls", build.board)
    build.not_run.append(_NOT_SYNTHESISED)


def simulate_cpp(build: Build, progress: Progress) -> None:
    """Level 5: the C++ compiled and run on the gate's frames, every stream recorded."""
    assert build.cpp is not None
    if shallow := too_shallow(build.streams):
        raise GateError("the gate failed: with these depths a skip stalls for ever, which csim does not see:", shallow)
    check_depths(build.cpp)
    testbench = write_testbench(build.cpp, build.values[2], build.config.frames)
    build.csim = csim.simulate_cpp(build.cpp, testbench, build.config.frames, progress)
    build.values[CSIM] = {t: v.squeeze(1) for t, v in build.csim.values.items()}  # frame by frame, each a batch of 1
    build.values[CSIM] |= levels.output_values(build.integers, build.values[CSIM])
