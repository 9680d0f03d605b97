"""A strict recorder of Vitis HLS' commands: real Tcl, run against a model of what Vitis HLS would accept.

An unknown command or option, a missing file or a wrong order is an error. `csim_design` is real: the files with their
flags are compiled by g++ against the open headers, and run beside their data. `csynth_design` reads the code for what
would not synthesise; hardware and figures it has none to give.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
import tkinter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from finn_build.hls.lint import lint_cpp
from tests.hls.vitis.synthesis import problems

_COMMANDS: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "commands.yaml").read_text())
_HLS4ML = importlib.util.find_spec("hls4ml")
assert _HLS4ML and _HLS4ML.submodule_search_locations
_AP_TYPES = Path(_HLS4ML.submodule_search_locations[0]) / "templates" / "vivado" / "ap_types"
_PARTS = r"xc(7z020clg400-1|zu7ev-ffvc1156-2-e)"


class VitisError(Exception):
    """What Vitis HLS would refuse."""


class Session:
    """One run of Vitis HLS."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.state: dict[str, Any] = {}
        self.tcl = tkinter.Tcl()
        for name in _COMMANDS:
            self.tcl.createcommand(f"python_{name}", self._command(name))
            self.tcl.eval(f"proc {name} args {{ lassign [python_{name} {{*}}$args] code is; return -code $code $is }}")

    def source(self, script: Path) -> None:
        """Run a script.

        Raises:
            VitisError: a command of it is wrong or unknown, or it calls `error`.
        """
        self.tcl.eval("proc exit args { return -code error -errorcode EXIT EXIT }")
        try:
            self.tcl.eval(f"source {{{script}}}")
        except tkinter.TclError as error:
            if str(error) != "EXIT":
                raise VitisError(str(error)) from error

    def _command(self, name: str) -> Callable[..., tuple[str, str]]:
        def run(*words: str) -> tuple[str, str]:
            self.log.append(" ".join((name, *map(str, words))))
            try:
                options, others = self._parse(name, tuple(map(str, words)))
                getattr(self, f"_{name}")(options, others)
            except (VitisError, KeyError, OSError) as error:
                return "error", f"{name}: {error}"
            return "ok", ""

        return run

    @staticmethod
    def _parse(name: str, words: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
        known, options, others, left = _COMMANDS[name], {}, [], list(words)
        while left:
            word = left.pop(0)
            if not re.match(r"-[a-zA-Z]", word):
                others.append(word)
            elif word[1:] in known.get("flags", ()):
                options[word[1:]] = "1"
            elif word[1:] in known.get("values", ()) and left:
                options[word[1:]] = left.pop(0)
            else:
                raise VitisError(f"unknown or incomplete option {word}")
        least, most = known["others"]
        if not least <= len(others) <= most:
            raise VitisError(f"takes {least} to {most} arguments, got {others}")
        return options, others

    def _need(self, *names: str) -> None:
        if missing := [name for name in names if name not in self.state]:
            raise VitisError(f"no {', '.join(missing)} yet")

    def _open_project(self, options: dict[str, str], others: list[str]) -> None:
        shutil.rmtree(others[0], ignore_errors=True)
        Path(others[0]).mkdir()
        self.state = {"project": Path(others[0]).absolute(), "sources": {}, "bench": {}}

    def _set_top(self, options: dict[str, str], others: list[str]) -> None:
        self._need("project")
        self.state["top"] = others[0]

    def _add_files(self, options: dict[str, str], others: list[str]) -> None:
        self._need("project")
        for path in map(Path, others):
            if not path.is_file():
                raise VitisError(f"{path} does not exist")
            self.state["bench" if "tb" in options else "sources"][path.absolute()] = options.get("cflags", "")

    def _open_solution(self, options: dict[str, str], others: list[str]) -> None:
        self._need("project", "top")
        if options.get("flow_target", "vivado") not in ("vivado", "vitis"):
            raise VitisError(f"flow target {options['flow_target']}")
        self.state["solution"] = others[0]

    def _set_part(self, options: dict[str, str], others: list[str]) -> None:
        self._need("solution")
        if not re.fullmatch(_PARTS, others[0]):
            raise VitisError(f"unknown part {others[0]}")
        self.state["part"] = others[0]

    def _create_clock(self, options: dict[str, str], others: list[str]) -> None:
        self._need("solution")
        self.state["clock"] = float(options["period"])

    def _config_rtl(self, options: dict[str, str], others: list[str]) -> None:
        self._need("solution")
        if options.get("reset", "control") not in ("none", "control", "state", "all"):
            raise VitisError(f"reset {options['reset']}")

    def _csim_design(self, options: dict[str, str], others: list[str]) -> None:
        """Compile with the files' own flags, and run the testbench in a folder that holds its data."""
        self._need("solution")
        folder = self.state["project"] / self.state["solution"] / "csim" / "build"
        folder.mkdir(parents=True)
        files = self.state["sources"] | self.state["bench"]
        for path in (p for p in files if p.suffix != ".cpp"):
            shutil.copy(path, folder)
        objects = []
        for number, flags in enumerate(
            set(files.values())
        ):  # those of equal flags at once: headers are read less often
            together = folder / f"files_{number}.cc"
            chosen = [p for p, given in files.items() if given == flags and p.suffix == ".cpp"]
            together.write_text("".join(f'#include "{path}"\n' for path in chosen))
            objects.append(together.with_suffix(".o"))
            command = ["g++", "-w", *shlex.split(flags), f"-I{_AP_TYPES}", "-c", str(together), "-o", str(objects[-1])]
            self._run(command, folder)
        self._run(["g++", *map(str, objects), "-o", "csim.exe"], folder)
        self._run(["./csim.exe"], folder)
        self.state["simulated"] = True

    @staticmethod
    def _run(command: list[str], folder: Path) -> None:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode or "WARNING" in done.stdout:
            raise VitisError(f"{Path(command[0]).name} (exit {done.returncode}): {done.stdout}{done.stderr}"[:2000])

    def _csynth_design(self, options: dict[str, str], others: list[str]) -> None:
        self._need("part", "clock")
        sources = list(self.state["sources"])
        headers = {p for flags in self.state["sources"].values() for p in _headers(flags)}
        if found := [
            problem for path in [*sources, *sorted(headers)] for problem in (*lint_cpp(path), *problems(path))
        ]:
            raise VitisError("; ".join(found))
        if not any(re.search(rf"\bvoid {self.state['top']}\(", path.read_text()) for path in sources):
            raise VitisError(f"no function {self.state['top']}")
        self.state["synthesised"] = True

    def _cosim_design(self, options: dict[str, str], others: list[str]) -> None:
        self._need("synthesised")
        defined = {flag for flags in self.state["sources"].values() for flag in shlex.split(flags)}
        if "-DSF_COSIM" not in defined:  # ap_ctrl_none and streams that are asked for data: not guaranteed to end
            raise VitisError("ap_ctrl_none with non-blocking reads")

    def _export_design(self, options: dict[str, str], others: list[str]) -> None:
        self._need("synthesised")
        if options.get("format") not in ("ip_catalog", "xo", "sysgen"):
            raise VitisError(f"format {options.get('format')}")


def _headers(flags: str) -> list[Path]:
    return [p for flag in shlex.split(flags) if flag.startswith("-I") for p in Path(flag[2:]).glob("*.h")]
