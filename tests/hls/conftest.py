"""A small residual network as C++, with its testbench, and a Vitis HLS on PATH that records."""

import sys
from pathlib import Path

import pytest
import torch

from finn_build.frontend import network as networks
from finn_build.frontend.export import export_qonnx
from finn_build.pipeline import STEPS_HLS
from finn_build.state import Build
from tests.builds.networks import SmallResidual, randomize
from tests.builds.pipeline_runs import start_build

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A build with --impl hls, passed by the gate."""
    out = tmp_path_factory.mktemp("small_hls")
    torch.manual_seed(3)
    model = randomize(SmallResidual(bits=1, signed=True), seed=1)
    network = networks.from_qonnx(export_qonnx(model, out / "net.onnx", (1, 1, 11, 9)))
    build = start_build(network, out)
    for step in STEPS_HLS:
        step.run(build, lambda fraction: None)
    return build


@pytest.fixture
def vitis_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put `vitis_hls` and `vitis-run` on PATH; returns their log, a line per command."""
    tools, log = tmp_path / "tools", tmp_path / "commands.log"
    tools.mkdir()
    for name in ("vitis_hls", "vitis-run"):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tests.hls.vitis "$0" "$@"\n')
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("RECORDER_LOG", str(log))
    return log
