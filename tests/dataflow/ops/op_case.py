"""One base for the tests of hardware ops: NumPy = graph = rtlsim = csim, and measured cycles = predicted cycles."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from onnx import helper
from qonnx.core.datatype import BaseDataType, DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.custom_op.registry import getCustomOp
from qonnx.util.basic import qonnx_make_model

import finn_build.dataflow.ops  # noqa: F401  (registers the ops)
from finn_build.config import load_board
from finn_build.dataflow.latency import output_cycles
from finn_build.dataflow.ops.base import DOMAIN, StreamOp
from finn_build.dataflow.ops.finn_op import RTL_DIR
from finn_build.dataflow.stream import Stream
from finn_build.errors import SignflowError
from finn_build.evaluate.area import netlist_area
from finn_build.evaluate.synthesis import Job, netlist_of
from finn_build.evaluate.timing.figures import figures
from finn_build.evaluate.timing.graph import TimingGraph, Wires
from finn_build.evaluate.timing.netlist import read_netlist
from finn_build.evaluate.timing.paths import PortDepths, port_depths
from finn_build.hls.design import write_hls
from finn_build.hls.lint import lint_design
from finn_build.hls.ops import KERNELS
from finn_build.hls.testbench import write_testbench
from finn_build.rtl.lint import lint
from finn_build.rtl.stitch import stitch
from sim._toolchain import run_tool, verilator_root
from sim.csim import simulate_cpp
from sim.isolated import OpResult, simulate_ops
from sim.verilator import Stalls
from tests.dataflow.ops.ways_through import ways_through
from tests.rtl.lint.slang import complaints

FRAMES = 4
_LANES = {"PE", "SIMD", "Lanes", "InLanes", "lanes", "inLanes", "outLanes"}
STALLS = (Stalls(seed=1), Stalls(seed=2, idle=0.7, backpressure=0.1), Stalls(seed=3, idle=0.1, backpressure=0.7))

Reference = Callable[..., np.ndarray | tuple[np.ndarray, ...]]


@dataclass(frozen=True)
class OpCase:
    """One configuration of an op.

    Attributes:
        attributes: Node attributes.
        reference: Independent reference: streams of one frame, then parameters, to the output or outputs.
        parameters: Initializers after the stream inputs, with their types.
        draw: Values of a shape for each input; None for any of its type, the ends among them.
    """

    attributes: Mapping[str, Any]
    reference: Reference
    parameters: Sequence[tuple[np.ndarray, BaseDataType]] = ()
    draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray] | None = None


@dataclass
class OpBench:
    """Cases of one op side by side in one model, with random data for each.

    Attributes:
        op_type: E.g. "SWG_rtl".
        cases: Configurations; node i is named <op_type>_<i>.
        seed: Of the random inputs.
    """

    op_type: str
    cases: Sequence[OpCase]
    seed: int = 0
    values: dict[str, np.ndarray] = field(init=False)  # stream tensors: int64 [FRAMES, *shape]

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self.values = {
            name: _drawn(rng, case, stream)
            for op, case in zip(self.ops, self.cases, strict=True)
            for name, stream in zip(op.onnx_node.input, op.streams_in(), strict=False)
        }

    @cached_property
    def model(self) -> ModelWrapper:
        """All cases as unconnected nodes."""
        tensors: dict[str, tuple[tuple[int, ...], BaseDataType]] = {}
        constants: dict[str, tuple[np.ndarray, BaseDataType]] = {}
        nodes, inputs, outputs = [], [], []
        for i, case in enumerate(self.cases):
            node = self._node(i, case)
            op = getCustomOp(node)
            streams = [
                *zip(node.input, op.streams_in(), strict=False),
                *zip(node.output, op.streams_out(), strict=True),
            ]
            tensors |= {name: (stream.shape, stream.dtype) for name, stream in streams}
            inputs += node.input[: len(op.streams_in())]
            outputs += node.output
            parameters = node.input[len(op.streams_in()) :]
            constants |= dict(zip(parameters, case.parameters, strict=True))
            nodes.append(node)
        info = {name: helper.make_tensor_value_info(name, 1, list(shape)) for name, (shape, _) in tensors.items()}
        graph = helper.make_graph(nodes, "cases", [info[n] for n in inputs], [info[n] for n in outputs])
        model = ModelWrapper(qonnx_make_model(graph))
        for name, (value, dtype) in constants.items():
            model.set_initializer(name, np.asarray(value, dtype=np.float32))
            model.set_tensor_datatype(name, dtype)
        for name, (_, dtype) in tensors.items():
            model.set_tensor_datatype(name, dtype)
        return model

    def _node(self, i: int, case: OpCase) -> Any:
        name = f"{self.op_type}_{i}"
        node = helper.make_node(
            self.op_type, [], [], name=name, domain=DOMAIN, backend="fpgadataflow", **case.attributes
        )
        op = getCustomOp(node)
        node.input.extend(f"{name}_in{k}" for k in range(len(op.streams_in())))
        node.input.extend(f"{name}_parameter{k}" for k in range(len(case.parameters)))
        node.output.extend(f"{name}_out{k}" for k in range(len(op.streams_out())))
        return node

    @cached_property
    def ops(self) -> list[StreamOp]:
        """The op of each case."""
        return [getCustomOp(node) for node in self.model.graph.node]

    def expected(self, i: int) -> tuple[np.ndarray, ...]:
        """What the reference says: [FRAMES, *shape] for each output of case i."""
        op, case = self.ops[i], self.cases[i]
        streams = [self.values[name] for name in op.onnx_node.input[: len(op.streams_in())]]
        parameters = [np.asarray(value) for value, _ in case.parameters]
        frames = [case.reference(*(s[f] for s in streams), *parameters) for f in range(FRAMES)]
        results = [frame if isinstance(frame, tuple) else (frame,) for frame in frames]
        return tuple(np.stack(outputs).astype(np.int64) for outputs in zip(*results, strict=True))

    def check_compute(self) -> None:
        """`compute` and graph execution equal the reference, and values lie in the declared types."""
        for i, op in enumerate(self.ops):
            names, parameters = op.onnx_node.input, [np.asarray(v, np.int64) for v, _ in self.cases[i].parameters]
            for f in range(FRAMES):
                streams = [self.values[name][f] for name in names[: len(op.streams_in())]]
                for got, stream, want in zip(
                    op.compute(*streams, *parameters), op.streams_out(), self.expected(i), strict=True
                ):
                    self._equal(i, "compute", got.reshape(stream.shape), want[f].reshape(stream.shape))
                    assert all(stream.dtype.allowed(v) for v in np.unique(got)), f"{self._name(i)}: {stream.dtype}"
        self._check_graph()

    def _check_graph(self) -> None:
        for f in range(FRAMES):
            context = {name: value[f].astype(np.float32) for name, value in self.values.items()}
            got = execute_onnx(self.model, context)
            for i, op in enumerate(self.ops):
                for name, want in zip(op.onnx_node.output, self.expected(i), strict=True):
                    self._equal(i, "graph execution", got[name], want[f].reshape(got[name].shape))

    def check_rtlsim(self, build_dir: Path, slack: int = 0) -> dict[str, OpResult]:
        """Rtlsim equals the reference; initiation interval, first and last beat of a frame are as predicted.

        Args:
            slack: cycles by which the first and the last beat may come at another time.
        """
        results = self.simulate(build_dir)
        for i, op in enumerate(self.ops):
            result = results[op.onnx_node.name]
            assert result.cycles == op.get_exp_cycles(), (
                f"{self._name(i)}: II {result.cycles}, predicted {op.get_exp_cycles()}"
            )
            assert abs(result.latency - op.fill_cycles()) <= slack, (
                f"{self._name(i)}: fill {result.latency}, predicted {op.fill_cycles()}"
            )
            last, predicted = _last_beat(result), _predicted_last_beat(op)
            assert abs(last - predicted) <= slack, f"{self._name(i)}: last beat {last}, predicted {predicted}"
        return results

    def check_csim(self, build_dir: Path, *, strict: bool = True) -> None:
        """The op's C++ gives what the reference says, in the numbers that synthesis takes."""
        design = write_hls(self.model, build_dir, load_board("pynq-z2"))
        outputs = {
            name: want
            for i, op in enumerate(self.ops)
            for name, want in zip(op.onnx_node.output, self.expected(i), strict=True)
        }
        assert not lint_design(design)
        testbench = write_testbench(design, self.values | outputs, FRAMES)
        result = simulate_cpp(design, testbench, FRAMES, strict=strict)
        for i, op in enumerate(self.ops):
            for name in op.onnx_node.output:
                self._equal(i, "csim", result.values[name], outputs[name].reshape(result.values[name].shape))
            if op.onnx_node.op_type not in KERNELS:
                continue  # a FIFO is the depth of a stream
            beats = [stream.beats for stream in (*op.streams_in(), *op.streams_out())]
            trips, most = result.trips[op.onnx_node.name], 2 * max(*beats, op.get_exp_cycles()) + 8  # on their way out
            most += prod(op.window.kernel) if hasattr(op, "window") else 0  # a window larger than its image
            assert max(beats) <= trips <= most, f"{self._name(i)}: {trips} trips, {max(beats)} to {most} expected"
        assert result.passed

    def check_lint(self, build_dir: Path) -> None:
        """`verilator --lint-only -Wall` is silent about the library, generated code (.v) aside; slang about all of it.

        Vivado, as far as its record goes, refuses nothing.
        """
        design = stitch(self.model, build_dir, top="side_by_side", connect=False)
        generated = build_dir / "generated.vlt"
        generated.write_text('`verilator_config\nlint_off -file "*.v"\n')
        command = [str(verilator_root() / "bin" / "verilator_bin"), "--lint-only", "-Wall", "--assert", "--top-module"]
        sources = [str(RTL_DIR / "waivers.vlt"), str(generated), *map(str, design.sources)]
        run_tool([*command, design.top, *sources], f"lint of {self.op_type}")
        assert complaints(design.sources, f"--top {design.top}") == ""
        assert not lint(design.sources, design.top, memories=design.mem_dir)

    def _netlist(self, build_dir: Path, i: int) -> dict[str, Any]:
        """A case after synthesis, on a Zynq-7000."""
        design, name = stitch(self.model, build_dir, top="side_by_side", connect=False), self.ops[i].onnx_node.name
        return netlist_of(Job(name, "xc7", design.sources, design.mem_dir))

    def area(self, build_dir: Path, i: int) -> dict[str, int]:
        """Cells of a case."""
        return netlist_area(self._netlist(build_dir, i))

    def depths(self, build_dir: Path, i: int) -> PortDepths:
        """Depths of a case."""
        netlist = read_netlist(self._netlist(build_dir, i), self.ops[i].onnx_node.name)
        return port_depths(TimingGraph(netlist, figures("xc7"), Wires()))

    def check_paths(self, build_dir: Path) -> None:
        """No combinational way leads through any case, as it is or with other lanes and for another clock."""
        for bench in (self, OpBench(self.op_type, [self._refolded(i) for i in range(len(self.cases))], self.seed)):
            found = ways_through(stitch(bench.model, build_dir, top="side_by_side", connect=False), build_dir)
            assert not found, {bench._name(int(name.split("__")[0].rpartition("_")[2])): ways for name, *ways in found}

    def _refolded(self, i: int) -> OpCase:
        """A case with random lanes, where others are legal, and for a random clock."""
        rng, case = random.Random(f"{self.seed} {i}"), self.cases[i]
        attributes = dict(case.attributes) | {"clkMHz": float(rng.choice((50, 100, 150, 250)))}
        for name in sorted(_LANES & set(attributes)):
            most = max(stream.shape[-1] for stream in (*self.ops[i].streams_in(), *self.ops[i].streams_out()))
            tried = attributes | {name: rng.choice([n for n in range(1, most + 1) if most % n == 0])}
            if self._is_legal(replace(case, attributes=tried)):
                attributes = tried
        return replace(case, attributes=attributes)

    def _is_legal(self, case: OpCase) -> bool:
        try:
            op = getCustomOp(self._node(0, case))
            whole = all(s.shape[-1] % s.lanes == 0 for s in (*op.streams_in(), *op.streams_out()))
            return whole and bool(op.rtl_parameters())
        except SignflowError:
            return False

    def simulate(
        self, build_dir: Path, stalls: Stalls | None = None, reset_at_cycle: int | None = None
    ) -> dict[str, OpResult]:
        """Run all cases in one simulation and compare every output; a reset starts all frames anew."""
        results = simulate_ops(
            self.model, self.values, FRAMES, build_dir=build_dir, stalls=stalls, reset_at_cycle=reset_at_cycle
        )
        for i, op in enumerate(self.ops):
            for name, want in zip(op.onnx_node.output, self.expected(i), strict=True):
                got = results[op.onnx_node.name].outputs[name]
                self._equal(i, f"rtlsim, {stalls}", got, want.reshape(got.shape))
        return results

    def _name(self, i: int) -> str:
        return f"{self.op_type}_{i} {dict(self.cases[i].attributes)}"

    def _equal(self, i: int, what: str, got: np.ndarray, want: np.ndarray) -> None:
        different = np.argwhere(np.asarray(got) != want)
        if len(different):
            where = tuple(int(k) for k in different[0])
            raise AssertionError(
                f"{self._name(i)}: {what}: {len(different)} of {want.size} differ, "
                f"first at {where}: {got[where]}, expected {want[where]}"
            )


