"""The recorder for a script that packages an IP: the commands of the IP packager, as UG835 and UG1118 have them."""

from __future__ import annotations

from pathlib import Path

from tests.board.bitstream.vivado.block_design import Cell, VivadoError, module_cell
from tests.board.bitstream.vivado.session import Session

_OF_CORE = {"name", "version", "display_name", "description", "vendor_display_name", "company_url"}


class IpxSession(Session):
    """A session that packages the top of its sources.

    Attributes:
        core: the top's ports and interfaces, as Vivado infers them, once it is packaged.
        properties: of the core.
        clocks: clock of each interface.
        parameters: of each bus, by name.
    """

    def __init__(self) -> None:
        super().__init__()
        self.core: Cell | None = None
        self.properties: dict[str, str] = {}
        self.clocks: dict[str, str] = {}
        self.parameters: dict[tuple[str, str], str] = {}

    def _on_property(self, name: str, value: str) -> None:
        if name == "top":
            self.project["top"] = value
        else:
            super()._on_property(name, value)

    def _the_core(self) -> Cell:
        if self.core is None:
            raise VivadoError("no core is open")
        return self.core

    def _ipx_package_project(self, options: dict[str, str], others: list[str]) -> str:
        if missing := {"root_dir", "vendor", "library", "taxonomy"} - options.keys():
            raise VivadoError(f"lacks {sorted(missing)}")
        if "import_files" not in options:
            raise VivadoError("files would be referred to by where they are now")
        sources = [f for f in self.files if f.suffix in (".v", ".sv")]
        self.core = module_cell("core", self.project["top"], sources, referred=False)
        self._elaborate(self.project["top"])
        self._synthesise()
        self.root = Path(options["root_dir"])
        return "core:core"

    def _ipx_current_core(self, options: dict[str, str], others: list[str]) -> str:
        self._the_core()
        return "core:core"

    def _set_property(self, options: dict[str, str], others: list[str]) -> None:
        settings, targets = self._settings(options, others)
        target = targets[0]
        kind, _, what = target.partition(":")
        if kind not in ("core", "parameter"):
            super()._set_property(options, others)
            return
        for name, value in settings:
            if name not in (_OF_CORE if kind == "core" else {"value"}):
                raise VivadoError(f"{target} has no property {name}")
            if kind == "core":
                self.properties[name] = value
            else:
                bus, _, parameter = what.partition(".")
                self.parameters[bus, parameter] = value

    def _ipx_get_bus_interfaces(self, options: dict[str, str], others: list[str]) -> list[str]:
        core = self._the_core()
        buses = {*core.interfaces, *(name for name, pin in core.pins.items() if pin["kind"] in ("clk", "rst"))}
        return [f"bus:{name}" for name in others if name in buses]

    def _ipx_associate_bus_interfaces(self, options: dict[str, str], others: list[str]) -> None:
        core, bus, clock = self._the_core(), options["busif"], options["clock"]
        if bus not in core.interfaces or core.pins.get(clock, {}).get("kind") != "clk":
            raise VivadoError(f"{bus} is no interface, or {clock} no clock")
        self.clocks[bus] = clock

    def _ipx_get_bus_parameters(self, options: dict[str, str], others: list[str]) -> list[str]:
        bus = options["of_objects"].removeprefix("bus:")
        return [f"parameter:{bus}.{name}" for name in others if (bus, name) in self.parameters]

    def _ipx_add_bus_parameter(self, options: dict[str, str], others: list[str]) -> str:
        name, bus = others
        self.parameters[bus.removeprefix("bus:"), name] = ""
        return f"parameter:{bus.removeprefix('bus:')}.{name}"

    def _ipx_create_xgui_files(self, options: dict[str, str], others: list[str]) -> None:
        self.done.add("given a GUI")

    def _ipx_update_checksums(self, options: dict[str, str], others: list[str]) -> None:
        self._need("given a GUI", "update_checksums")
        self.done.add("summed up")

    def _ipx_check_integrity(self, options: dict[str, str], others: list[str]) -> None:
        if open_ends := sorted(set(self._the_core().interfaces) - set(self.clocks)):
            raise VivadoError(f"no clock for {', '.join(open_ends)}")
        if unset := [".".join(key) for key, value in self.parameters.items() if not value.isdigit()]:
            raise VivadoError(f"no value for {', '.join(unset)}")
        self.done.add("checked")

    def _ipx_save_core(self, options: dict[str, str], others: list[str]) -> None:
        self._need("summed up", "save_core")
        self._need("checked", "save_core")
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "component.xml").write_text("<recorded/>\n")

    def _close_project(self, options: dict[str, str], others: list[str]) -> None:
        self._current_project(options, others)
