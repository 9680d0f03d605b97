"""What an op is made of before any gate is mapped: bits of its registers, adders, memories and logic, by Yosys.

Mapped LUTs follow order and names of cells, by up to a tenth, so two texts of the same hardware are compared here.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from finn_build import processes
from finn_build.rtl.stitch import StitchedDesign

_SCRIPT = Path(__file__).parent / "yosys_bits.py"


def bits_by_kind(design: StitchedDesign, ops: Sequence[str]) -> dict[str, dict[str, int]]:
    """Bits of registers, adders, multipliers, memories and logic of each op."""
    sources = [path.name for path in design.sources]
    ran = processes.run([sys.executable, str(_SCRIPT), design.top, ",".join(ops), *sources], cwd=design.mem_dir)
    assert ran.returncode == 0, ran.stderr[-2000:]
    found: dict[str, dict[str, int]] = json.loads(ran.stdout.splitlines()[-1])
    return found


def assert_same(plain: StitchedDesign, library: StitchedDesign, ops: Sequence[str]) -> None:
    """Registers, multipliers, memories to the bit, adders but for two, at most 2% more logic, op by op.

    Which widths Yosys cuts first follows the order of cells.
    """
    wanted, got = (bits_by_kind(design, ops) for design in (library, plain))
    for op in ops:
        logic, other = (bits[op].pop("logic", 0) for bits in (wanted, got))
        assert other <= logic + max(2, 0.02 * logic), (op, logic, other)
        adders, others = (bits[op].pop("adders", 0) for bits in (wanted, got))
        assert abs(adders - others) <= 2, (op, adders, others)
        assert wanted[op] == got[op], op
