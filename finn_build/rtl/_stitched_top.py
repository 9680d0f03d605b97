"""The top module of a stitched design: which stream meets which, and the Verilog that says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.stream import Stream
from finn_build.errors import UnsupportedModelError
from finn_build.identifiers import identifiers

_PUBLIC = "/* verilator public_flat_rd */"  # the simulator records these nets


@dataclass(frozen=True)
class DesignStream:
    """A stream of a stitched design.

    Attributes:
        node: Node that sends it (outputs and taps) or takes it (inputs).
        tensor: Tensor it carries.
        signal: Prefix of the top's port or net: `<signal>_tdata`, `_tvalid`, `_tready`.
        stream: Shape, lanes and element type.
    """

    node: str
    tensor: str
    signal: str
    stream: Stream


@dataclass(frozen=True)
class DesignSkip:
    """A FIFO outside of a stitched design, in the memory of the board.

    Attributes:
        node: The FIFO.
        sent: Stream out of the top, into the FIFO.
        taken: Stream into the top, the same beats.
        depth: Beats that the FIFO holds at least.
    """

    node: str
    sent: DesignStream
    taken: DesignStream
    depth: int


@dataclass(frozen=True)
class Pin:
    """One stream interface of a node; FINN's own RTL spells the endings in capitals."""

    port: str
    tensor: str
    stream: Stream
    upper: bool


@dataclass(frozen=True)
class Cell:
    """A node ready to be instantiated.

    Attributes:
        name: The node's name in the graph, and that of the instance.
        module: Module that generate_hdl wrote.
        sources: Files it needs.
        inputs: Streams it takes.
        outputs: Streams it sends.
        unused: Input ports to hold at zero, such as FINN's register interfaces.
    """

    name: str
    module: str
    sources: tuple[Path, ...]
    inputs: tuple[Pin, ...]
    outputs: tuple[Pin, ...]
    unused: tuple[str, ...]


@dataclass(frozen=True)
class Wiring:
    """Ports and nets of the top; `signals` gives the prefix that (cell, port) connects to."""

    inputs: tuple[DesignStream, ...]
    outputs: tuple[DesignStream, ...]
    taps: tuple[DesignStream, ...]
    signals: dict[tuple[str, str], str]
    skips: tuple[DesignSkip, ...] = ()


def side_by_side(cells: Sequence[Cell]) -> Wiring:
    """Every stream of every cell becomes a port `<cell>__<port>`."""
    inputs: list[DesignStream] = []
    outputs: list[DesignStream] = []
    signals = {}
    for cell in cells:
        for pins, ports in ((cell.inputs, inputs), (cell.outputs, outputs)):
            for pin in pins:
                signal = signals[cell.name, pin.port] = f"{cell.name}__{pin.port}"
                ports.append(DesignStream(cell.name, pin.tensor, signal, pin.stream))
    return Wiring(tuple(inputs), tuple(outputs), (), signals)


def connected(model: ModelWrapper, cells: Sequence[Cell], skips: Sequence[NodeProto] = ()) -> Wiring:
    """Streams of equal tensors meet; those of the graph's inputs and outputs, and of skips, become ports.

    Args:
        model: Graph.
        cells: Its nodes as instances, but for the skips.
        skips: FIFOs outside of the design.

    Raises:
        UnsupportedModelError: A tensor has no sender, not exactly one receiver, or ends that differ.
    """
    senders = {pin.tensor: (cell, pin) for cell in cells for pin in cell.outputs}
    receivers: dict[str, list[tuple[Cell, Pin]]] = {}
    for cell in cells:
        for pin in cell.inputs:
            receivers.setdefault(pin.tensor, []).append((cell, pin))
    graph_in = [v.name for v in model.graph.input if model.get_initializer(v.name) is None]
    graph_out = [v.name for v in model.graph.output]
    sent, taken = [fifo.input[0] for fifo in skips], [fifo.output[0] for fifo in skips]
    _check_ends(senders, receivers, graph_in + taken, graph_out + sent)
    names = {tensor: f"s_axis_{i}" for i, tensor in enumerate(graph_in)}
    names |= {tensor: f"m_axis_{j}" for j, tensor in enumerate(graph_out)}
    names |= {tensor: f"s_skip_{k}" for k, tensor in enumerate(taken)}
    names |= {tensor: f"m_skip_{k}" for k, tensor in enumerate(sent)}
    names |= identifiers((tensor for tensor in senders if tensor not in names), names.values())
    signals = {(cell.name, pin.port): names[tensor] for tensor, (cell, pin) in senders.items()}
    signals |= {(cell.name, pin.port): names[tensor] for tensor, [(cell, pin)] in receivers.items()}

    def streams(tensors: Iterable[str], ends: dict[str, tuple[Cell, Pin]]) -> tuple[DesignStream, ...]:
        return tuple(DesignStream(ends[t][0].name, t, names[t], ends[t][1].stream) for t in tensors)

    inner = (tensor for tensor in senders if tensor not in (*graph_out, *sent))
    first_receivers = {tensor: ends[0] for tensor, ends in receivers.items()}
    ends_of_skips = zip(skips, streams(sent, senders), streams(taken, first_receivers), strict=True)
    return Wiring(
        streams(graph_in, first_receivers),
        streams(graph_out, senders),
        streams(inner, senders),
        signals,
        tuple(DesignSkip(n.name, out, back, getCustomOp(n).attr("depth")) for n, out, back in ends_of_skips),
    )


