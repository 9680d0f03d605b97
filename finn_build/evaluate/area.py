"""Area by open synthesis, op by op."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from finn_build.evaluate.synthesis import Job, netlists
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
    jobs = [Job(op, family, design.sources, design.mem_dir) for op in ops]
    return {op: netlist_area(module) for op, module in zip(ops, netlists(jobs, on_progress), strict=True)}


def netlist_area(module: Mapping[str, Any]) -> Area:
    """Area of a module as Yosys writes it."""
    return to_area(Counter(cell["type"] for cell in module["cells"].values()))


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
