"""From the hardware graph to C++ for Vitis HLS: one dataflow function, its processes and their memories.

FIFOs of the graph become depths of streams; what is left are processes. A process for each end of the accelerator
copies between an AXI stream, padded to whole bytes, and a stream of payload bits.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.config import Board
from finn_build.dataflow.ops.base import Stream
from finn_build.errors import UnsupportedModelError
from finn_build.hls.kernel import Kernel, Loop, Memory
from finn_build.hls.ops import KERNELS
from finn_build.identifiers import is_identifier

HLS_DIR = Path(__file__).resolve().parent
LIBRARY = HLS_DIR / "lib"
TOP = "accelerator"
SCRIPT = "run_hls.tcl"
_DIRECT = 2  # depth of a stream between two ops without a FIFO
_IMPL = (None, "bram", "uram")  # of the RTL's styles; small FIFOs are left to the tool
ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HLS_DIR),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=jinja2.StrictUndefined,
)
ENVIRONMENT.tests["number"] = lambda value: isinstance(value, int)


@dataclass(frozen=True)
class Channel:
    """A stream within the accelerator.

    Attributes:
        name: its variable.
        stream: what it carries.
        depth: beats that it holds.
        impl: storage of Vitis HLS, or None for its own choice.
        fifo: node that it stands for, or None.
    """

    name: str
    stream: Stream
    depth: int
    impl: str | None = None
    fifo: str | None = None

    @property
    def bits(self) -> int:
        """Payload of a beat."""
        return self.stream.width


@dataclass(frozen=True)
class Port:
    """An AXI stream of the top: its name, its tensor and what it carries."""

    name: str
    tensor: str
    stream: Stream

    @property
    def bits(self) -> int:
        """Bits of tdata."""
        return self.stream.width_padded


@dataclass(frozen=True)
class HlsDesign:
    """C++ on disk.

    Attributes:
        folder: where it lies.
        sources: C++ files of the accelerator, the longest first.
        inputs, outputs: ports of the top, in the order of the graph's inputs and outputs.
        skips: ports of each FIFO in the board's memory, out and back.
        channels: streams by tensor; two tensors with a FIFO between them are one stream.
    """

    folder: Path
    sources: tuple[Path, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    skips: tuple[tuple[Port, Port], ...]
    channels: dict[str, Channel]

    @property
    def ports(self) -> tuple[Port, ...]:
        """All ports, in the order of the top's arguments."""
        return (*self.inputs, *self.outputs, *(port for skip in self.skips for port in skip))


def missing_kernels(model: ModelWrapper) -> list[str]:
    """Nodes without a form for HLS."""
    return [
        f"{node.name} ({node.op_type})"
        for node in model.graph.node
        if node.op_type not in KERNELS and node.op_type != "StreamFIFO_rtl"
    ]


def write_hls(model: ModelWrapper, folder: Path, board: Board) -> HlsDesign:
    """Write the C++ of a hardware graph with its FIFOs.

    Args:
        model: graph of hardware ops, with unique node names.
        folder: replaced.
        board: its part and clock, for the script.

    Returns:
        The design: `accelerator.cpp`, `accelerator.h`, a file per process, and the library.

    Raises:
        UnsupportedModelError: an op has no form for HLS, or a name cannot stand in code.
    """
    if missing := missing_kernels(model):
        raise UnsupportedModelError(f"HLS has no form of {', '.join(missing)}; build with --impl rtl")
    names = [node.name for node in model.graph.node]
    if len(set(names)) != len(names) or not all(map(is_identifier, names)):
        raise UnsupportedModelError("HLS needs nodes with unique names of letters, digits and single underscores")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(LIBRARY, folder / "lib")
    (folder / "processes").mkdir()
    top = _Top(model)
    nodes = [node for node in model.graph.node if node.op_type != "StreamFIFO_rtl"]
    processes = [_Process(node, model) for node in nodes]
    for process in processes:
        (folder / "processes" / f"{process.name}.cpp").write_text(process.source())
    calls = [*top.arrivals, *(process.call(top.channels) for process in processes), *top.departures]
    calls = _in_order(calls)
    values = {
        "top": TOP,
        "ports": top.ports,
        "processes": processes,
        "copies": [*top.arrivals, *top.departures],
        "streams": list({c.name: c for c in top.channels.values()}.values()),
        "calls": calls,
    }
    for name in ("accelerator.h", "accelerator.cpp"):
        (folder / name).write_text(ENVIRONMENT.get_template(f"{name}.j2").render(values))
    sources = [folder / "processes" / f"{process.name}.cpp" for process in processes]
    _write_script(folder, [process.name for process in processes], board, cosim=not top.skips)
    sources.sort(key=lambda path: -path.stat().st_size)
    return HlsDesign(folder, (*sources, folder / "accelerator.cpp"), top.inputs, top.outputs, top.skips, top.channels)


