"""The recorder for the scripts of FINN's CreateStitchedIP: module references, streams and external ports.

What comes after the block design (packaging as an IP) is FINN's own and the same for any op: its commands are taken.
"""

from __future__ import annotations

from pathlib import Path

from tests.board.bitstream.vivado.block_design import VivadoError
from tests.board.bitstream.vivado.session import Session

_PACKAGING = (
    *("package_project", "current_core", "find_open_core", "create_xgui_files", "update_checksums", "save_core"),
    *("get_bus_parameters", "get_bus_interfaces", "add_file_group", "add_file", "get_file_groups", "get_files"),
)


class FinnSession(Session):
    """A session that knows ports of the block design and the IP packager by name."""

    def __init__(self) -> None:
        super().__init__()
        self.ports: dict[str, str] = {}  # external port -> the pin or interface it was made from
        for name in _PACKAGING:
            self.tcl.createcommand(f"ipx::{name}", lambda *words, name=name: self._package(name, words))

    def _package(self, name: str, words: tuple[str, ...]) -> str:
        if name == "package_project":
            home = Path(words[words.index("-root_dir") + 1])
            home.mkdir(parents=True)
            (home / "component.xml").write_text("<recorded/>\n")
        return "" if name in ("get_files", "get_bus_parameters") else f"ipx:{name}"

    def _set_property(self, options: dict[str, str], others: list[str]) -> None:
        if others[0] == "name":
            _, new, old = others
            self.ports[new] = self.ports.pop(old.removeprefix("port:"))
        elif others[0] == "ip_repo_paths":
            for folder in self._list(others[1]):
                if not Path(folder).is_dir():
                    raise VivadoError(f"ip_repo_paths: no folder {folder}")
        elif not others[-1].startswith(("ipx:", "port:")):
            super()._set_property(options, others)

    def _update_ip_catalog(self, options: dict[str, str], others: list[str]) -> None: ...

    def _elaborate(self, top: str) -> None:
        """Done for all modules at once, by the wrapper."""

    def _make_bd_pins_external(self, options: dict[str, str], others: list[str]) -> None:
        for pin in others:
            self.ports[f"{pin.rpartition('/')[2]}_0"] = pin

    def _make_bd_intf_pins_external(self, options: dict[str, str], others: list[str]) -> None:
        for path in others:
            self._bd().links[path] = f"port:{path}"
        self._make_bd_pins_external(options, others)

    def _get_bd_ports(self, options: dict[str, str], others: list[str]) -> list[str]:
        for name in others:
            if name.lstrip("/") not in self.ports:
                raise VivadoError(f"no port {name}; there are {sorted(self.ports)}")
        return [f"port:{name.lstrip('/')}" for name in others]

    def _get_bd_intf_ports(self, options: dict[str, str], others: list[str]) -> list[str]:
        return self._get_bd_ports(options, others)

    def _connect_bd_net(self, options: dict[str, str], others: list[str]) -> None:
        port, pin = others
        source = self._bd().pin(self.ports[port.removeprefix("port:")])
        if source["kind"] != self._bd().pin(pin)["kind"]:
            raise VivadoError(f"{port} is {source['kind']}, {pin} is {self._bd().pin(pin)['kind']}")
        self._bd().drivers[pin] = port

    def _validate_bd_design(self, options: dict[str, str], others: list[str]) -> None:
        """Every stream ends somewhere, every clock and reset is driven."""
        design, external = self._bd(), set(self.ports.values())
        for cell in design.cells.values():
            open_ends = [f"{cell.name}/{i}" for i in cell.interfaces if f"{cell.name}/{i}" not in design.links]
            open_ends += [
                f"{cell.name}/{p}" for p, pin in cell.pins.items()
                if pin["dir"] == "I" and f"{cell.name}/{p}" not in design.drivers | dict.fromkeys(external)
            ]  # fmt: skip
            if open_ends:
                raise VivadoError(f"not connected: {', '.join(open_ends)}")
        self.done.add("validated")

    def _get_files(self, options: dict[str, str], others: list[str]) -> list[str]:
        if "filter" in options:
            return [str(f) for f in self.files]
        return super()._get_files(options, [Path(name).name for name in others])

    def _make_wrapper(self, options: dict[str, str], others: list[str]) -> None:
        """Elaborates all modules, and leaves the wrapper where Vivado does."""
        super()._elaborate("")
        bd = self._bd().name
        home = self.project["folder"] / f"{self.project['name']}.srcs/sources_1/bd/{bd}/hdl"
        home.mkdir(parents=True)
        (home / f"{bd}_wrapper.v").write_text(f"module {bd}_wrapper;\nendmodule\n")
        self.done.add("wrapper made")
