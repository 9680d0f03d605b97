"""What the report says of the C++: loops and memories beside those of the RTL, and what was not run."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from finn_build.hls.design import HlsDesign
from sim.csim import CsimResult

CSYNTH = "not run"


def op_sheet(name: str, design: HlsDesign, csim: CsimResult | None) -> dict[str, Any]:
    """One op: trips of its longest loop for a frame (csim), the II its pragma asks for, its memories, csynth."""
    kernel = design.kernels[name]
    arrays = [(a.name, prod(a.shape), a.bits, a.impl) for loop in kernel.loops for a in loop.arrays]
    roms = [(m.array, len(m.values), m.width * m.values.shape[1], m.impl) for m in kernel.memories]
    return {
        "loops": [loop.function for loop in kernel.loops],
        "trips_csim": csim.trips[name] if csim else None,
        "ii": 1,
        "memories": [
            {"name": name, "words": words, "bits": bits, "impl": impl} for name, words, bits, impl in (*roms, *arrays)
        ],
        "csynth": CSYNTH,
    }


def hls_in_words(report: Mapping[str, Any]) -> str:
    """The longest loop beside the slowest op of the RTL."""
    rows = [row for row in report["layers"] if row["hls"] and row["hls"]["trips_csim"]]
    longest = max(rows, key=lambda row: row["hls"]["trips_csim"])
    trips, cycles = longest["hls"]["trips_csim"], report["cycles"]["predicted_ii"]
    return (
        f"C++ (csim): the longest loop takes {trips:,} trips a frame ({longest['name']}), at II 1 {trips / cycles:.4f} "
        f"times the cycles of the RTL's slowest op; the depth of its pipeline comes on top, once a frame (csynth: "
        f"{CSYNTH})"
    )