def _last_beat(result: OpResult) -> int:
    """Cycles from the first input beat to the last output beat of the first frame."""
    begin = min(stats.first_beat for port, stats in result.streams.items() if port.startswith("in"))
    return max(stats.frame_end[0] for port, stats in result.streams.items() if port.startswith("out")) - begin


def _predicted_last_beat(op: StreamOp) -> int:
    arrivals = [np.arange(stream.beats) for stream in op.streams_in()]
    return max(int(output_cycles(op, port, arrivals)[-1]) for port in range(len(op.streams_out())))


class OpChecks:
    """The tests of an op. A subclass says `bench`, a module-scoped fixture, in its module; names say the rest."""

    slack = 0  # cycles by which predictions of first and last beat may be off

    def test_compute_and_graph(self, bench: OpBench) -> None:
        bench.check_compute()

    def test_lint(self, bench: OpBench, tmp_path: Path) -> None:
        bench.check_lint(tmp_path)

    def test_csim(self, bench: OpBench, tmp_path: Path) -> None:
        bench.check_csim(tmp_path / "hls")

    def test_streams_cut_paths(self, bench: OpBench, tmp_path: Path) -> None:
        bench.check_paths(tmp_path)

    def test_rtlsim_at_full_rate(self, bench: OpBench, tmp_path: Path) -> None:
        bench.check_rtlsim(tmp_path, self.slack)

    def test_rtlsim_with_random_stalls(self, bench: OpBench, tmp_path: Path) -> None:
        for stalls in STALLS:
            bench.simulate(tmp_path, stalls)

    def test_reset_in_mid_frame(self, bench: OpBench, tmp_path: Path) -> None:
        shortest = min(op.get_exp_cycles() for op in bench.ops)
        for cycle in (2, 5 * shortest // 4, 7 * shortest // 3):
            bench.simulate(tmp_path, STALLS[0], reset_at_cycle=cycle)


def _drawn(rng: np.random.Generator, case: OpCase, stream: Stream) -> np.ndarray:
    shape = (FRAMES, *stream.shape)
    if case.draw is not None:
        return case.draw(rng, shape)
    return _with_ends(rng, random_values(rng, stream.dtype, shape), stream.dtype)


def _with_ends(rng: np.random.Generator, values: np.ndarray, dtype: BaseDataType) -> np.ndarray:
    """The second frame at the ends of the type, where sums are the widest."""
    values[1] = np.where(rng.integers(0, 2, values[1].shape), int(dtype.min()), int(dtype.max()))
    return values


def random_values(rng: np.random.Generator, dtype: BaseDataType, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform integers over the whole range of a type, int64."""
    if dtype == DataType["BIPOLAR"]:
        return 2 * rng.integers(0, 2, shape) - 1
    return rng.integers(int(dtype.min()), int(dtype.max()) + 1, shape)
