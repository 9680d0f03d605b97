"""A stitched design as plain Verilog-2005, for any tool: Yosys elaborates every op, one file each, without parameters.

Memories stay memories with their styles and read the same files, by names written out. What the library keeps apart
for Yosys' sake (`keep_hierarchy`) stays a module, in the file of its op. `python -m finn_build.rtl.plain` is the part
that runs in a process of its own.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from finn_build import processes
from finn_build.errors import SimulationError
from finn_build.licence import is_licensed, license_files
from finn_build.rtl.stitch import StitchedDesign, write_manifest

_PASSES = (
    "opt_expr", "opt_merge", "opt_reduce", "opt_expr",  # one write enable for a word, not one for each of its bits
    "opt_clean -purge", "memory_collect", "opt_clean -purge",
    "setattr -unset src -unset hdlname -unset full_case", "setattr -mod -unset src -unset hdlname",
)  # fmt: skip
_HEADER = "// Plain Verilog of {module}, elaborated by Yosys from the library. Generated.\n`default_nettype wire\n"


def _guarded(line: str, otherwise: str = "") -> str:
    """A line for Yosys alone, whichever of its two readers."""
    return f"`ifdef YOSYS\n{line}\n`elsif __slang__\n{line}\n{otherwise}`endif\n"


_LINES = (  # Yosys' lines, and what they are to any other tool
    (re.compile(r"^  function \[", re.MULTILINE), "  function automatic ["),
    (
        re.compile(r"^\(\* keep_hierarchy .*\*\)\n", re.MULTILINE),
        _guarded("(* keep_hierarchy *)"),
    ),
    (
        re.compile(r'^ *\(\* rom_style = "logic" \*\)\n', re.MULTILINE),
        _guarded('  (* rom_style = "logic" *)', '`else\n  (* rom_style = "distributed" *)\n'),
    ),
)
_DECLARED = re.compile(r"^(?:(?:  \(\*.*\*\)\n)*  (?:wire|reg|input|output)\b.*;\n)+", re.MULTILINE)
_TEMPORARY = re.compile(r"^  wire (?:\[[\d:]+\] )?_\d+_;\n", re.MULTILINE)
_CONTENTS = re.compile(r'\$readmemb\("([^"]+)", ')


def plain_design(design: StitchedDesign) -> StitchedDesign:
    """Write every op of a stitched design as a plain module over its thin instance; library files leave the folder.

    Raises:
        SimulationError: Yosys does not read the design.
    """
    *library, top = design.sources
    ops = [path.stem for path in library if re.search(rf"^    {path.stem} ", top.read_text(), re.MULTILINE)]
    ours = {path.stem for path in library if is_licensed(path.read_text())}
    files = write_plain({op: op for op in ops}, library, design.mem_dir)
    license_files(design.mem_dir, (path for path in files if path.stem in ours))
    for path in library:
        if path not in files:
            path.unlink()
    write_manifest([*files, top], design.mem_dir)
    return replace(design, sources=(*files, top))


def write_plain(modules: Mapping[str, str], sources: Sequence[Path], folder: Path, black_box: str = "") -> list[Path]:
    """Elaborate modules into files of their own.

    Args:
        modules: Name of each module to write, and of the module of the sources that it is made of: a top, or with its
            path (`shell$signflow_top.shell_i`) an instance below one.
        sources: Files of the design.
        folder: Where the memory files lie, and where `<module>.v` is written, over what is there.
        black_box: A module below a top that is left out.

    Returns:
        The files.

    Raises:
        SimulationError: Yosys does not read the sources.
    """
    with processes.scratch() as made:
        job = {"modules": dict(modules), "sources": [str(p) for p in sources], "out": str(made), "black_box": black_box}
        (made / "job.json").write_text(json.dumps(job))
        command = [sys.executable, "-m", "finn_build.rtl.plain", f"{made}/job.json"]
        ran = processes.run(command, cwd=folder)
        if ran.returncode:
            raise SimulationError(f"plain Verilog: Yosys failed: {(ran.stderr or ran.stdout).strip()[-300:]}")
        memories = {_words(path, 16): path.name for path in sorted(folder.glob("*.mem"))}
        texts = {module: (made / f"{module}.v").read_text() for module in modules}
        texts = {module: _finished(module, text, memories) for module, text in texts.items()}
    for module, text in texts.items():
        (folder / f"{module}.v").write_text(text)
    return [folder / f"{module}.v" for module in modules]


def _finished(module: str, text: str, memories: Mapping[tuple[int, ...], str]) -> str:
    """Yosys' text with names of modules that are unique in the design, and the design's own memory files."""
    for index, inner in enumerate(re.findall(r"^module (\\\S+) ", text, re.MULTILINE)):
        text = text.replace(f"{inner} ", f"{module}_{index} ")
    # an instance with an escaped name is one that `read_slang --keep-hierarchy` cannot keep
    number = count()
    instance = re.compile(rf"^  ({module}_\d+) +\\\S+ +\(", re.MULTILINE)
    text = instance.sub(lambda found: f"  {found[1]} apart_{next(number)} (", text)
    for pattern, line in _LINES:
        text = pattern.sub(line, text)
    text = _DECLARED.sub(lambda found: _by_age(found[0]), text)
    text = _CONTENTS.sub(lambda found: f'$readmemh("{memories[_words(Path(found[1]), 2)]}", ', text)
    return _HEADER.format(module=module) + text.partition("\n")[2]  # without Yosys' line about itself


def _by_age(declarations: str) -> str:
    """Temporaries after registers and ports, as in the library: Yosys orders what a sum adds by the age of names."""
    return _TEMPORARY.sub("", declarations) + "".join(_TEMPORARY.findall(declarations))


def _words(path: Path, base: int) -> tuple[int, ...]:
    return tuple(int(line, base) for line in path.read_text().split())


def _elaborate(modules: Mapping[str, str], sources: Sequence[str], out: str, black_box: str) -> None:
    from pyosys import libyosys as ys  # here: it takes over stdout, and only a process of its own wants it

    design = ys.Design()
    log = Path(out) / "log"

    def run(command: str) -> str:
        ys.run_pass(f"tee -q -o {log} {command}", design)
        return log.read_text()

    def names() -> list[str]:
        return [line.strip() for line in run("ls").splitlines() if line.startswith("  ")]

    tops = sorted({origin.partition("$")[2].partition(".")[0] or origin for origin in modules.values()})
    boxed = f"--blackboxed-module {black_box}" if black_box else ""
    run(
        f"read_slang --keep-hierarchy --allow-use-before-declare -DSYNTHESIS {boxed} "
        + " ".join(f"--top {top}" for top in tops)
        + " "
        + " ".join(sources)
    )
    run("setattr -mod -unset top -unset initial_top")  # with tops marked, `flatten` drops all but the last one
    for origin in modules.values():
        run(f"setattr -mod -set keep_hierarchy 1 {origin}")
    run("proc")
    kept = set(run("ls A:keep_hierarchy").split())
    run("flatten")
    run("delete " + " ".join(name for name in names() if name not in kept))
    for origin in modules.values():
        run(f"setattr -mod -unset keep_hierarchy {origin}")
    for step in _PASSES:
        run(step)
    for origin in modules.values():
        _set_ports_apart(ys, design.module(ys.IdString(f"\\{origin}")))
    run("splitnets -driver")  # every register is written in one process
    for origin in modules.values():
        _number(ys, design.module(ys.IdString(f"\\{origin}")))
    for module, origin in modules.items():
        below = origin.partition("$")[2] or origin
        if module != origin:
            run(f"rename {origin} {module}")
        run(f"select {module} *${below}.*")
        run(f"write_verilog -selected -extmem {out}/{module}.v")
        run("select -clear")


def _set_ports_apart(ys: Any, module: Any) -> None:
    """Let no register be an output port, which `splitnets` could not split."""
    for name in list(module.ports):
        port = module.wire(name)
        if not port.port_output or port.width == 1:
            continue
        module.rename(port, ys.IdString(f"{name.str()}_d"))
        outer = module.addWire(name, port)
        port.port_output = False
        module.connect(ys.SigSpec(outer), ys.SigSpec(port))
    module.fixup_ports()


def _number(ys: Any, module: Any) -> None:
    """Name cells so that the text, which is sorted, has them in the order in which they were made."""
    cells = list(module.selected_cells())
    for index, cell in enumerate(reversed(cells)):
        if cell.name.str().startswith("$"):
            module.rename(cell, ys.IdString(f"$n{index:07d}"))


if __name__ == "__main__":
    _elaborate(**json.loads(Path(sys.argv[1]).read_text()))
