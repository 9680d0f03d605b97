"""What an op is made of before any gate is mapped: bits of its registers, adders, memories and logic, by Yosys.

Mapped LUTs follow order and names of cells, by up to a tenth, so two texts of the same hardware are compared here.
"""

import json
import sys
from pathlib import Path

from finn_build import processes
from finn_build.evaluate.synthesis import Job, contents
from finn_build.rtl.stitch import StitchedDesign

_SCRIPT = Path(__file__).parent / "yosys_bits.py"


def bits_by_kind(design: StitchedDesign, op: str, folder: Path) -> dict[str, int]:
    """Bits of registers, adders, multipliers, memories and logic of an op, as `folder` is written to hold it."""
    texts, memories = contents(Job(op, "xc7", design.sources, design.mem_dir))
    folder.mkdir(parents=True)
    for name, content in (*texts.items(), *memories.items()):
        (folder / name).write_bytes(content)
    ran = processes.run([sys.executable, str(_SCRIPT), "op", *texts], cwd=folder)
    assert ran.returncode == 0, ran.stderr[-2000:]
    found: dict[str, int] = json.loads(ran.stdout.splitlines()[-1])
    return found