def _write_script(folder: Path, names: Sequence[str], board: Board, *, cosim: bool) -> None:
    """The Tcl; a skip in the board's memory comes back within a call, which co-simulation does not do."""
    values = {"top": TOP, "part": board.part, "clk_ns": f"{board.clk_period_ns:g}", "cosim": cosim}
    sources = [f"processes/{name}.cpp" for name in names]
    script = ENVIRONMENT.get_template(f"{SCRIPT}.j2").render(values, sources=sources)
    (folder / SCRIPT).write_text(script)


@dataclass(frozen=True)
class _Call:
    """A process in the top: its arguments, and which of its streams it reads and writes."""

    name: str
    passed: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    declared: str = ""
    beats: int = 0


def _in_order(calls: Sequence[_Call]) -> list[_Call]:
    """Producers before consumers, as a C simulation runs them; the ports' own streams are there from the start."""
    made = {name for call in calls for name in call.outputs}
    ready: set[str] = {name for call in calls for name in call.inputs} - made
    ordered, waiting = [], list(calls)
    while waiting:
        call = next(c for c in waiting if ready.issuperset(c.inputs))
        waiting.remove(call)
        ordered.append(call)
        ready |= set(call.outputs)
    return ordered


class _Top:
    """Ports, streams and the copies between them."""

    def __init__(self, model: ModelWrapper):
        self.channels: dict[str, Channel] = {}
        senders = {name: (node, i) for node in model.graph.node for i, name in enumerate(node.output)}
        ops = {node.name: getCustomOp(node) for node in model.graph.node}
        receivers = {name: (node, i) for node in model.graph.node for i, name in enumerate(node.input)}
        fifos = [node for node in model.graph.node if node.op_type == "StreamFIFO_rtl"]
        in_memory = [node for node in fifos if ops[node.name].in_memory]
        arriving = [v.name for v in model.graph.input if model.get_initializer(v.name) is None]
        leaving = [v.name for v in model.graph.output]

        def stream_of(tensor: str) -> Stream:
            if tensor in senders:
                node, i = senders[tensor]
                return ops[node.name].streams_out()[i]
            node, i = receivers[tensor]
            return ops[node.name].streams_in()[i]

        starts = {tensor: f"in{i}" for i, tensor in enumerate(arriving)}
        starts |= {node.output[0]: f"{node.name}_out0" for node in in_memory}
        plain = [n for n in model.graph.node if n.op_type != "StreamFIFO_rtl"]
        starts |= {name: f"{node.name}_out{i}" for node in plain for i, name in enumerate(node.output)}
        followers = {node.input[0]: node for node in fifos if node not in in_memory}
        for tensor, name in starts.items():
            tensors, fifo = [tensor], followers.get(tensor)
            depth, impl = _DIRECT, None
            if fifo is not None:
                op = ops[fifo.name]
                depth, impl = op.attr("depth"), _IMPL[op.rtl_parameters()["RAM_STYLE"]]
                tensors.append(fifo.output[0])
            channel = Channel(name, stream_of(tensor), depth, impl, fifo.name if fifo is not None else None)
            self.channels |= dict.fromkeys(tensors, channel)

        def port(name: str, tensor: str) -> Port:
            return Port(name, tensor, stream_of(tensor))

        self.inputs = tuple(port(f"s_axis_{i}", t) for i, t in enumerate(arriving))
        self.outputs = tuple(port(f"m_axis_{i}", t) for i, t in enumerate(leaving))
        self.skips = tuple(
            (port(f"m_skip_{i}", node.input[0]), port(f"s_skip_{i}", node.output[0]))
            for i, node in enumerate(in_memory)
        )
        back = [skip[1] for skip in self.skips]
        out = [skip[0] for skip in self.skips]
        self.ports = (*self.inputs, *self.outputs, *(p for skip in self.skips for p in skip))
        after = {skip[1].name: skip[0].name for skip in self.skips}  # what comes back has left before
        self.arrivals = [self._copy(p, True, after.get(p.name)) for p in (*self.inputs, *back)]
        self.departures = [self._copy(p, False, None) for p in (*self.outputs, *out)]

    def _copy(self, port: Port, arrives: bool, after: str | None) -> _Call:
        channel = self.channels[port.tensor]
        ends = (port.name, channel.name) if arrives else (channel.name, port.name)
        bits = (port.bits, channel.bits) if arrives else (channel.bits, port.bits)
        name = f"{'from' if arrives else 'to'}_{port.name}"
        return _Call(
            name,
            ", ".join(ends),
            [after or ends[0]] if arrives else [ends[0]],
            [ends[1]],
            ", ".join(f"sf::Stream<{b}>& {side}" for b, side in zip(bits, ("in0", "out0"), strict=True)),
            port.stream.beats,
        )


