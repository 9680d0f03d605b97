"""Networks from graph to C simulation: those of the zoo at small sizes, and random ones, exact at every tap."""

from pathlib import Path

import pytest
from qonnx.custom_op.registry import getCustomOp

from finn_build.config import load_board
from finn_build.frontend import network as networks
from finn_build.hls.lint import lint_design
from finn_build.pipeline import STEPS_HLS
from finn_build.state import Build
from tests.builds.pipeline_runs import start_build
from tests.builds.random_networks import random_network

ZOO = (  # name, size, board
    ("bi_shufflenet", 32, "pynq-z2"),
    ("binary_rescnn_w1a1", 64, "pynq-z2"),
    ("cnv_w1a1", 32, "zcu104"),
    ("u_binet_small_w1a4", 32, "zcu104"),
    ("u_binet_pynq_w1a8", 32, "zcu104"),
)
SEEDS = (3, 13, 25, 209)


def _run(network: networks.ImportedNetwork, out: Path, board: str = "zcu104") -> Build:
    build = start_build(network, out, frames=4)
    build.board = load_board(board)
    for step in STEPS_HLS:
        step.run(build, lambda fraction: None)
    assert build.cpp is not None and not lint_design(build.cpp)
    return build


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size", "board"), ZOO)
def test_zoo(tmp_path: Path, name: str, size: int, board: str) -> None:
    build = _run(networks.from_zoo(name, tmp_path, image_size=size), tmp_path, board)
    assert build.verdict is not None and build.verdict.passed, build.verdict
    assert 5 in build.verdict.levels and build.csim is not None and build.csim.passed


@pytest.mark.slow
def test_skip_in_memory_leaves_and_comes_back(tmp_path: Path) -> None:
    """Its streams are ports of the top, as in RTL; the testbench hands both the same stream."""
    network = networks.from_zoo("u_binet_small_w1a4", tmp_path, image_size=32)
    build = start_build(network, tmp_path, frames=4)
    for step in STEPS_HLS:
        step.run(build, lambda fraction: None)
        if step.name == "buffer":
            assert build.streams is not None
            fifos = [getCustomOp(n) for n in build.streams.graph.node if n.op_type == "StreamFIFO_rtl"]
            max(fifos, key=lambda fifo: fifo.get_nodeattr("leastDepth")).set_nodeattr("ram_style", "ddr")
    assert build.verdict is not None and build.verdict.passed, build.verdict
    assert build.cpp is not None and [p.name for p in build.cpp.ports][-2:] == ["m_skip_0", "s_skip_0"]
    assert "cosim" not in (build.cpp.folder / "run_hls.tcl").read_text().split("proc")[0].split("list ")[1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_random(tmp_path: Path, seed: int) -> None:
    network = networks.from_qonnx(random_network(seed).export(tmp_path / "random.onnx", dynamo=False))
    build = _run(network, tmp_path)
    assert build.verdict is not None and build.verdict.passed, build.verdict
