"""Prints the bits of a module by kind, as JSON: `python yosys_bits.py TOP FILE...`, a process that starts quickly."""

import json
import sys
from collections import Counter

from pyosys import libyosys as ys  # it takes over stdout

_KINDS = {"$alu": "adders", "$macc_v2": "adders", "$mul": "multipliers", "DSP48E1": "slices", "$mem_v2": "memory bits"}
_REGISTERS = ("$dff", "$sdff", "$adff")
_NONE = ("$scopeinfo", "$print", "$check")


def _count(top: str, files: list[str]) -> Counter[str]:
    design = ys.Design()
    ys.run_pass(f"read_slang --allow-use-before-declare --top {top} {' '.join(files)}", design)
    ys.run_pass(f"synth_xilinx -family xc7 -flatten -top {top} -run begin:map_memory", design)
    found: Counter[str] = Counter()
    for cell in design.top_module().cells_.values():
        kind = cell.type.str()
        if kind in _NONE:
            continue
        names = [name for name in map(ys.IdString, ("\\WIDTH", "\\Y_WIDTH")) if cell.hasParam(name)]
        size = cell.getParam(names[0]).as_int() if names else 1
        if kind == "$mem_v2":
            size *= cell.getParam(ys.IdString("\\SIZE")).as_int()
        found["registers" if kind.startswith(_REGISTERS) else _KINDS.get(kind, "logic")] += size
    return found


print(json.dumps(_count(sys.argv[1], sys.argv[2:])))
