"""Prints the bits of some modules by kind, as JSON: `python yosys_bits.py TOP MODULE,... FILE...`, in seconds."""

import json
import sys
from collections import Counter

from pyosys import libyosys as ys  # it takes over stdout

_KINDS = {"$alu": "adders", "$macc_v2": "adders", "$mul": "multipliers", "DSP48E1": "slices", "$mem_v2": "memory bits"}
_REGISTERS = ("$dff", "$sdff", "$adff")
_NONE = ("$scopeinfo", "$print", "$check")


def _counts(top: str, ops: list[str], files: list[str]) -> dict[str, Counter[str]]:
    design = ys.Design()
    ys.run_pass(f"read_slang --keep-hierarchy --allow-use-before-declare --top {top} {' '.join(files)}", design)
    modules = {op: next(m for m in design.modules_.values() if m.name.str()[1:].partition("$")[0] == op) for op in ops}
    names = {op: module.name.str() for op, module in modules.items()}
    for name in names.values():
        ys.run_pass(f"setattr -mod -set keep_hierarchy 1 {name[1:]}", design)
    ys.run_pass(f"synth_xilinx -family xc7 -flatten -top {top} -run begin:map_memory", design)
    return {op: _count(design.module(ys.IdString(name))) for op, name in names.items()}


def _count(module: ys.Module) -> Counter[str]:
    found: Counter[str] = Counter()
    for cell in module.cells_.values():
        kind = cell.type.str()
        if kind in _NONE:
            continue
        sizes = [name for name in map(ys.IdString, ("\\WIDTH", "\\Y_WIDTH")) if cell.hasParam(name)]
        size = cell.getParam(sizes[0]).as_int() if sizes else 1
        if kind == "$bmux":  # a tree of choices between two
            size *= 2 ** cell.getParam(ys.IdString("\\S_WIDTH")).as_int() - 1
        if kind == "$mem_v2":
            size *= cell.getParam(ys.IdString("\\SIZE")).as_int()
        found["registers" if kind.startswith(_REGISTERS) else _KINDS.get(kind, "logic")] += size
    return found


print(json.dumps(_counts(sys.argv[1], sys.argv[2].split(","), sys.argv[3:])))
