"""A graph as OpenSTA reads it: cells with their delays (Liberty), their connections (Verilog) and the wires (SDF).

Each set of figures that occurs is one Liberty cell with single-bit pins. A longest path inside a cell (DSP) becomes an
output that drives an input of the same cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from finn_build.evaluate.timing.figures import CellTiming, Pin
from finn_build.evaluate.timing.graph import TimingGraph
from finn_build.evaluate.timing.netlist import Cell

CLOCK = "clock"
_HEAD = """library (signflow) {
  delay_model : table_lookup; time_unit : "1ns"; voltage_unit : "1V"; current_unit : "1mA";
  pulling_resistance_unit : "1kohm"; capacitive_load_unit (1, pf);
  nom_process : 1; nom_temperature : 25; nom_voltage : 1;
  slew_lower_threshold_pct_rise : 20; slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80; slew_upper_threshold_pct_fall : 80;
  input_threshold_pct_rise : 50; input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;
"""
_SDF_HEAD = """(DELAYFILE (SDFVERSION "3.0") (DIVIDER /) (TIMESCALE 1ns)
(CELL (CELLTYPE "design") (INSTANCE) (DELAY (ABSOLUTE
"""
_INSIDE = ("inside_out", "inside_in")


def write_for_opensta(graph: TimingGraph, folder: Path) -> None:
    """Write `cells.lib`, `design.v` and `wires.sdf` of the top `design`; its clock is the port `clock`."""
    kinds: dict[int, tuple[str, CellTiming]] = {}
    drivers = dict(_port_drivers(graph))
    instances = []
    for number, cell in enumerate(graph.netlist.cells):
        timing = graph.figures.of(cell)
        kind, _ = kinds.setdefault(id(timing), (f"{cell.kind}_{len(kinds)}", timing))
        instances.append((kind, f"c{number}", cell, timing))
        drivers |= {
            net: f"c{number}/{_flat((pin, i))}"
            for pin in cell.outputs
            for i, net in enumerate(cell.pins[pin])
            if isinstance(net, int)
        }
    (folder / "cells.lib").write_text(
        _HEAD + "".join(_liberty(name, timing) for name, timing in kinds.values()) + "}\n"
    )
    lines = [_instance(kind, name, cell, timing) for kind, name, cell, timing in instances]
    (folder / "design.v").write_text("\n".join([*_module(graph), *lines, "endmodule", ""]))
    wires = [w for _, name, cell, timing in instances for w in _wires(graph, drivers, name, cell, timing)]
    wires += [
        f"(INTERCONNECT {drivers[n]} {port} ({graph.wire_out(n):.6f}))" for port, n in _outputs(graph) if n in drivers
    ]
    (folder / "wires.sdf").write_text(_SDF_HEAD + "\n".join(wires) + "\n))))\n")


def _flat(pin: Pin) -> str:
    return f"{pin[0]}_{pin[1]}"


def _timed(timing: CellTiming) -> dict[str, tuple[Pin, str]]:
    """Input pins with figures, and what Liberty says of their setup.

    A pin that a delay begins at and a clock captures is two: as one, OpenSTA would take the cell for a latch.
    """
    delayed = {_flat(start): (start, "") for start, _, _ in timing.arcs}
    return delayed | {f"{_flat(pin)}_held": (pin, _setup(ns)) for pin, ns in timing.setups.items()}


def _liberty(name: str, timing: CellTiming) -> str:
    """One cell."""
    arcs: dict[Pin, list[str]] = {}
    for start, end, ns in timing.arcs:
        arcs.setdefault(end, []).append(_delay(_flat(start), "combinational", ns))
    for end, ns in timing.launches.items():
        arcs.setdefault(end, []).append(_delay(CLOCK, "rising_edge", ns))
    pins = [f"  pin ({_flat(end)}) {{ direction : output; {' '.join(found)} }}" for end, found in arcs.items()]
    for name_of_pin, (_, setup) in _timed(timing).items():
        pins.append(f"  pin ({name_of_pin}) {{ direction : input; capacitance : 0; {setup} }}")
    if timing.inside:
        out, into = _INSIDE
        pins.append(f"  pin ({out}) {{ direction : output; {_delay(CLOCK, 'rising_edge', timing.inside)} }}")
        pins.append(f"  pin ({into}) {{ direction : input; capacitance : 0; {_setup(0.0)} }}")
    if timing.launches or timing.setups:
        pins.append(f"  pin ({CLOCK}) {{ direction : input; capacitance : 0; clock : true; }}")
    return f"cell ({name}) {{\n" + "\n".join(pins) + "\n}\n"


def _delay(related: str, kind: str, ns: float) -> str:
    tables = " ".join(f'{t} (scalar) {{ values ("{v}"); }}' for t, v in (
        ("cell_rise", ns), ("cell_fall", ns), ("rise_transition", 0), ("fall_transition", 0),
    ))  # fmt: skip
    sense = " timing_sense : non_unate;"
    return f'timing () {{ related_pin : "{related}"; timing_type : {kind};{sense} {tables} }}'


def _setup(ns: float) -> str:
    tables = " ".join(f'{t}_constraint (scalar) {{ values ("{ns}"); }}' for t in ("rise", "fall"))
    return f'timing () {{ related_pin : "{CLOCK}"; timing_type : setup_rising; {tables} }}'


def _instance(kind: str, name: str, cell: Cell, timing: CellTiming) -> str:
    outputs = (*(e for _, e, _ in timing.arcs), *timing.launches)
    ends = {flat: pin for flat, (pin, _) in _timed(timing).items()} | {_flat(pin): pin for pin in outputs}
    pins = {flat: f"n{net}" for flat, pin in ends.items() if isinstance(net := cell.pins[pin[0]][pin[1]], int)}
    if timing.launches or timing.setups:
        pins[CLOCK] = CLOCK
    if timing.inside:
        pins |= dict.fromkeys(_INSIDE, f"{name}_inside")
    return f"  {kind} {name} ({', '.join(f'.{pin}({net})' for pin, net in pins.items())});"


def _inputs(graph: TimingGraph) -> Iterator[tuple[str, int]]:
    nets = {
        n for name, bits in graph.netlist.inputs.items() for n in bits if isinstance(n, int) and n not in graph.clocks
    }
    return ((f"i{net}", net) for net in sorted(nets))


def _outputs(graph: TimingGraph) -> Iterator[tuple[str, int]]:
    nets = {n for bits in graph.netlist.outputs.values() for n in bits if isinstance(n, int)}
    return ((f"o{net}", net) for net in sorted(nets))


def _port_drivers(graph: TimingGraph) -> Iterator[tuple[int, str]]:
    return ((net, port) for port, net in _inputs(graph))


def _module(graph: TimingGraph) -> Iterator[str]:
    """Header of the top; a port and its net are two names, joined by an assignment."""
    inputs, outputs = list(_inputs(graph)), list(_outputs(graph))
    yield f"module design ({', '.join([CLOCK, *(p for p, _ in inputs), *(p for p, _ in outputs)])});"
    yield f"  input {CLOCK};"
    yield from (f"  input {port};" for port, _ in inputs)
    yield from (f"  output {port};" for port, _ in outputs)
    yield from (f"  assign n{net} = {port};" for port, net in inputs)
    yield from (f"  assign {port} = n{net};" for port, net in outputs)


def _wires(graph: TimingGraph, drivers: dict[int, str], name: str, cell: Cell, timing: CellTiming) -> Iterator[str]:
    for flat, (pin, _) in _timed(timing).items():
        net = cell.pins[pin[0]][pin[1]]
        if isinstance(net, int) and net in drivers:
            yield f"(INTERCONNECT {drivers[net]} {name}/{flat} ({graph.wire(net, cell, pin[0]):.6f}))"