class _Process:
    """The function of one node."""

    def __init__(self, node: NodeProto, model: ModelWrapper):
        op = getCustomOp(node)
        self.node, self.name = node, node.name
        self.kernel: Kernel = KERNELS[node.op_type](op, model)
        self.ins = {f"in{i}": s.width for i, s in enumerate(op.streams_in())}
        self.outs = {f"out{i}": s.width for i, s in enumerate(op.streams_out())}
        self.declared = _declared(self.ins | self.outs)

    def call(self, channels: dict[str, Channel]) -> _Call:
        """The process in the top."""
        ins = [channels[t].name for t in self.node.input[: len(self.ins)]]
        outs = [channels[t].name for t in self.node.output]
        return _Call(self.name, ", ".join((*ins, *outs)), ins, outs)

    def source(self) -> str:
        """Memories, constants and functions."""
        return ENVIRONMENT.get_template("process.cpp.j2").render(
            node=self.name,
            op=self.node.op_type.removesuffix("_rtl"),
            kernel=self.kernel,
            readers=_readers(self.name, self.kernel.memories),
            loops=[self._loop(loop) for loop in self.kernel.loops],
            declared=self.declared,
        )

    def _loop(self, loop: Loop) -> dict[str, Any]:
        widths = self.ins | self.outs | {s.name: s.bits for s in self.kernel.inner}
        groups = {"ins": list(self.ins), "outs": list(self.outs)}
        names = [name for argument in loop.arguments for name in groups.get(argument, [argument])]
        single = len(self.kernel.loops) == 1
        return {
            "name": self.name if single else f"{self.name}_{loop.function.partition('_')[2]}",
            "function": loop.function,
            "declared": self.declared if single else _declared({name: widths[name] for name in names}),
            "passed": ", ".join([*names, *(array.name for array in loop.arrays)]),
            "handed": ", ".join(names),
            "arrays": loop.arrays,
            "memories": [m for m in self.kernel.memories if m.name in loop.memories],
        }


def _declared(streams: dict[str, int]) -> str:
    return ", ".join(f"sf::Stream<{bits}>& {name}" for name, bits in streams.items())


def _readers(node: str, memories: Sequence[Memory]) -> list[str]:
    """Functions that read memories; those of a name are one, chosen by stage, a constant once the loop is unrolled."""
    named: dict[str, list[Memory]] = {}
    for memory in memories:
        named.setdefault(memory.name, []).append(memory)
    lines = []
    for name, parts in named.items():
        numbers = any(m.offset for m in parts) or name == "displaced"
        word = "int" if numbers else f"ap_uint<{max(m.width for m in parts)}>"
        reads = [
            f"{word}(sf::read_rom<{m.width}>({node}_{m.array}, row, entry))" + (f" + {m.offset}" if numbers else "")
            for m in parts
        ]
        if parts[0].stage is None:
            lines.append(f"static {word} {name}(int row, int entry) {{ return {reads[0]}; }}")
            continue
        *others, last = reads
        choice = "".join(f"stage == {m.stage} ? {r} : " for m, r in zip(parts, others, strict=False))
        lines.append(f"static {word} {name}(int stage, int row, int entry) {{ return {choice}{last}; }}")
    return lines
