"""The block design that a Tcl script makes: cells with their pins, nets, addresses, and what its validation checks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from finn_build.rtl.lint import RULES, lint

CATALOG: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "ip_catalog.yaml").read_text())
# What an AXI4-Lite interface needs, and an AXI4 one besides: in both directions, or Vivado knows it for none.
_LITE = "araddr arvalid arready rdata rresp rvalid rready awaddr awvalid awready wdata wstrb wvalid wready"
_LITE += " bresp bvalid bready"
_BURSTS = "arlen arsize arburst rlast awlen awsize awburst wlast"
_PORT = re.compile(
    r"(?P<attributes>(?:\(\*.*?\*\)\s*)*)\b(?P<dir>input|output)\s+(?:wire\s+)?(?:\[(?P<high>[^:]+):0\]\s*)?(?P<name>\w+)",
    re.DOTALL,
)


class VivadoError(Exception):
    """What Vivado would refuse, or take in silence and make something else of."""


@dataclass
class Cell:
    """A cell: pins by name {dir, kind}, interfaces by name {mode, protocol, clock}, and its parameters."""

    name: str
    pins: dict[str, dict[str, Any]]
    interfaces: dict[str, dict[str, Any]]
    parameters: dict[str, list[Any]] = field(default_factory=dict)
    entry: dict[str, Any] = field(default_factory=dict)

    def value(self, parameter: str) -> Any:
        return self.parameters[parameter][0]

    def get(self, parameter: str) -> str:
        """A parameter as `get_property` gives it; a PLL's frequency follows from what is clocked by it."""
        pll = self.entry.get("pll", {})
        if parameter == pll.get("parameter"):
            return str(pll["shared" if all(int(self.value(p)) for p in pll["with"]) else "alone"])
        if parameter not in self.parameters:
            raise VivadoError(f"cell {self.name} has no parameter {parameter}")
        return str(self.value(parameter))

    def has(self, what: dict[str, Any]) -> bool:
        """Whether the parameters bring this pin or interface into being."""
        return "when" not in what or int(self.value(what["when"])) >= what.get("least", 1)

    def set(self, parameter: str, value: str) -> None:
        if parameter not in self.parameters:
            raise VivadoError(f"cell {self.name} has no parameter {parameter}")
        _, *legal = self.parameters[parameter]
        if "any" not in map(str, legal) and value not in map(str, (*legal, self.value(parameter))):
            raise VivadoError(f"{self.name}: {parameter} cannot be {value}; legal: {self.parameters[parameter]}")
        rest = [str(v) for v in self.parameters[parameter] if str(v) != value]
        self.parameters[parameter] = [value, *rest]


def ip_cell(name: str, vlnv: str, part: str) -> Cell:
    """A cell of the catalogue."""
    for entry in CATALOG.values():
        if entry["vlnv"] == vlnv:
            if not part.startswith(tuple(entry.get("chips", "xc").split("|"))):
                raise VivadoError(f"{vlnv} does not exist on {part}")
            parameters = {k: list(v) for k, v in entry["parameters"].items()}
            return Cell(name, entry["pins"], entry.get("interfaces", {}), parameters, entry)
    raise VivadoError(f"IP {vlnv!r} is not in the catalogue")


