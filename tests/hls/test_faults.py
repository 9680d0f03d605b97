"""One wrong bit in a weight header, a threshold or a pad, or a wrong depth: the gate fails and names the op."""

import re
import shutil
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.ops.base import StreamOp
from finn_build.dataflow.ops.bitconv import BitConv_rtl
from finn_build.errors import GateError, SimulationError
from finn_build.hls.design import HlsDesign
from finn_build.hls.testbench import write_testbench
from finn_build.pipeline import STEPS_HLS
from finn_build.proof.gate import CSIM, Verdict
from finn_build.state import Build
from sim.csim import simulate_cpp

Fault = Callable[[Path], None]  # changes the folder of the C++
GEOMETRY = ("H", "W", "KH", "KW", "SH", "SW", "DY", "DX", "PT", "PL", "OH", "OW")


def _copied(built: Build, folder: Path, fault: Fault) -> Build:
    """The build with a copy of its C++ that carries the fault, before its C simulation."""
    assert built.cpp is not None
    shutil.copytree(built.cpp.folder, folder)
    fault(folder)
    sources = tuple(folder / s.relative_to(built.cpp.folder) for s in built.cpp.sources)
    design: HlsDesign = replace(built.cpp, folder=folder, sources=sources)
    broken = copy(built)
    broken.cpp, broken.values = design, {n: v for n, v in built.values.items() if n != CSIM}
    return broken


def _verdict(broken: Build) -> Verdict:
    for step in STEPS_HLS[-2:]:
        step.run(broken, lambda fraction: None)
    assert broken.verdict is not None
    return broken.verdict


@dataclass(frozen=True)
class Bit:
    """A bit of an array in the C++ of an op, anywhere in it by a seed, and the output channel that it acts on."""

    op: str
    array: str
    seed: int

    def turn(self, built: Build, folder: Path) -> int:
        """Turn it; returns the channel."""
        path, rng = folder / "processes" / f"{self.op}.cpp", np.random.default_rng(self.seed)
        head, body, rest = re.split(
            rf"(?<= {self.op}_{self.array}\[)(.*?;)", path.read_text(), maxsplit=1, flags=re.DOTALL
        )
        sizes, words = body.split("=", 1)
        rows, columns = map(int, re.findall(r"\d+", sizes))
        parts = re.split(r"0x([0-9a-f]+)", words)
        numbers = [int(number, 16) for number in parts[1::2]]
        assert len(numbers) == rows * columns
        op = getCustomOp(_node(built, self.op))
        never = 2 ** op.total.bitwidth() if "threshold" in self.array else -1  # a step that no value reaches
        place = int(rng.choice([i for i, number in enumerate(numbers) if number != never]))
        row, column = divmod(place, columns)
        channel, bits = self._channel(op, row, column, columns)
        parts[2 * place + 1] = f"{numbers[place] ^ 1 << int(rng.integers(*bits)):x}"
        turned = parts[0] + "".join(f"0x{number}{gap}" for number, gap in zip(parts[1::2], parts[2::2], strict=True))
        path.write_text(f"{head}{sizes}={turned}{rest}")
        return channel

    def _channel(self, op: StreamOp, row: int, column: int, columns: int) -> tuple[int, tuple[int, int]]:
        """Channel, and which bits of an element no frame passes over."""
        if stage := re.fullmatch(r"threshold_(\d)", self.array):
            return (row >> int(stage[1])) * op.attr("Lanes") + column, (op.total.bitwidth() - 1, op.total.bitwidth())
        places, pe = prod(op.window.kernel) * op.window.folds if isinstance(op, BitConv_rtl) else 0, op.attr("PE")
        folds = places or op.attr("MW") // op.attr("SIMD")
        return row // folds * pe + column // (columns // pe), (0, op.attr("SIMD") if places else 8)


def _node(built: Build, name: str) -> NodeProto:
    assert built.streams is not None
    return next(node for node in built.streams.graph.node if node.name == name)


def _replace(file: str, before: str, after: str) -> Fault:
    def fault(folder: Path) -> None:
        text = (folder / file).read_text()
        assert before in text
        (folder / file).write_text(text.replace(before, after, 1))

    return fault


@pytest.mark.parametrize(
    ("layer", "bit"),
    [
        ("first", Bit("MVAU_0", "weights", seed=11)),
        ("second", Bit("BitConv_0", "weights", seed=12)),
        ("second", Bit("BitConv_0", "threshold_0", seed=13)),
    ],
    ids=["weight", "binary weight", "threshold"],
)
def test_one_wrong_bit_is_found_where_it_is(built: Build, tmp_path: Path, layer: str, bit: Bit) -> None:
    broken = _copied(built, tmp_path / "hls", lambda folder: None)
    assert broken.cpp is not None
    channel = bit.turn(built, broken.cpp.folder)
    verdict = _verdict(broken)
    assert not verdict.passed and verdict.first_difference is not None
    difference = verdict.first_difference
    assert (difference.op, difference.layer, difference.level) == (bit.op, layer, CSIM)
    assert difference.channel == channel
    with pytest.raises(
        GateError, match=rf"layer {layer} \({bit.op}\): frame \d+, channel {channel}, row \d+, column.*C\+\+ in csim"
    ):
        verdict.require()


def test_a_wrong_pad_is_found_where_it_is(built: Build, tmp_path: Path) -> None:
    """All windows stand a column to the right of where they should."""
    fault = _replace("processes/BitConv_0.cpp", "PL = 1;", "PL = 0;")
    with pytest.raises(GateError, match=r"layer second \(BitConv_0\): frame 0, channel \d+, row 0, column \d+: "):
        _verdict(_copied(built, tmp_path / "hls", fault)).require()


