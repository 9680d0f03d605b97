"""The networks by hand of `tests/frontend/integers` on their way to hardware: one or a few nodes each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from finn_build.errors import SignflowError
from finn_build.frontend import network as networks
from finn_build.proof import levels
from finn_build.proof.gate import compare
from tests.builds.pipeline_runs import UP_TO_LEVEL_2, run_steps, start_build
from tests.frontend.integers.by_hand import compiled
from tests.frontend.integers.test_by_hand import CASES, SIGNED
from tests.records.graphs import hardware_of
from tests.records.record import Said


def hands_of(name: str, folder: Path) -> Said:
    """What hardware a case becomes, as fast as it fits.

    Raises:
        AssertionError: the hardware graph gives other integers.
    """
    nodes, constants, shape, _ = CASES[name]
    signed = int(name in SIGNED)
    compiled(folder, shape, nodes, constants, 1 + max(signed, int(np.prod(shape) <= 8)), signed)
    build = start_build(networks.from_qonnx(folder / "net.onnx"), folder)
    try:
        run_steps(build, UP_TO_LEVEL_2)
    except SignflowError as error:
        return {"refused": error}
    verdict = compare(levels.taps(build.streams, build.integers), build.values)
    assert verdict.passed, verdict
    return hardware_of(build, folder, {"fast": {}})


def said_of_hands(folder: Path) -> dict[str, Said]:
    """All of them."""
    return {f"{name}, by hand": hands_of(name, folder) for name in CASES}
