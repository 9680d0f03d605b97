"""Networks from graph to C simulation, exact at every tap: the random ones of the RTL's tests, and a skip in memory.

Those of the zoo: `tests/builds/test_zoo.py`.
"""

from pathlib import Path

import pytest
from qonnx.custom_op.registry import getCustomOp

from finn_build.frontend import network as networks
from finn_build.pipeline import STEPS_HLS
from sim import csim
from tests.builds.pipeline_runs import start_build
from tests.builds.random_networks import random_network
from tests.builds.small_zoo import small_network
from tests.builds.test_random_networks import ALL_KINDS, FLOWING, PACED, STALLED
from tests.hls.zoo import build_cpp

SEEDS = (*FLOWING, *STALLED, *(seed for seed, _ in PACED), *ALL_KINDS["flowing"], *ALL_KINDS["stalled"])
AS_A_BUILD = 3


def test_skip_in_memory_leaves_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its streams are ports of the top, as in RTL; the testbench hands both the same stream."""
    build = start_build(small_network("u_binet_w1a4", tmp_path, monkeypatch), tmp_path)
    for step in STEPS_HLS:
        step.run(build, lambda fraction: None)
        if step.name == "buffer":
            assert build.streams is not None
            fifos = [getCustomOp(n) for n in build.streams.graph.node if n.op_type == "StreamFIFO_rtl"]
            max(fifos, key=lambda fifo: fifo.get_nodeattr("leastDepth")).set_nodeattr("ram_style", "ddr")
    assert build.verdict is not None and build.verdict.passed, build.verdict
    assert build.cpp is not None and [p.name for p in build.cpp.ports][-2:] == ["m_skip_0", "s_skip_0"]
    assert "cosim" not in (build.cpp.folder / "run_hls.tcl").read_text().split("proc")[0].split("list ")[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_random(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """One is compiled as a build is, not as the tests'."""
    if seed == AS_A_BUILD:
        monkeypatch.setitem(csim.OPTIMISATION, False, "-O3")
        monkeypatch.setattr(csim, "BUNDLE", 10)
    network = networks.from_qonnx(random_network(seed).export(tmp_path / "random.onnx", dynamo=False))
    build = build_cpp(network, tmp_path)
    assert build.verdict is not None and build.verdict.passed, build.verdict
