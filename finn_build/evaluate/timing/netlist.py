"""Netlists as Yosys writes them (JSON), flat: cells, and nets by number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Bit = int | str  # a net, or a constant "0", "1", "x", "z"


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        name: unique in its netlist.
        kind: cell type, such as LUT6.
        settings: parameters; numbers as int.
        pins: nets of each pin, the lowest bit first.
        outputs: names of the pins that drive.
        scope: op that it belongs to.
    """

    name: str
    kind: str
    settings: Mapping[str, int | str]
    pins: Mapping[str, tuple[Bit, ...]]
    outputs: frozenset[str]
    scope: str = ""


@dataclass(frozen=True)
class Netlist:
    """A flat netlist.

    Attributes:
        top: name of the module.
        inputs, outputs: nets of each port.
        cells: all cells.
        names: a readable name of each net.
    """

    top: str
    inputs: Mapping[str, tuple[Bit, ...]]
    outputs: Mapping[str, tuple[Bit, ...]]
    cells: tuple[Cell, ...]
    names: Mapping[int, str]


def read_netlist(module: Mapping[str, Any], top: str) -> Netlist:
    """A module of Yosys' `write_json`."""
    cells = tuple(
        Cell(
            name,
            cell["type"],
            {k: _setting(v) for k, v in cell["parameters"].items() if not k.startswith("INIT")},
            {pin: tuple(bits) for pin, bits in cell["connections"].items()},
            frozenset(pin for pin, way in cell["port_directions"].items() if way == "output"),
        )
        for name, cell in module["cells"].items()
        if cell["type"] != "$scopeinfo"
    )
    ports = module["ports"].items()
    return Netlist(
        top,
        {name: tuple(p["bits"]) for name, p in ports if p["direction"] == "input"},
        {name: tuple(p["bits"]) for name, p in ports if p["direction"] == "output"},
        cells,
        _names(module["netnames"], set(module["ports"])),
    )


def _setting(value: Any) -> int | str:
    text = str(value)
    return int(text, 2) if text and set(text) <= {"0", "1"} else text.strip()


def _names(netnames: Mapping[str, Any], ports: set[str]) -> dict[int, str]:
    """The shortest public name of each net that is no port's, else a port's, else a hidden one."""
    best: dict[int, tuple[int, int, str]] = {}
    for name, net in netnames.items():
        width = len(net["bits"])
        for i, bit in enumerate(net["bits"]):
            if isinstance(bit, int):
                rank = (2 * net["hide_name"] + (name in ports), len(name), f"{name}[{i}]" if width > 1 else name)
                best[bit] = min(best.get(bit, rank), rank)
    return {bit: name for bit, (_, _, name) in best.items()}
