"""Combinational ways through a design, from its inputs to its outputs, without synthesis: Yosys elaborates, this walks.

Word by word where a cell is no bitwise one, so that a way found may be none; that none is found is certain.
Run as a program with TOP OUT FILE..., it writes the elaborated netlist.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finn_build import processes
from finn_build.rtl.stitch import StitchedDesign

_CLOCKS = ("ap_clk", "ap_rst_n")
_REGISTERS = ("$dff", "$dffe", "$sdff", "$sdffe", "$sdffce", "$adff", "$adffe", "$aldff", "$aldffe")
_BITWISE = ("$and", "$or", "$xor", "$xnor", "$not", "$mux", "$pos")


def ways_through(design: StitchedDesign, folder: Path) -> set[tuple[str, str]]:
    """Pairs of an input and an output of a design that no register separates, clock and reset aside.

    Raises:
        AssertionError: Yosys does not read the design.
    """
    out = folder / "elaborated.json"
    command = [sys.executable, __file__, design.top, str(out), *map(str, design.sources)]
    ran = processes.run(command, cwd=design.mem_dir, env=None)
    assert ran.returncode == 0, (ran.stderr or ran.stdout)[-2000:]
    module = json.loads(out.read_text())["modules"][design.top]
    onward: dict[int, set[int]] = {}
    for cell in module["cells"].values():
        for source, target in _arcs(cell):
            onward.setdefault(source, set()).add(target)
    ports = {name: port for name, port in module["ports"].items() if name not in _CLOCKS}
    ends = {bit: name for name, port in ports.items() if port["direction"] == "output" for bit in port["bits"]}
    return {
        (name, ends[bit])
        for name, port in ports.items()
        if port["direction"] == "input"
        for bit in _reached(onward, port["bits"])
        if bit in ends
    }


def _arcs(cell: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """Nets that a cell reads, each with a net that follows it in the same cycle."""
    kind, pins, sides = cell["type"], cell["connections"], cell["port_directions"]
    if kind in _REGISTERS or (kind.startswith("$mem") and "0" not in _read_clocks(cell)):
        return
    outputs = [name for name, side in sides.items() if side == "output"]
    for source in (name for name, side in sides.items() if side == "input"):
        for target in outputs:
            a, b = pins[source], pins[target]
            aligned = kind in _BITWISE and len(a) == len(b) and source != "S"
            yield from zip(a, b, strict=True) if aligned else ((i, j) for i in a for j in b)


def _read_clocks(cell: dict[str, Any]) -> str:
    settings = cell["parameters"]
    return str(settings.get("RD_CLK_ENABLE", settings.get("CLK_ENABLE", "0")))


def _reached(onward: dict[int, set[int]], bits: list[int]) -> set[int]:
    found, waiting = set(bits), list(bits)
    while waiting:
        for bit in onward.get(waiting.pop(), ()):
            if bit not in found:
                found.add(bit)
                waiting.append(bit)
    return {bit for bit in found if isinstance(bit, int)}


def _elaborate(top: str, out: str, *files: str) -> None:
    from pyosys import libyosys as ys  # here: it takes over stdout, and only a process of its own wants it

    design = ys.Design()
    for command in (
        f"read_slang --keep-hierarchy --allow-use-before-declare -DSYNTHESIS --top {top} {' '.join(files)}",
        "setattr -mod -unset keep_hierarchy *",
        *("hierarchy -top " + top, "proc", "opt_expr", "opt_clean -purge", "flatten -noscopeinfo", "opt_clean -purge"),
        f"write_json {out}",
    ):
        ys.run_pass(command, design)


if __name__ == "__main__":
    _elaborate(*sys.argv[1:])
