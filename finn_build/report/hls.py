"""What the report says of an op's C++, beside its RTL in every build: beats, loops, memories, and what was not run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.hls.design import LIBRARY
from finn_build.hls.ops import KERNELS
from sim.csim import CsimResult

CSYNTH = "not run"
_II = re.compile(r"#pragma HLS PIPELINE II=(\d+)")


def op_sheet(node: NodeProto, model: ModelWrapper, csim: CsimResult | None) -> dict[str, Any] | None:
    """One op: beats of a frame, those of the RTL too; trips of its longest loop (csim), the II its pragma asks for,
    its memories, csynth; whether the outputs were right in csim. None for what is no process of the C++: a FIFO, or a
    layer of FINN.
    """
    if node.op_type not in KERNELS:
        return None
    op = getCustomOp(node)
    kernel = KERNELS[node.op_type](op, model)
    arrays = [(a.name, a.words, a.bits, a.impl) for loop in kernel.loops for a in loop.arrays]
    roms = [(m.array, len(m.values), m.width * m.values.shape[1], m.impl) for m in kernel.memories]
    return {
        "beats_in": [stream.beats for stream in op.streams_in()],
        "beats_out": [stream.beats for stream in op.streams_out()],
        "loops": [loop.function for loop in kernel.loops],
        "csim": "not run" if csim is None else "passed" if csim.passed else "failed",
        "trips_csim": csim.trips[node.name] if csim else None,
        "ii": _asked_ii(kernel.header),
        "memories": [
            {"name": name, "words": words, "bits": bits, "impl": impl} for name, words, bits, impl in (*roms, *arrays)
        ],
        "csynth": CSYNTH,
    }


@cache
def _asked_ii(header: str) -> int:
    """The largest II that a file of the library asks for."""
    return max(map(int, _II.findall((LIBRARY / f"sf_{header}.h").read_text())))


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
