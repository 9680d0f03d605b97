"""The pipeline's steps towards HLS: the hardware graph as C++, and its simulation."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np

from finn_build.dataflow.passes._skips import too_shallow
from finn_build.errors import GateError, require_clean
from finn_build.hls.depths import check_depths
from finn_build.hls.design import HlsDesign, write_hls
from finn_build.hls.lint import lint_design
from finn_build.hls.testbench import write_testbench
from finn_build.hls.written import check_written
from finn_build.kept import Figures, simulated
from finn_build.processes import Progress
from finn_build.proof import levels
from finn_build.proof.gate import CSIM, compare
from finn_build.state import Build
from sim import csim
from sim.packing import pack, unpack

_NOT_SYNTHESISED = "csynth, cosim and IP: hls/run_hls.tcl makes them in Vitis HLS; no tool of AMD was run"


def write_cpp(build: Build, progress: Progress) -> None:
    """Write the hardware graph as C++ for Vitis HLS; lint all of it if asked to.

    Raises:
        LintError: a file holds what Vitis HLS refuses.
    """
    build.cpp = write_hls(build.streams, build.out / "hls", build.board)
    require_clean(lint_design(build.cpp) if build.lint else ())
    build.not_run.append(_NOT_SYNTHESISED)


def simulate_cpp(build: Build, progress: Progress) -> None:
    """Level 5: the C++ compiled and run on the gate's frames, every stream recorded."""
    cpp = build.cpp
    assert cpp is not None
    if shallow := too_shallow(build.streams):
        raise GateError("the gate failed: with these depths a skip stalls for ever, which csim does not see:", shallow)
    check_depths(cpp)
    testbench = write_testbench(cpp, build.values[2], build.config.frames)

    def run() -> tuple[levels.Values, Figures]:
        try:
            found = csim.simulate_cpp(cpp, testbench, build.config.frames, progress)
        except csim.Stopped as stopped:
            _require_equal_so_far(build, cpp, stopped)
            raise
        return found.values, asdict(replace(found, values={}))

    files = (path for path in cpp.folder.rglob("*") if path.is_file())
    values, figures = simulated(build, CSIM, files, "", run)
    build.csim = csim.CsimResult(**figures | {"values": values})
    build.values[CSIM] = {t: v.squeeze(1) for t, v in values.items()}  # frame by frame, each a batch of 1
    pairs = [(found, build.values[2][t]) for t, found in build.values[CSIM].items() if t in build.values[2]]
    if all(np.array_equal(found.ravel(), expected.ravel()) for found, expected in pairs):
        check_written(cpp)  # else the gate says what differs, and where
    build.values[CSIM] |= levels.output_values(build.integers, build.values[CSIM])


def _require_equal_so_far(build: Build, cpp: HlsDesign, stopped: csim.Stopped) -> None:
    """Raise GateError with the first beat that was wrong before the program stopped; what never came is right."""
    values = {}
    for tensor in stopped.beats.keys() & build.values[2].keys():
        stream, frames = cpp.channels[tensor].stream, build.config.frames
        right = pack(build.values[2][tensor][:frames], stream)
        given = np.concatenate((stopped.beats[tensor], right.ravel()[stopped.beats[tensor].size :]))[: right.size]
        values[tensor] = unpack(given.reshape(right.shape), stream, frames).squeeze(1)
    verdict = compare(levels.taps(build.streams, build.integers), build.values | {CSIM: values})
    if verdict.first_difference is not None:
        raise GateError(f"the gate failed at {verdict.first_difference}; behind it {stopped}")
