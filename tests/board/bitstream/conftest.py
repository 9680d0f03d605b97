"""A small design in its shell for each board, and a `vivado` on PATH that records."""

import sys
from pathlib import Path

import pytest
import torch
from onnx import TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.basic import qonnx_make_model

from finn_build.board.shell import Shell, write_shell
from finn_build.config import Board, load_board
from finn_build.dataflow.ops.base import DOMAIN
from finn_build.finn.environment import prepare_finn
from finn_build.frontend import network as networks
from finn_build.frontend.export import export_qonnx
from finn_build.rtl.stitch import stitch
from finn_build.state import Build
from tests.builds.networks import SmallResidual, randomize
from tests.builds.pipeline_runs import run_steps, start_build

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def lowered(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A build of a small residual network, up to its FIFOs."""
    out = tmp_path_factory.mktemp("small")
    torch.manual_seed(3)
    model = randomize(SmallResidual(bits=1, signed=True), seed=1)
    network = networks.from_qonnx(export_qonnx(model, out / "net.onnx", (1, 1, 11, 9)))
    return run_steps(start_build(network, out), ("integers", "lower", "fold", "buffer"))


@pytest.fixture(scope="session", params=["pynq-z2", "zcu104"])
def shelled(
    lowered: Build, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Shell, Board]:
    """That network's design in the shell of a board."""
    board, folder = load_board(request.param), tmp_path_factory.mktemp(request.param) / "stitched"
    assert lowered.streams is not None
    return write_shell(stitch(lowered.streams, folder, part=board.part, clk_ns=board.clk_period_ns), board), board


@pytest.fixture(scope="session")
def forked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, Board]:
    """A shell for PYNQ-Z2 with one input and two outputs: its second master only writes."""
    folder, shape = tmp_path_factory.mktemp("forked"), (1, 50, 3)
    prepare_finn(folder / ".finn")
    fork = helper.make_node(
        "DuplicateStreams_rtl", ["in"], ["out0", "out1"], name="Fork", domain=DOMAIN, backend="fpgadataflow",
        NumChannels=3, PE=3, NumOutputStreams=2, inputDataType="UINT8", numInputVectors=[1, 50],
    )  # fmt: skip
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("in", "out0", "out1")]
    graph = helper.make_graph([fork], "fork", tensors[:1], tensors[1:])
    board = load_board("pynq-z2")
    return write_shell(stitch(ModelWrapper(qonnx_make_model(graph)), folder / "stitched"), board), board


@pytest.fixture
def vivado_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `vivado` on PATH that runs scripts in the recorder; returns its log, a line per command."""
    tool, log = tmp_path / "tools" / "vivado", tmp_path / "commands.log"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tests.board.bitstream.vivado "$@"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("RECORDER_LOG", str(log))
    monkeypatch.setenv("RECORDER_BOARDS", "xilinx.com:zcu104:part0:1.1")
    return log
