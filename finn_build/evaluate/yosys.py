"""Area by open synthesis: Yosys `synth_xilinx`, one fresh process per op (a second design in one process moves counts).

`python -m finn_build.evaluate.yosys TOP FAMILY FILE...` prints the cells of one module as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

from finn_build import processes
from finn_build.errors import SimulationError
from finn_build.rtl.stitch import StitchedDesign

# LUTs that one memory cell takes; shift registers take one.
_MEMORY_LUTS = {
    "RAM32M": 4, "RAM64M": 4, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4,
    "RAM32X1S": 1, "RAM32X2S": 2, "RAM64X1S": 1, "RAM128X1S": 2, "RAM256X1S": 4, "RAM512X1S": 8,
    "RAM32M16": 8, "RAM64M8": 8,
}  # fmt: skip
Area = dict[str, int]  # lut, ff, bram18, dsp, uram


def area_by_op(
    design: StitchedDesign, ops: Sequence[str], family: str, on_progress: Callable[[float], None]
) -> dict[str, Area]:
    """Synthesise every op of a stitched design by itself.

    Args:
        design: the design on disk.
        ops: modules to synthesise, one per op.
        family: `synth_xilinx -family`.
        on_progress: called with the fraction done.

    Returns:
        Raw cell counts by op: LUTs count LUT cells, memories as the LUTs they take; no pairing into LUT6_2.

    Raises:
        SimulationError: Yosys failed on an op.
    """
    done: dict[str, Area] = {}

    def one(op: str) -> None:
        done[op] = _synthesise(op, family, design)
        on_progress(len(done) / len(ops))

    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        list(pool.map(one, ops))
    return done


def _synthesise(top: str, family: str, design: StitchedDesign) -> Area:
    files = [s.name for s in design.sources if s.stem == top or s.suffix == ".sv"]
    command = [sys.executable, "-m", "finn_build.evaluate.yosys", top, family, *files]
    ran = processes.run(command, cwd=design.mem_dir)
    if ran.returncode:
        raise SimulationError(f"Yosys failed on {top}: {(ran.stderr or ran.stdout).strip()[-300:]}")
    return to_area(json.loads(ran.stdout.splitlines()[-1]))


def to_area(cells: Mapping[str, int]) -> Area:
    """LUTs, flip-flops, RAMB18, DSP and URAM of Yosys' cell counts."""
    return {
        "lut": sum(
            n * (1 if kind.startswith(("LUT", "SRL")) else _MEMORY_LUTS.get(kind, 0)) for kind, n in cells.items()
        ),
        "ff": sum(n for kind, n in cells.items() if kind.startswith("FD")),
        "bram18": cells.get("RAMB18E1", 0) + cells.get("RAMB18E2", 0)
        + 2 * (cells.get("RAMB36E1", 0) + cells.get("RAMB36E2", 0)),
        "dsp": sum(n for kind, n in cells.items() if kind.startswith("DSP48")),
        "uram": cells.get("URAM288", 0),
    }  # fmt: skip


def _cells(top: str, family: str, files: Sequence[str]) -> dict[str, int]:
    """Cell counts of one module, flattened."""
    from pyosys import libyosys as ys  # here: it takes over stdout, and only the fresh process wants it

    design = ys.Design()
    with tempfile.TemporaryDirectory() as folder:
        log, stat = Path(folder) / "log", Path(folder) / "stat.json"
        plain = all(file.endswith(".v") for file in files)  # what the op's own file holds (rtl/plain.py)
        reader = "read_verilog" if plain else f"read_slang --keep-hierarchy --allow-use-before-declare --top {top}"
        for command in (
            f"{reader} {' '.join(files)}",
            f"synth_xilinx -family {family} -flatten -noiopad -noclkbuf -top {top}",
        ):
            ys.run_pass(f"tee -q -o {log} {command}", design)
        ys.run_pass(f"tee -q -o {stat} stat -json", design)
        return json.loads(stat.read_text())["design"]["num_cells_by_type"]


if __name__ == "__main__":
    print(json.dumps(_cells(sys.argv[1], sys.argv[2], sys.argv[3:])))