@pytest.mark.parametrize("seed", [40, 43, 44])
def test_a_wrong_window_is_found_where_it_is(built: Build, tmp_path: Path, seed: int) -> None:
    """One number of a window's geometry is one too many, of any window op by a seed."""
    rng = np.random.default_rng(seed)
    op, size = rng.choice(["SWG_0", "BitConv_0", "BitConv_1"]), rng.choice(GEOMETRY)
    broken = _copied(built, tmp_path / "hls", lambda folder: None)
    assert broken.cpp is not None
    path = broken.cpp.folder / "processes" / f"{op}.cpp"
    text, changed = re.subn(rf"(int {size} = \d+);", r"\1 + 1;", path.read_text())
    path.write_text(text)
    with pytest.raises(GateError, match=rf"layer \w+ \({op}\): frame 0, channel \d+, row \d+, column \d+: "):
        _verdict(broken).require()
    assert changed == 1


@pytest.mark.parametrize("seed", [60, 61, 62])
def test_a_wrong_depth_is_named(built: Build, tmp_path: Path, seed: int) -> None:
    assert built.cpp is not None
    channel = list(built.cpp.channels.values())[np.random.default_rng(seed).integers(len(built.cpp.channels))]
    pragma = f"variable={channel.name} depth="
    fault = _replace("accelerator.cpp", f"{pragma}{channel.depth}\n", f"{pragma}{channel.depth - 1}\n")
    with pytest.raises(GateError, match=rf"{channel.fifo or channel.name}: stream {channel.name} of accelerator.cpp"):
        _verdict(_copied(built, tmp_path / "hls", fault))


def test_a_wrong_depth_within_an_op_is_named(built: Build, tmp_path: Path) -> None:
    fault = _replace("processes/BitConv_0.cpp", "variable=words depth=2\n", "variable=words depth=1\n")
    with pytest.raises(GateError, match=r"BitConv_0: stream words of BitConv_0.cpp holds 1 beats, its op needs 2"):
        _verdict(_copied(built, tmp_path / "hls", fault))


def test_too_shallow_a_stream_stalls_in_csim(built: Build, tmp_path: Path) -> None:
    """Whatever a graph says: here the C++ and what is known of it agree."""
    assert built.cpp is not None
    channel = max(built.cpp.channels.values(), key=lambda c: c.least_depth)
    pragma = f"variable={channel.name} depth="
    fault = _replace("accelerator.cpp", f"{pragma}{channel.depth}\n", f"{pragma}1\n")
    broken = _copied(built, tmp_path / "hls", fault)
    assert channel.least_depth > 2 and broken.cpp is not None
    testbench = write_testbench(broken.cpp, built.values[2], 2)
    with pytest.raises(SimulationError, match=rf"STALLED: \w+ waits for room in {channel.name} \(depth 1\)"):
        simulate_cpp(broken.cpp, testbench, 2)


def test_a_memory_that_is_read_sooner_than_stated_is_named(built: Build, tmp_path: Path) -> None:
    """A distance that is none would be wrong hardware and right C simulation, but for the strict one."""
    broken = _copied(built, tmp_path / "hls", lambda folder: None)
    assert broken.cpp is not None
    path = broken.cpp.folder / "processes" / "BitConv_0.cpp"
    text, changed = re.subn(r"(SF_MEMORY\(\d+, ring, \d+, 2)\)", r"\1 + 1)", path.read_text())
    path.write_text(text)
    testbench = write_testbench(broken.cpp, built.values[2], 2)
    with pytest.raises(SimulationError, match=r"TOO SOON: BitConv_0_sums reads a word of ring 2 trips .* and states 3"):
        simulate_cpp(broken.cpp, testbench, 2, strict=True)
    assert changed == 1


def test_a_fifo_of_the_graph_that_is_too_shallow_is_named(built: Build, tmp_path: Path) -> None:
    broken = _copied(built, tmp_path / "hls", lambda folder: None)
    broken.streams = ModelWrapper(broken.streams.model, make_deepcopy=True)
    fifo = max(
        (getCustomOp(n) for n in broken.streams.graph.node if n.op_type == "StreamFIFO_rtl"),
        key=lambda op: op.attr("leastDepth"),
    )
    least = fifo.attr("leastDepth")
    assert least > 2
    fifo.set_nodeattr("depth", least - 1)
    with pytest.raises(GateError, match=rf"{fifo.onnx_node.name} \(.*holds {least - 1:,} beats and needs {least:,}"):
        _verdict(broken)


def test_a_loop_that_ends_early_names_its_stream(built: Build, tmp_path: Path) -> None:
    fault = _replace("processes/MVAU_0.cpp", "VECTORS = ", "VECTORS = -1 + ")
    with pytest.raises(SimulationError, match=r"csim .*STALLED: .* waits for a beat of MVAU_0_out0"):
        _verdict(_copied(built, tmp_path / "hls", fault))


def test_a_number_that_no_frame_shows_is_named(built: Build, tmp_path: Path) -> None:
    fault = _replace("processes/BitConv_0.cpp", "LEAST_TRIPS = ", "LEAST_TRIPS = 1")
    with pytest.raises(
        GateError, match=r"failed at BitConv_0: no frame shows it, but line \d+ of processes/BitConv_0.cpp"
    ):
        _verdict(_copied(built, tmp_path / "hls", fault))


def test_no_fault_passes(built: Build, tmp_path: Path) -> None:
    assert _verdict(_copied(built, tmp_path / "hls", lambda folder: None)).passed
