"""Streams of the accelerator: its ports, the FIFOs within, and which process comes before which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.ops.base import Stream

_DIRECT = 2  # depth of a stream between two ops without a FIFO
_IMPL = (None, "bram", "uram")  # of the RTL's styles; small FIFOs are left to the tool


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


class Top:
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
            depth, impl, least = _DIRECT, None, 0
            if fifo is not None:
                op = ops[fifo.name]
                depth, impl = op.attr("depth"), _IMPL[op.rtl_parameters()["RAM_STYLE"]]
                least = op.attr("leastDepth")
                tensors.append(fifo.output[0])
            channel = Channel(name, stream_of(tensor), depth, impl, fifo.name if fifo is not None else None, least)
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

    def _copy(self, port: Port, arrives: bool, after: str | None) -> Call:
        channel = self.channels[port.tensor]
        ends = (port.name, channel.name) if arrives else (channel.name, port.name)
        bits = (port.bits, channel.bits) if arrives else (channel.bits, port.bits)
        name = f"{'from' if arrives else 'to'}_{port.name}"
        return Call(
            name,
            ", ".join(ends),
            [after or ends[0]] if arrives else [ends[0]],
            [ends[1]],
            ", ".join(f"sf::Stream<{b}>& {side}" for b, side in zip(bits, ("in0", "out0"), strict=True)),
            port.stream.beats,
        )