def module_cell(name: str, module: str, files: list[Path], referred: bool = True) -> Cell:
    """A module reference, or the top of an IP, which may have parameters: Vivado infers interfaces from names and
    attributes of the ports of a Verilog module.
    """
    homes = [f for f in files if re.search(rf"^module\s+{module}\b", f.read_text(), re.MULTILINE)]
    if len(homes) != 1:
        raise VivadoError(f"module {module} is in {len(homes)} of the added files")
    for finding in lint(homes, module, block_design=True) if referred else ():
        if finding.rule in (RULES["block-design-top"], RULES["block-design-parameter"]):
            raise VivadoError(f"{finding.rule.says} [{finding.file}:{finding.line}]")
    text = re.sub(r"//[^\n]*", "", homes[0].read_text())
    header = text[text.index(f"module {module}") : text.index(");", text.index(f"module {module}"))]
    ports = {m["name"]: m for m in _PORT.finditer(header)}
    interfaces: dict[str, dict[str, Any]] = {}
    for prefix in {p.rsplit("_", 1)[0] for p in ports if p.endswith(("_awaddr", "_araddr"))}:
        signals = {p.removeprefix(f"{prefix}_") for p in ports if p.startswith(f"{prefix}_")}
        protocol = "AXI4" if {"awlen", "arlen"} & signals else "AXI4LITE"
        needed = f"{_LITE} {_BURSTS}" if protocol == "AXI4" else _LITE
        if missing := sorted(set(needed.split()) - signals):
            raise VivadoError(f"{module}: interface {prefix} lacks {', '.join(missing)}")
        mode = "master" if ports[f"{prefix}_araddr"]["dir"] == "output" else "slave"
        bits = int(ports[f"{prefix}_rdata"]["high"]) + 1
        interfaces[prefix] = {"mode": mode, "protocol": protocol, "bits": bits, "clock": None}
    for prefix in {p.removesuffix("_tdata") for p in ports if p.endswith("_tdata")}:
        if missing := {"tvalid", "tready"} - {p.removeprefix(f"{prefix}_") for p in ports}:
            raise VivadoError(f"{module}: stream {prefix} lacks {', '.join(sorted(missing))}")
        data = ports[f"{prefix}_tdata"]
        mode, bits = "master" if data["dir"] == "output" else "slave", int(data["high"]) + 1
        interfaces[prefix] = {"mode": mode, "protocol": f"AXI4S of {bits} bits", "bits": bits, "clock": None}
    pins: dict[str, dict[str, Any]] = {}
    for port, match in ports.items():
        if any(port.startswith(f"{i}_") for i in interfaces):
            continue
        busses = re.search(r"ASSOCIATED_BUSIF\s+([\w:]+)", match["attributes"])
        pins[port] = {"dir": match["dir"][0].upper(), "kind": _kind(port, match["attributes"])}
        for bus in busses[1].split(":") if busses else ():
            if bus not in interfaces:
                raise VivadoError(f"{module}: ASSOCIATED_BUSIF of {port} names {bus}, which is no interface")
            interfaces[bus]["clock"] = port
        if reset := re.search(r"ASSOCIATED_RESET\s+(\w+)", match["attributes"]):
            if reset[1] not in ports:
                raise VivadoError(f"{module}: ASSOCIATED_RESET of {port} names {reset[1]}, which is no port")
            pins[port]["reset"] = reset[1]
        if frequency := re.search(r"FREQ_HZ\s+(\d+)", match["attributes"]):
            pins[port]["freq_hz"] = int(frequency[1])
    for bus, what in interfaces.items():
        if what["clock"] is None:
            raise VivadoError(f"{module}: no clock port has {bus} in its ASSOCIATED_BUSIF")
    return Cell(name, pins, interfaces)


def _kind(port: str, attributes: str) -> str:
    """Clock, reset and interrupt by attribute or, as Vivado infers them, by name."""
    for kind, signal, names in (
        ("clk", "signal:clock", r"(.*_)?(clk|aclk)"),
        ("rst", "signal:reset", r"(.*_)?(rst_n|aresetn|resetn|rst|reset)"),
        ("intr", "signal:interrupt", r"interrupt|irq"),
    ):
        if signal in attributes or re.fullmatch(names, port):
            return kind
    return "data"


