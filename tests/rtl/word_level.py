"""What an op is made of before any gate is mapped: bits of its registers, adders, memories and logic, by Yosys.

Mapped LUTs follow order and names of cells, by up to a tenth, so two texts of the same hardware are compared here.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from finn_build import processes
from finn_build.evaluate.synthesis import Job, contents
from finn_build.rtl.stitch import StitchedDesign

_SCRIPT = Path(__file__).parent / "yosys_bits.py"


def bits_by_kind(design: StitchedDesign, ops: Sequence[str], folder: Path) -> dict[str, dict[str, int]]:
    """Bits of registers, adders, multipliers, memories and logic of each op, as written into `folder`."""
    homes = [folder.resolve() / op for op in ops]
    for op, home in zip(ops, homes, strict=True):
        texts, memories = contents(Job(op, "xc7", design.sources, design.mem_dir))
        home.mkdir(parents=True)
        for name, content in (*texts.items(), *memories.items()):
            (home / name).write_bytes(content)
    ran = processes.run([sys.executable, str(_SCRIPT), *map(str, homes)])
    assert ran.returncode == 0, ran.stderr[-2000:]
    lines = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    return {op: json.loads(line) for op, line in zip(ops, lines, strict=True)}


def assert_same(plain: StitchedDesign, library: StitchedDesign, ops: Sequence[str], folder: Path) -> None:
    """Registers, adders, multipliers, memories to the bit, at most 2% more logic, op by op."""
    wanted, got = (bits_by_kind(d, ops, folder / name) for name, d in (("library", library), ("plain", plain)))
    for op in ops:
        logic, other = (bits[op].pop("logic", 0) for bits in (wanted, got))
        assert other <= logic + max(2, 0.02 * logic), (op, logic, other)
        assert wanted[op] == got[op], op
