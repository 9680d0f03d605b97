"""One wrong bit in a weight memory, a threshold or a FIFO: the gate fails and points at the op that holds it."""

import shutil
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from finn_build.errors import GateError
from finn_build.frontend import network as networks
from finn_build.frontend.export import export_qonnx
from finn_build.proof.gate import Verdict
from finn_build.rtl.stitch import StitchedDesign
from finn_build.state import Build
from tests.builds.networks import SmallResidual, randomize
from tests.builds.pipeline_runs import UP_TO_LEVEL_2, run_steps, start_build

Fault = Callable[[Path], dict[str, str]]  # changes the design's folder; returns sources to replace, by file name


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Build:
    out = tmp_path_factory.mktemp("faults")
    torch.manual_seed(3)
    model = randomize(SmallResidual(bits=1, signed=True), seed=1)
    network = networks.from_qonnx(export_qonnx(model, out / "net.onnx", (1, 1, 11, 9)))
    return run_steps(start_build(network, out), UP_TO_LEVEL_2)


def _flip(path: Path, word: int, bit: int) -> None:
    lines = path.read_text().split()
    lines[word] = f"{int(lines[word], 16) ^ (1 << bit):0{len(lines[word])}x}"
    path.write_text("\n".join(lines) + "\n")


def _verdict_with(built: Build, folder: Path, fault: Fault) -> Verdict:
    """Simulate a copy of the stitched design that carries the fault, and run the gate."""
    shutil.copytree(built.design.mem_dir, folder)
    replaced = fault(folder)
    sources = [folder / replaced.get(s.name, s.name) for s in built.design.sources]
    extra = [folder / name for name in replaced.values() if name not in {s.name for s in sources}]
    design: StitchedDesign = replace(built.design, sources=(*extra, *sources), mem_dir=folder)
    broken = copy(built)
    broken.design, broken.values = design, {n: v for n, v in built.values.items() if n < 3}
    verdict = run_steps(broken, ("rtlsim-stitched", "gate")).verdict
    assert verdict is not None
    return verdict


def _faulty_fifo(folder: Path) -> dict[str, str]:
    """FIFO_0 alone delivers its 7th beat with the lowest bit wrong."""
    text = (folder / "sf_fifo.sv").read_text()
    text = text.replace("module sf_fifo ", "module faulty_fifo ").replace(
        "assign out0_data  = data_q;",
        "int beat_q = 0;\n    always_ff @(posedge clk) if (!rst && out0_valid && out0_ready) beat_q <= beat_q + 1;\n"
        "    assign out0_data = data_q ^ WIDTH'(beat_q == 6);",
    )
    assert "beat_q == 6" in text
    (folder / "faulty_fifo.sv").write_text(text)
    instance = folder / "FIFO_0.v"
    instance.write_text(instance.read_text().replace("    sf_fifo #(", "    faulty_fifo #("))
    assert "faulty_fifo" in instance.read_text()
    return {"": "faulty_fifo.sv"}


def test_no_fault_passes(built: Build, tmp_path: Path) -> None:
    assert _verdict_with(built, tmp_path / "copy", lambda folder: {}).passed


@pytest.mark.parametrize(
    ("op", "layer", "fault"),
    [
        ("BitConv_0", "second", lambda f: _flip(f / "BitConv_0_weight.mem", word=0, bit=0) or {}),
        ("BitConv_0", "second", lambda f: _flip(f / "BitConv_0_step_0.mem", word=1, bit=6) or {}),
        ("MVAU_0", "first", lambda f: _flip(f / "MVAU_0_weights.mem", word=0, bit=6) or {}),
        ("FIFO_0", "/Add", _faulty_fifo),
    ],
)
def test_one_wrong_bit_is_found_where_it_is(built: Build, tmp_path: Path, op: str, layer: str, fault: Fault) -> None:
    verdict = _verdict_with(built, tmp_path / "copy", fault)
    assert not verdict.passed and verdict.first_difference is not None
    difference = verdict.first_difference
    assert (difference.op, difference.layer, difference.level) == (op, layer, 4)
    assert difference.expected != difference.got
    with pytest.raises(GateError, match=rf"the gate failed at layer {layer} \({op}\): frame \d+, channel \d+, row \d+"):
        verdict.require()
