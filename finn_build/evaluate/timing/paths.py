"""Longest paths of a timing graph: of the whole, and of an op from and to each of its ports."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from finn_build.evaluate.timing.graph import TimingGraph
from finn_build.evaluate.timing.netlist import Cell


@dataclass(frozen=True)
class End:
    """Where a path ends: a clocked input (or a register inside a cell), or an output of the design.

    Attributes:
        ns: delay of the longest path that ends here.
        net: the net that arrives; None for a path inside a cell.
        cell: the cell that captures, or None for an output.
        pin: its pin, or the output.
    """

    ns: float
    net: int | None
    cell: Cell | None
    pin: str


@dataclass(frozen=True)
class TimingPath:
    """A path in words.

    Attributes:
        ns: its delay, from clock to clock.
        start, end: `op.register`, with the pin where it is not the data's; a port of the design by its name.
        ops: ops that it passes, in order.
        logic: kinds of cells between the registers, in order.
        fan_out: the largest on the way.
    """

    ns: float
    start: str
    end: str
    ops: tuple[str, ...]
    logic: tuple[str, ...]
    fan_out: int


@dataclass(frozen=True)
class PortDepths:
    """Depths of one op alone, in ns, its own output nets without what they drive outside.

    Attributes:
        inside: from register to register.
        from_inputs: from each input port to a register, setup included.
        to_outputs: from a register to each output port.
        through: from an input port to an output port, with no register between.
    """

    inside: float
    from_inputs: Mapping[str, float]
    to_outputs: Mapping[str, float]
    through: Mapping[tuple[str, str], float]


def ends(graph: TimingGraph, at: Mapping[int, float]) -> Iterator[End]:
    """Every end of a path, given when each net settles."""
    for capture in graph.captures:
        if capture.net in at:
            yield End(at[capture.net] + capture.ns, capture.net, capture.cell, capture.pin)
    for name, bits in graph.netlist.outputs.items():
        for net in bits:
            if isinstance(net, int) and net in at:
                yield End(at[net] + graph.wire_out(net) + graph.figures.port_setup, net, None, name)
    for ns, cell in graph.inside:
        yield End(ns, None, cell, "inside")


def settled(graph: TimingGraph) -> dict[int, float]:
    """When each net settles, from all registers and inputs on."""
    launch = graph.figures.port_launch
    ports = {net: launch for net in graph.ports() if net not in graph.clocks}
    return graph.arrivals(ports | graph.registers())


def worst_paths(graph: TimingGraph, count: int) -> list[TimingPath]:
    """The longest paths of a design, one for each pair of start and end register, the longest first."""
    at = settled(graph)
    found: dict[tuple[str, str], TimingPath] = {}
    for end in heapq.nlargest(200 * count, ends(graph, at), key=lambda e: e.ns):
        path = _in_words(graph, at, end)
        found.setdefault((_bus(path.start), _bus(path.end)), path)
        if len(found) == count:
            break
    return list(found.values())


def port_depths(graph: TimingGraph) -> PortDepths:
    """Depths of an op by its ports."""
    registers = graph.arrivals(graph.registers())
    inside = max((e.ns for e in ends(graph, registers) if e.cell), default=0.0)
    outputs = graph.netlist.outputs
    from_inputs: dict[str, float] = {}
    through: dict[tuple[str, str], float] = {}
    for name, bits in graph.netlist.inputs.items():
        if set(bits) <= graph.clocks:
            continue
        at = graph.arrivals(graph.ports([name]))
        from_inputs[name] = max((e.ns for e in ends(graph, at) if e.cell and e.net is not None), default=0.0)
        through |= {(name, out): ns for out, b in outputs.items() if (ns := _latest(at, b)) is not None}
    to_outputs = {out: ns for out, bits in outputs.items() if (ns := _latest(registers, bits)) is not None}
    return PortDepths(inside, from_inputs, to_outputs, through)


def _latest(at: Mapping[int, float], bits: tuple[int | str, ...]) -> float | None:
    return max((at[b] for b in bits if isinstance(b, int) and b in at), default=None)


def _in_words(graph: TimingGraph, at: Mapping[int, float], end: End) -> TimingPath:
    if end.net is None:
        assert end.cell is not None
        name = _register(graph, end.cell)
        return TimingPath(end.ns, name, name, (end.cell.scope,), (end.cell.kind,), 1)
    nets, cells = graph.trace(at, end.net)
    first, logic = (cells[0], cells[1:]) if nets[0] in graph.launches else (None, cells)
    start = _register(graph, first) if first else graph.netlist.names.get(nets[0], "?")
    stop = end.pin if end.cell is None else _register(graph, end.cell) + ("" if end.pin == "D" else f".{end.pin}")
    scopes = [c.scope for c in (*cells, *([end.cell] if end.cell else ()))]
    ops = tuple(dict.fromkeys(s for s in scopes if s))
    return TimingPath(
        end.ns, start, stop, ops, tuple(c.kind for c in logic), max(graph.fan_out.get(n, 1) for n in nets)
    )


def _register(graph: TimingGraph, cell: Cell) -> str:
    """A clocked cell as `op.name`: by its own name, by a net that it drives, or by its kind where both are hidden."""
    driven = (
        graph.netlist.names.get(b, "$") for pin in sorted(cell.outputs) for b in cell.pins[pin] if isinstance(b, int)
    )
    name = next((n for n in (cell.name, *driven) if "$" not in n), cell.kind)
    return f"{cell.scope}.{name}" if cell.scope else name


def _bus(name: str) -> str:
    return re.sub(r"\[\d+\]|\.\d+(?=\.|$)", "", name)
