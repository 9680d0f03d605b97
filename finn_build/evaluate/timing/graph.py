"""Longest paths of a netlist: a graph of nets, each reached from the nets at the inputs of its driver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log2

from finn_build.errors import SimulationError
from finn_build.evaluate.timing.figures import CellTiming, Figures
from finn_build.evaluate.timing.netlist import Cell, Netlist

_NEVER = float("-inf")


@dataclass(frozen=True)
class Wires:
    """Delay of a routed net by its fan-out, in ns: `base + slope * log2(fan-out)`."""

    base: float = 0.45
    slope: float = 0.1

    def ns(self, fan_out: int) -> float:
        """Delay to each of `fan_out` sinks."""
        return self.base + self.slope * log2(max(fan_out, 1))


@dataclass(frozen=True)
class Arc:
    """A way into a net: from another one, through a cell, wire included."""

    source: int
    ns: float
    cell: Cell


@dataclass(frozen=True)
class Launch:
    """A clocked output: delay from the clock."""

    ns: float
    cell: Cell


@dataclass(frozen=True)
class Capture:
    """A clocked input: wire and setup."""

    net: int
    ns: float
    cell: Cell
    pin: str


class TimingGraph:
    """Arcs of a netlist.

    Raises:
        SimulationError: a cell without figures, two clocks, or a combinational loop.
    """

    def __init__(self, netlist: Netlist, figures: Figures, wires: Wires) -> None:
        self.netlist = netlist
        self.into: dict[int, list[Arc]] = {}
        self.launches: dict[int, Launch] = {}
        self.captures: list[Capture] = []
        self.inside: list[tuple[float, Cell]] = []
        self.figures = figures
        self.clocks = {
            bit
            for c in netlist.cells
            for p, bits in c.pins.items()
            if p in figures.clocks
            for bit in bits
            if isinstance(bit, int)
        }
        self._drivers = {
            bit: (cell.kind, pin)
            for cell in netlist.cells
            for pin in cell.outputs
            for bit in cell.pins[pin]
            if isinstance(bit, int)
        }
        self.fan_out = self._count()
        self._wire = {net: wires.ns(n) for net, n in self.fan_out.items()}
        for cell in netlist.cells:
            self._add(cell)
        self.order = self._topological()

    def _count(self) -> dict[int, int]:
        """Sinks of each net, ports of the design among them."""
        fan_out: dict[int, int] = {}
        sinks = [
            bits
            for cell in self.netlist.cells
            for pin, bits in cell.pins.items()
            if pin not in cell.outputs and pin not in self.figures.clocks
        ]
        for bits in (*sinks, *self.netlist.outputs.values()):
            for bit in bits:
                if isinstance(bit, int):
                    fan_out[bit] = fan_out.get(bit, 0) + 1
        return fan_out

    def wire(self, net: int, cell: Cell, pin: str) -> float:
        """Delay from the driver of a net to a pin of a cell."""
        driver = self._drivers.get(net)
        if driver and self.figures.dedicated(driver, (cell.kind, pin)):
            return 0.0
        return self._wire[net] + self.figures.way_in(cell.kind, pin)

    def wire_out(self, net: int) -> float:
        """Delay from the driver of a net to a port of the design."""
        return self._wire[net]

    def _add(self, cell: Cell) -> None:
        timing = self.figures.of(cell)
        self._require_figures(cell, timing)
        for (pin, i), (out, j), ns in timing.arcs:
            source, target = cell.pins[pin][i], cell.pins[out][j]
            if isinstance(target, int) and isinstance(source, int):
                self.into.setdefault(target, []).append(Arc(source, ns + self.wire(source, cell, pin), cell))
        for (pin, i), ns in timing.launches.items():
            if isinstance(net := cell.pins[pin][i], int):
                self.launches[net] = Launch(ns, cell)
        for (pin, i), ns in timing.setups.items():
            if isinstance(net := cell.pins[pin][i], int):
                self.captures.append(Capture(net, ns + self.wire(net, cell, pin), cell, pin))
        if timing.inside:
            self.inside.append((timing.inside, cell))

    def _require_figures(self, cell: Cell, timing: CellTiming) -> None:
        """Nothing is left out in silence: a pin in use that has no figure is an error."""
        for pin, bits in cell.pins.items():
            if pin in self.figures.clocks or self.figures.idle(cell, pin):
                continue
            for i, net in enumerate(bits):
                if isinstance(net, int) and (pin, i) not in timing.timed and (net in self.fan_out):
                    raise SimulationError(f"timing: no delay for pin {pin} of {cell.kind} {cell.name}")

    def _topological(self) -> list[int]:
        """Nets, each after those that it is reached from."""
        waiting = {net: len(arcs) for net, arcs in self.into.items()}
        onward: dict[int, list[int]] = {}
        for net, arcs in self.into.items():
            for arc in arcs:
                onward.setdefault(arc.source, []).append(net)
        ready = [net for net in onward if net not in waiting]
        order: list[int] = []
        while ready:
            net = ready.pop()
            if net in self.into:
                order.append(net)
            for target in onward.get(net, ()):
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
        if len(order) < len(self.into):
            loop = [self.netlist.names.get(net, str(net)) for net, left in waiting.items() if left]
            raise SimulationError(f"timing: {self.netlist.top}: combinational loop through {', '.join(loop[:6])}")
        return order

    def arrivals(self, sources: Mapping[int, float]) -> dict[int, float]:
        """Latest time at which each net that the sources reach settles, before its wire."""
        at = dict(sources)
        for net in self.order:
            latest = max((at.get(arc.source, _NEVER) + arc.ns for arc in self.into[net]), default=_NEVER)
            if latest > at.get(net, _NEVER):
                at[net] = latest
        return at

    def registers(self) -> dict[int, float]:
        """Sources of paths that begin at a clock."""
        return {net: launch.ns for net, launch in self.launches.items()}

    def ports(self, names: Iterable[str] | None = None) -> dict[int, float]:
        """Sources of paths that begin at inputs: all, or the named ones."""
        chosen = self.netlist.inputs if names is None else names
        return {bit: 0.0 for name in chosen for bit in self.netlist.inputs[name] if isinstance(bit, int)}

    def trace(self, at: Mapping[int, float], net: int) -> tuple[list[int], list[Cell]]:
        """Nets and cells of the longest path to a net, from its source on."""
        nets, cells = [net], []
        while True:
            arc = max(self.into.get(net, ()), key=lambda a: at.get(a.source, _NEVER) + a.ns, default=None)
            if arc is None or at.get(arc.source, _NEVER) + arc.ns < at[net] - 1e-9:
                break
            net = arc.source
            nets.append(net)
            cells.append(arc.cell)
        if net in self.launches:
            cells.append(self.launches[net].cell)
        return nets[::-1], cells[::-1]
