"""Longest path and LUTs of popcounts with the registers that `_popcount.py` plans for a clock: after open synthesis.

`python benchmarks/popcounts.py [PE]` synthesises PE popcounts (8) on the same activations, registers before and behind:
for 125 MHz on a Zynq-7000, and for 250 MHz on UltraScale+, which is 150 of its. Beside the path stands the allowed one.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import sys
import tempfile
from pathlib import Path

from record import record

from finn_build.dataflow.ops._popcount import plan_popcount
from finn_build.dataflow.ops.finn_op import RTL_DIR
from finn_build.evaluate.area import netlist_area
from finn_build.evaluate.synthesis import Job, netlist_of
from finn_build.evaluate.timing.figures import figures
from finn_build.evaluate.timing.graph import TimingGraph, Wires
from finn_build.evaluate.timing.netlist import read_netlist
from finn_build.evaluate.timing.paths import worst_paths

_CASES = [(simd, planes) for planes, sizes in ((1, (32, 64, 96, 128)), (4, (16, 64))) for simd in sizes]
_CLOCKS = (125, 150)
_PER_NS = 800  # a fifth of the period stays as margin


def measure(simd: int, planes: int, registers: int, pe: int) -> tuple[float, int]:
    """Longest path in ns, and LUTs of one popcount."""
    bits, width = (simd * (2**planes - 1)).bit_length(), simd * planes
    counters = "\n".join(
        f"sf_mvau_signs #(.SIMD({simd}), .PLANES({planes}), .REGISTERS(16'd{registers})) s{p} (.clk, .en(en_q), "
        f".x(x_q), .w(w_q[{p * simd}+:{simd}]), .count_q(count[{p * bits}+:{bits}]));"
        for p in range(pe)
    )
    with tempfile.TemporaryDirectory() as name:
        top = Path(name) / "popcount.v"
        top.write_text(
            f"module popcount(input wire clk, en, input wire [{width - 1}:0] x, input wire [{simd * pe - 1}:0] w,\n"
            f"output wire [{bits * pe - 1}:0] count);\n"
            f"reg en_q; reg [{width - 1}:0] x_q; reg [{simd * pe - 1}:0] w_q;\n"
            "always @(posedge clk) begin en_q <= en; if (en_q) begin x_q <= x; w_q <= w; end end\n"
            f"{counters}\nendmodule\n"
        )
        module = netlist_of(Job("popcount", "xc7", [*sorted(RTL_DIR.glob("*/sf_*.sv")), top], Path(name)))
    graph = TimingGraph(read_netlist(module, "popcount"), figures("xc7"), Wires())
    return worst_paths(graph, 1)[0].ns, netlist_area(module)["lut"] // pe


def main() -> None:
    """Measure, print and write."""
    lanes = int(sys.argv[1]) if sys.argv[1:] else 8
    rows = []
    for mhz in _CLOCKS:
        for size, depth in _CASES:
            plan = plan_popcount(size, depth, _PER_NS / mhz)
            ns, lut = measure(size, depth, plan.mask, lanes)
            levels = ", ".join(map(str, plan.levels)) or "none"
            rows.append(
                (f"{size} of {depth}, {mhz} MHz", levels, f"{ns:.2f}", f"{_PER_NS / mhz:.2f}", lut, f"{plan.lut:.0f}")
            )
            print(*rows[-1], flush=True)
    head = ["lanes of bits, clock", "registers behind levels", "ns", "ns allowed", "LUT", "LUT, estimate"]
    record(__file__, ["pyosys"], head, rows, f"xc7, {lanes} popcounts on the same activations, LUTs of one.")


if __name__ == "__main__":
    main()
