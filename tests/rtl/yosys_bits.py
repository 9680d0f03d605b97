"""Prints the bits of module `op` by kind, a JSON a folder: `python yosys_bits.py FOLDER...`, which starts quickly."""

import json
import os
import sys
from collections import Counter
from pathlib import Path

from pyosys import libyosys as ys  # it takes over stdout

_KINDS = {"$alu": "adders", "$macc_v2": "adders", "$mul": "multipliers", "DSP48E1": "slices", "$mem_v2": "memory bits"}
_REGISTERS = ("$dff", "$sdff", "$adff")
_NONE = ("$scopeinfo", "$print", "$check")


def _count(folder: str) -> Counter[str]:
    design = ys.Design()
    os.chdir(folder)  # where the memory files lie
    files = " ".join(sorted(path.name for path in Path().glob("*.*v")))
    ys.run_pass(f"read_slang --allow-use-before-declare --top op {files}", design)
    ys.run_pass("synth_xilinx -family xc7 -flatten -top op -run begin:map_memory", design)
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


for folder in sys.argv[1:]:
    print(json.dumps(_count(folder)))
