"""Streams of the accelerator: its ports, the FIFOs within, and which process comes before which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.ops.base import Trait, traits_of
from finn_build.dataflow.stream import Stream

_DIRECT = 2  # depth of a stream between two ops without a FIFO
_IMPL = (None, "bram", "uram")  # of the RTL's styles; small FIFOs are left to the tool


def is_fifo(node: NodeProto) -> bool:
    """Whether a node is no process but the depth of a stream."""
    return Trait.BUFFERS in traits_of(node)


@dataclass(frozen=True)
class Channel:
    """A stream within the accelerator.

    Attributes:
        name: its variable.
        stream: what it carries.
        depth: beats that it holds.
        impl: storage of Vitis HLS, or None for its own choice.
        fifo: node that it stands for, or None.
        least_depth: with less the skip that it is in stalls for ever; 0 where it is in none.
    """

    name: str
    stream: Stream
    depth: int
    impl: str | None = None
    fifo: str | None = None
    least_depth: int = 0

    @property
    def bits(self) -> int:
        """Payload of a beat."""
        return self.stream.width


@dataclass(frozen=True)
class AxiPort:
    """An AXI stream of the top: its name, its tensor and what it carries."""

    name: str
    tensor: str
    stream: Stream

    @property
    def bits(self) -> int:
        """Bits of tdata."""
        return self.stream.width_padded


@dataclass(frozen=True)
class Call:
    """A process in the top: its arguments, and which of its streams it reads and writes."""

    name: str
    passed: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    declared: str = ""
    beats: int = 0


def in_order(calls: Sequence[Call]) -> list[Call]:
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


class _Graph:
    """Ends of tensors in a hardware graph."""

    def __init__(self, model: ModelWrapper):
        nodes = model.graph.node
        self.ops = {node.name: getCustomOp(node) for node in nodes}
        self.senders = {name: (node, i) for node in nodes for i, name in enumerate(node.output)}
        self.receivers = {name: (node, i) for node in nodes for i, name in enumerate(node.input)}
        fifos = [node for node in nodes if is_fifo(node)]
        self.processes = [node for node in nodes if not is_fifo(node)]
        self.in_memory = [node for node in fifos if self.ops[node.name].in_memory]
        self.fifo_behind = {node.input[0]: node for node in fifos if node not in self.in_memory}
        self.inputs = [v.name for v in model.graph.input if model.get_initializer(v.name) is None]
        self.outputs = [v.name for v in model.graph.output]

    def stream_of(self, tensor: str) -> Stream:
        """What a tensor's sender sends, or its receiver takes."""
        node, i = self.senders.get(tensor) or self.receivers[tensor]
        op = self.ops[node.name]
        return op.streams_out()[i] if tensor in self.senders else op.streams_in()[i]

    def port(self, name: str, tensor: str) -> AxiPort:
        """A port of the top."""
        return AxiPort(name, tensor, self.stream_of(tensor))

    def channels(self) -> dict[str, Channel]:
        """Streams by tensor, named after the processes that write them."""
        names = {tensor: f"in{i}" for i, tensor in enumerate(self.inputs)}
        names |= {node.output[0]: f"{node.name}_out0" for node in self.in_memory}
        names |= {name: f"{node.name}_out{i}" for node in self.processes for i, name in enumerate(node.output)}
        found: dict[str, Channel] = {}
        for tensor, name in names.items():
            stream, fifo = self.stream_of(tensor), self.fifo_behind.get(tensor)
            if fifo is None:
                found[tensor] = Channel(name, stream, _DIRECT)
                continue
            op = self.ops[fifo.name]
            impl = _IMPL[op.rtl_parameters()["RAM_STYLE"]]
            channel = Channel(name, stream, op.attr("depth"), impl, fifo.name, op.attr("leastDepth"))
            found |= {tensor: channel, fifo.output[0]: channel}
        return found


class Top:
    """Ports, streams and the copies between them."""

    def __init__(self, model: ModelWrapper):
        graph = _Graph(model)
        self.channels = graph.channels()
        self.inputs = tuple(graph.port(f"s_axis_{i}", tensor) for i, tensor in enumerate(graph.inputs))
        self.outputs = tuple(graph.port(f"m_axis_{i}", tensor) for i, tensor in enumerate(graph.outputs))
        self.skips = tuple(
            (graph.port(f"m_skip_{i}", node.input[0]), graph.port(f"s_skip_{i}", node.output[0]))
            for i, node in enumerate(graph.in_memory)
        )
        self.ports = (*self.inputs, *self.outputs, *(port for skip in self.skips for port in skip))
        self.arrivals = [self._arrival(port, port.name) for port in self.inputs]
        self.arrivals += [
            self._arrival(back, left.name) for left, back in self.skips
        ]  # what comes back has left before
        self.departures = [self._departure(port) for port in (*self.outputs, *(left for left, _ in self.skips))]

    def _arrival(self, port: AxiPort, after: str) -> Call:
        channel = self.channels[port.tensor]
        declared = f"sf::Stream<{port.bits}>& in0, sf::Stream<{channel.bits}>& out0"
        passed = f"{port.name}, {channel.name}"
        return Call(f"from_{port.name}", passed, [after], [channel.name], declared, port.stream.beats)

    def _departure(self, port: AxiPort) -> Call:
        channel = self.channels[port.tensor]
        declared = f"sf::Stream<{channel.bits}>& in0, sf::Stream<{port.bits}>& out0"
        passed = f"{channel.name}, {port.name}"
        return Call(f"to_{port.name}", passed, [channel.name], [port.name], declared, port.stream.beats)
