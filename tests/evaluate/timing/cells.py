"""Netlists written by hand: `netlist("FDRE r C=1 D=5 Q=2", …)`; digits are nets, `c0` and `c1` constants."""

from __future__ import annotations

from finn_build.evaluate.timing.figures import figures
from finn_build.evaluate.timing.graph import TimingGraph, Wires
from finn_build.evaluate.timing.netlist import Bit, Cell, Netlist

_OUTPUTS = frozenset({"O", "Q", "CO", "P", "PCOUT", "DO", "DOA", "DOADO", "SPO", "DPO", "CASCADEOUTA"})
WIRES = Wires(base=0.45, slope=0.1)


def cell(line: str) -> Cell:
    """One cell: kind, name, then `PIN=net,net`, the lowest bit first, or `SETTING:value`."""
    kind, name, *words = line.split()
    pins = {p: tuple(_bit(b) for b in bits.split(",")) for p, _, bits in (w.partition("=") for w in words if "=" in w)}
    settings = {k: int(v) if v.isdigit() else v for k, _, v in (w.partition(":") for w in words if ":" in w)}
    return Cell(name, kind, settings, pins, _OUTPUTS & pins.keys())


def netlist(*lines: str, inputs: dict[str, int] | None = None, outputs: dict[str, int] | None = None) -> Netlist:
    """A netlist whose clock is net 1."""
    ins = {"clk": (1,), **{name: (net,) for name, net in (inputs or {}).items()}}
    outs: dict[str, tuple[Bit, ...]] = {name: (net,) for name, net in (outputs or {}).items()}
    return Netlist("hand", ins, outs, tuple(cell(line) for line in lines), {})


def graph(*lines: str, family: str = "xc7", **ports: dict[str, int]) -> TimingGraph:
    """The timing graph of a netlist written by hand."""
    return TimingGraph(netlist(*lines, **ports), figures(family), WIRES)


def _bit(text: str) -> Bit:
    return text[1:] if text.startswith("c") else int(text)
