"""Delays of cells, from `delays/`: which pins a cell has arcs between, which pins it launches from and captures at.

A cell whose connected pin has no figure is an error: nothing is left out of an estimate in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from finn_build.errors import ConfigError, SimulationError
from finn_build.evaluate.timing.netlist import Cell

_DELAYS = Path(__file__).parent / "delays"
Pin = tuple[str, int]  # bus and bit


@dataclass(frozen=True)
class CellTiming:
    """Figures of one cell, in ns.

    Attributes:
        arcs: delay from an input pin to an output pin.
        launches: delay from the clock to an output pin.
        setups: setup of an input pin before the clock.
        inside: longest path from register to register within the cell, or 0.
    """

    arcs: tuple[tuple[Pin, Pin, float], ...]
    launches: Mapping[Pin, float]
    setups: Mapping[Pin, float]
    inside: float

    @cached_property
    def timed(self) -> frozenset[Pin]:
        """Pins that have a figure."""
        return frozenset((*self.launches, *self.setups, *(pin for a, b, _ in self.arcs for pin in (a, b))))


class Figures:
    """Figures of a chip family."""

    def __init__(self, family: str) -> None:
        table = _load(family)
        own = table.get("cells", [])
        scale = table.get("scale", 1.0)
        table = _load(table["like"]) if "like" in table else table
        dsp = [{"kinds": ["DSP48E1", "DSP48E2"], **entry} for entry in _load("dsp48e1")["cells"]]
        self.scale: float = scale
        self.clocks = frozenset(table["clocks"])
        self.port_launch: float = scale * table["ports"]["launch"]
        self.port_setup: float = scale * table["ports"]["setup"]
        self._idle: list[str] = table["idle"]
        self._through = {pin: scale * ns for pin, ns in table["through_lut"].items()}
        self._dedicated = [tuple(wire.split(" > ")) for wire in table["dedicated"]]
        self._entries: dict[str, list[dict[str, Any]]] = {}
        for entry in (*table["cells"], *dsp, *(own if own is not table["cells"] else ())):
            for kind in entry["kinds"]:
                self._entries.setdefault(kind, []).append(entry)
        self._known: dict[Any, CellTiming] = {}
        self._wires: dict[tuple[str, str, str, str], bool] = {}

    def of(self, cell: Cell) -> CellTiming:
        """Figures of a cell.

        Raises:
            SimulationError: no figures for this kind of cell, or for one of its connected pins.
        """
        if cell.kind not in self._entries:
            raise SimulationError(f"timing: no delays for cell {cell.name} of type {cell.kind}")
        shape = tuple((name, len(bits), name in cell.outputs) for name, bits in cell.pins.items())
        settings = _settings(cell)
        used = {key for entry in self._entries[cell.kind] for key in entry.get("when", ())}
        key = (cell.kind, shape, tuple((k, settings.get(k)) for k in sorted(used)))
        if key not in self._known:
            self._known[key] = self._expand(cell, settings)
        return self._known[key]

    def dedicated(self, driver: tuple[str, str], sink: tuple[str, str]) -> bool:
        """Whether the wire from a pin of one cell to one of another lies within the silicon, (kind, pin) each."""
        key = (*driver, *sink)
        if key not in self._wires:
            self._wires[key] = any(
                fnmatchcase(".".join(driver), a) and fnmatchcase(".".join(sink), b) for a, b in self._dedicated
            )
        return self._wires[key]

    def idle(self, cell: Cell, pin: str) -> bool:
        """Whether a pin is one that a cell of this kind does not look at unless it has a figure."""
        return any(fnmatchcase(f"{cell.kind}.{pin}", pattern) for pattern in self._idle)

    def way_in(self, kind: str, pin: str) -> float:
        """Delay of the LUT that a routed wire passes where a pin has no other way in."""
        return self._through.get(f"{kind}.{pin}", 0.0)

    def _expand(self, cell: Cell, settings: Mapping[str, Any]) -> CellTiming:
        arcs: dict[tuple[Pin, Pin], float] = {}
        launches: dict[Pin, float] = {}
        setups: dict[Pin, float] = {}
        inside = 0.0
        for rule, ns in self._rules(cell.kind, settings):
            if rule == "inside":
                inside = max(inside, ns)
                continue
            source, target = rule.split(">")
            for start in _pins(cell, source, outputs=False):
                if not target:
                    setups[start] = max(ns, setups.get(start, ns))
                for end in _pins(cell, target, outputs=True):
                    if start[0] in self.clocks:
                        launches[end] = max(ns, launches.get(end, ns))
                    else:
                        arcs[start, end] = max(ns, arcs.get((start, end), ns))
        return CellTiming(tuple((a, b, ns) for (a, b), ns in arcs.items()), launches, setups, inside)

    def _rules(self, kind: str, settings: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
        """Figures that hold for a kind of cell with these settings."""
        for entry in self._entries[kind]:
            if all(_agrees(settings.get(k), v) for k, v in entry.get("when", {}).items()):
                yield from ((rule, self.scale * ns) for rule, ns in entry["ns"].items())


def _load(name: str) -> dict[str, Any]:
    if not (_DELAYS / f"{name}.yaml").is_file():
        known = ", ".join(sorted(path.stem for path in _DELAYS.glob("*.yaml")))
        raise ConfigError(
            f"{_DELAYS / name}.yaml: no delays of this family; there are {known}; `like: xc7` takes one's"
        )
    table: dict[str, Any] = yaml.safe_load((_DELAYS / f"{name}.yaml").read_text())
    return table


@cache
def figures(family: str) -> Figures:
    """Figures of a chip family, `synth_xilinx -family`."""
    return Figures(family)


def _settings(cell: Cell) -> dict[str, Any]:
    settings = dict(cell.settings)
    if cell.kind == "DSP48E2":  # its pre-adder is chosen per multiplier input
        settings["USE_DPORT"] = "TRUE" if "AD" in (settings.get("AMULTSEL"), settings.get("BMULTSEL")) else "FALSE"
    return settings


def _agrees(value: Any, wanted: Any) -> bool:
    return value in wanted if isinstance(wanted, list) else value == wanted


def _pins(cell: Cell, pattern: str, outputs: bool) -> list[Pin]:
    """Pins of a cell that a pattern names, bit by bit."""
    found = []
    for name, bits in cell.pins.items():
        if (name in cell.outputs) != outputs:
            continue
        for i in range(len(bits)):
            if fnmatchcase(name, pattern) or (len(bits) > 1 and f"{name}{i}" == pattern):
                found.append((name, i))
    return found
