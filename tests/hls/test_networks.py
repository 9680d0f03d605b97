"""Networks from graph to C simulation: those of the zoo with few channels, and random ones, exact at every tap.

All others of the zoo: `python -m tests.hls.zoo`.
"""

from pathlib import Path

import pytest
from qonnx.custom_op.registry import getCustomOp

from finn_build.frontend import network as networks
from finn_build.pipeline import STEPS_HLS
from tests.builds.pipeline_runs import start_build
from tests.builds.random_networks import random_network
from tests.builds.small_zoo import small_network
from tests.hls.zoo import build_cpp

ZOO = (
    *(
        "bi_shufflenet_rgb",
        "bi_shufflenet_head8",
        "binary_rescnn_w1a8",
        "cnv_w1a1",
        "keyword_net_w1a4",
        "mobilenet_w1a4",
    ),
    *("tfc_w1a2", "u_binet_w1a4", "u_binet_w1a8"),
)
SEEDS = (3, 13, 25, 209)


@pytest.mark.slow
@pytest.mark.parametrize("name", ZOO)
def test_zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    build = build_cpp(small_network(name, tmp_path, monkeypatch), tmp_path)
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
    build = build_cpp(network, tmp_path)
    assert build.verdict is not None and build.verdict.passed, build.verdict