def _check_ends(
    senders: dict[str, tuple[Cell, Pin]],
    receivers: dict[str, list[tuple[Cell, Pin]]],
    graph_in: list[str],
    graph_out: list[str],
) -> None:
    problems = [f"graph output {t} comes from no node" for t in graph_out if t not in senders]
    problems += [
        f"{t} feeds {receivers[t][0][0].name} but comes from no node"
        for t in receivers
        if t not in senders and t not in graph_in
    ]
    for tensor in dict.fromkeys([*graph_in, *senders]):
        ends = receivers.get(tensor, [])
        count = len(ends) + (tensor in graph_out)
        if count != 1:
            readers = ", ".join(cell.name for cell, _ in ends) or "none"
            problems.append(f"{tensor} has {count} receivers ({readers}), must have 1; insert DuplicateStreams")
        elif ends and tensor in senders and not senders[tensor][1].stream.carries(ends[0][1].stream):
            (sender, out), (receiver, into) = senders[tensor], ends[0]
            problems.append(f"{tensor}: {sender.name} sends {out.stream}, {receiver.name} takes {into.stream}")
    if problems:
        raise UnsupportedModelError("stitching: " + "; ".join(problems))


def top_source(top: str, cells: Sequence[Cell], wiring: Wiring, clk_ns: float) -> str:
    """Verilog of the top module."""
    inputs = (*wiring.inputs, *(skip.taken for skip in wiring.skips))
    outputs = (*wiring.outputs, *(skip.sent for skip in wiring.skips))
    buses = ":".join(s.signal for s in (*inputs, *outputs))
    lines = [
        "// Generated: every node of the dataflow graph, connected by AXI streams.",
        "`default_nettype none",
        f"module {top} (",
        f'    (* X_INTERFACE_PARAMETER = "ASSOCIATED_BUSIF {buses}, ASSOCIATED_RESET ap_rst_n, '
        f'FREQ_HZ {round(1e9 / clk_ns)}" *)',
        "    input  wire ap_clk,",
        "    input  wire ap_rst_n",
    ]
    for streams, forward, back in ((inputs, "input ", "output"), (outputs, "output", "input ")):
        for s in streams:
            lines += [
                f"    , {forward} wire [{s.stream.width_padded - 1}:0] {s.signal}_tdata",
                f"    , {forward} wire {s.signal}_tvalid",
                f"    , {back} wire {s.signal}_tready",
            ]
    lines.append(");")
    for s in wiring.taps:
        lines += [
            f"    wire [{s.stream.width_padded - 1}:0] {s.signal}_tdata {_PUBLIC};",
            f"    wire {s.signal}_tvalid {_PUBLIC};",
            f"    wire {s.signal}_tready {_PUBLIC};",
        ]
    for cell in cells:
        lines += _instance(cell, wiring)
    return "\n".join([*lines, "endmodule", "`default_nettype wire", ""])


def _instance(cell: Cell, wiring: Wiring) -> list[str]:
    lines = [f"    {cell.module} {cell.name} (", "        .ap_clk(ap_clk), .ap_rst_n(ap_rst_n)"]
    for pin in (*cell.inputs, *cell.outputs):
        signal = wiring.signals[cell.name, pin.port]
        ends = [
            f".{pin.port}_{end.upper() if pin.upper else end}({signal}_{end})" for end in ("tdata", "tvalid", "tready")
        ]
        lines.append(f"        , {', '.join(ends)}")
    lines += [f"        , .{port}(0)" for port in cell.unused]
    return [*lines, "    );"]