class BlockDesign:
    """Cells, nets between their pins, and addresses."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cells: dict[str, Cell] = {}
        self.drivers: dict[str, str] = {}  # input pin -> output pin
        self.links: dict[str, str] = {}  # interface -> interface, both ways
        self.addresses: dict[str, tuple[int, int]] = {}  # segment -> offset, range
        self.memory_mapped = False

    def pin(self, path: str) -> dict[str, Any]:
        return self._find(path, "pins", "pin")

    def interface(self, path: str) -> dict[str, Any]:
        return self._find(path, "interfaces", "interface pin")

    def _find(self, path: str, kind: str, word: str) -> dict[str, Any]:
        cell, _, name = path.lstrip("/").partition("/")
        if cell not in self.cells:
            raise VivadoError(f"no cell {cell} for {word} {path}")
        found = getattr(self.cells[cell], kind).get(name)
        if found is None or not self.cells[cell].has(found):
            raise VivadoError(f"no {word} {path}")
        return found

    def connect(self, pins: list[str]) -> None:
        """One net: a single driver, every input driven once, and clocks and resets meet their like."""
        drivers = [p for p in pins if self.pin(p)["dir"] == "O"]
        if len(drivers) != 1:
            raise VivadoError(f"net of {pins} has {len(drivers)} drivers")
        for pin in set(pins) - set(drivers):
            if pin in self.drivers:
                raise VivadoError(f"pin {pin} is driven by {self.drivers[pin]} already")
            if self.pin(pin)["kind"] != self.pin(drivers[0])["kind"]:
                raise VivadoError(f"{self.pin(drivers[0])['kind']} {drivers[0]} drives {self.pin(pin)['kind']} {pin}")
            self.drivers[pin] = drivers[0]

    def link(self, one: str, other: str) -> None:
        """Connect two interfaces, a master and a slave; without a bridge their protocols have to be the same."""
        a, b = self.interface(one), self.interface(other)
        if {a["mode"], b["mode"]} != {"master", "slave"}:
            raise VivadoError(f"{one} and {other} are both {a['mode']}s")
        if "any" not in (a["protocol"], b["protocol"]) and a["protocol"] != b["protocol"]:
            raise VivadoError(f"{one} is {a['protocol']}, {other} is {b['protocol']}")
        for end, to in ((one, other), (other, one)):
            if end in self.links:
                raise VivadoError(f"{end} is connected to {self.links[end]} already")
            self.links[end] = to

    def segment(self, path: str) -> str:
        """A slave's address segment `cell/interface/reg0`."""
        interface, _, name = path.rpartition("/")
        if self.interface(interface)["mode"] != "slave" or name != "reg0":
            raise VivadoError(f"no address segment {path}")
        return path

    def space(self, path: str) -> str:
        """An address space: a PS's, or a master interface's of a module."""
        cell, _, name = path.partition("/")
        if cell not in self.cells or self.cells[cell].entry.get("address_space", "") != name:
            self.interface(path)
        return path

    def assign(self, space: str, segment: str, offset: int, size: int) -> None:
        """Map registers into the window of the PS's master that leads to them."""
        cell = self.cells[space.partition("/")[0]]
        interface = segment.rpartition("/")[0]
        master = self._through(interface)
        base, room = cell.entry.get("windows", {}).get(master.partition("/")[2], (None, None))
        if base is None:
            raise VivadoError(f"{segment} is not reachable from {space}: {interface} leads to {master or 'nothing'}")
        if not base <= offset <= offset + size <= base + room or offset % size:
            raise VivadoError(f"{segment}: {size:#x} at {offset:#x} is outside {base:#x}, {room:#x} of {master}")
        self.addresses[segment] = (offset, size)

    def _through(self, interface: str) -> str:
        """What an interface is connected to, seen through bridges."""
        far = self.links.get(interface, "")
        cell, _, name = far.partition("/")
        if far and self.cells[cell].entry.get("bridges"):
            return self._through(f"{cell}/{'S00_AXI' if name.startswith('M') else 'M00_AXI'}")
        return far

    def validate(self) -> None:
        """What `validate_bd_design` refuses."""
        for cell in self.cells.values():
            for name, pin in cell.pins.items():
                path = f"{cell.name}/{name}"
                if cell.has(pin) and pin["dir"] == "I" and not pin.get("optional") and path not in self.drivers:
                    raise VivadoError(f"input {path} is not connected")
            for name, what in cell.interfaces.items():
                if cell.has(what):
                    self._validate_interface(cell, name, what)

    def _validate_interface(self, cell: Cell, name: str, what: dict[str, Any]) -> None:
        path = f"{cell.name}/{name}"
        if path not in self.links:
            raise VivadoError(f"interface {path} is not connected")
        far_cell, _, far_name = self.links[path].partition("/")
        far = self.cells[far_cell].interfaces[far_name]
        clocks = {self.drivers[f"{cell.name}/{what['clock']}"], self.drivers[f"{far_cell}/{far['clock']}"]}
        if len(clocks) != 1:
            raise VivadoError(f"{path} and {self.links[path]} have different clocks: {sorted(clocks)}")
        if cell.entry:
            return
        if what["mode"] == "slave" and f"{path}/reg0" not in self.addresses:
            raise VivadoError(f"{path} has no address")
        if what["mode"] == "master":
            end = self._through(path)
            if not self.memory_mapped:
                raise VivadoError(f"{path} sees no memory: assign_bd_address is missing")
            memory = self.interface(end)["bits"]
            bits = int(self.cells[end.partition("/")[0]].value(memory)) if isinstance(memory, str) else memory
            if bits != what["bits"]:
                raise VivadoError(f"{path} has {what['bits']} bits, {end} has {bits}")
        clock = cell.pins[what["clock"]]
        source, _, _ = next(iter(clocks)).partition("/")
        entry = self.cells[source].entry
        megahertz = float(self.cells[source].value(entry["clock_parameter"])) * (1 - entry.get("clock_error", 0))
        hertz = round(megahertz * 1e6)
        if clock.get("freq_hz", hertz) != hertz:
            raise VivadoError(f"BD 41-237: {path} has FREQ_HZ {clock['freq_hz']}, its clock {hertz}")
