"""A depthwise convolution beside FINN's RTL VVU: LUTs a product at the same lanes, by the same Yosys; the interval.

    python benchmarks/depthwise.py [LANES ...]      3x3 over 28x28, 64 channels, 4-bit weights and activations

Ours is the whole op: window with its rows, weights, products, sums. FINN's is the VVU alone, `mvu_vvu_axi` of the
finn-plus wheel: its window and its weights are modules of their own. That one exists for DSP58 only, whose slices are
black boxes here, so that nothing inside them costs it a LUT. Where our rows or weights lie in block RAM, that is said.
"""

from __future__ import annotations

import usage  # isort: skip  # noqa: F401

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from record import record

SIDE, CHANNELS, BITS, KERNEL = 28, 64, 4, 3
ACC_BITS = 12
_FINN_FILES = ("mvu_pkg.sv", "add_multi.sv", "replay_buffer.sv", "mvu.sv", "mvu_vvu_8sx9_dsp58.sv", "mvu_vvu_axi.sv")
_INSTANCE = "DSP58_inst ("
_SLANG = "read_slang --ignore-initial --ignore-timing --ignore-assertions --empty-blackboxes"
_YOSYS = """
from pyosys import libyosys as ys
design = ys.Design()
for command in {commands!r}:
    ys.run_pass(command, design)
"""


def finn_cells(folder: Path, lanes: int) -> Counter[str]:
    """Cells of FINN's VVU with so many channels side by side, a place of the kernel a cycle."""
    found = find_spec("finn")
    assert found is not None and found.submodule_search_locations
    library = Path(found.submodule_search_locations[0]) / "finn-rtllib" / "mvu"
    files = []
    for name in _FINN_FILES:
        text = (library / name).read_text()
        text = re.sub(r"// synthesis translate_off.*?// synthesis translate_on", "", text, flags=re.S)
        text = re.sub(r"DSP58 #\(.*?\)\s*" + re.escape(_INSTANCE), f"DSP58 {_INSTANCE}", text, flags=re.S)
        (folder / name).write_text(text)
        files.append(str(folder / name))
    (folder / "DSP58.sv").write_text(_stub((library / "mvu_vvu_8sx9_dsp58.sv").read_text()))
    values = {
        "IS_MVU": 0, "VERSION": 3, "MW": KERNEL**2, "MH": CHANNELS, "PE": lanes, "SIMD": 1, "SEGMENTLEN": 1,
        "ACTIVATION_WIDTH": BITS, "WEIGHT_WIDTH": BITS, "ACCU_WIDTH": ACC_BITS, "SIGNED_ACTIVATIONS": 0,
    }  # fmt: skip
    parameters = " ".join(f"-G {name}={value}" for name, value in values.items())
    return _cells(
        folder, f"{_SLANG} --top mvu_vvu_axi {parameters} {folder / 'DSP58.sv'} {' '.join(files)}", "mvu_vvu_axi"
    )


def _stub(text: str) -> str:
    """An empty DSP58 with the ports by which FINN's core names them."""
    connected = re.findall(r"^\s*\.(\w+)\(", text[text.index(_INSTANCE) : text.index("endmodule :")], flags=re.M)
    outputs = {"PCOUT": 58, "P": 58}
    inputs = {"A": 34, "B": 24, "C": 58, "D": 27, "PCIN": 58, "ACIN": 34, "BCIN": 24, "OPMODE": 9, "INMODE": 5,
              "NEGATE": 3, "CARRYINSEL": 3, "ALUMODE": 4}  # fmt: skip
    ports = ", ".join(
        f"output [{outputs.get(n, 1) - 1}:0] {n}" if n in outputs or "OUT" in n or "FLOW" in n or "DETECT" in n
        else f"input [{inputs.get(n, 1) - 1}:0] {n}"
        for n in connected
    )  # fmt: skip
    return f"(* blackbox *) module DSP58 ({ports}); endmodule\n"


def _cells(folder: Path, read: str, top: str) -> Counter[str]:
    """Cells of a module after `synth_xilinx`."""
    out = folder / f"{top}.txt"
    synthesis = f"synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -top {top}"
    script = _YOSYS.format(commands=[read, synthesis, f"tee -q -o {out} stat -json"])
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    text = out.read_text()
    modules: dict[str, Any] = json.loads(text[text.index("{") :])["modules"]
    return Counter(next(iter(modules.values()))["num_cells_by_type"])


def ours(folder: Path, lanes: int) -> tuple[dict[str, int], int, int]:
    """Area of our op, its interval in rtlsim and the one it predicts, in cycles a frame."""
    from finn_build.finn.environment import prepare_finn

    prepare_finn(folder / ".finn")
    import numpy as np
    from qonnx.core.datatype import DataType

    from finn_build.evaluate.area import netlist_area
    from finn_build.evaluate.synthesis import Job, netlist_of
    from finn_build.rtl.stitch import stitch
    from tests.dataflow.ops.op_case import OpBench
    from tests.dataflow.ops.test_vvau import vvau

    case = vvau((SIDE, SIDE), channels=CHANNELS, pe=lanes, x=f"UINT{BITS}", weights=f"INT{BITS}")
    assert DataType[case.attributes["outputDataType"]].bitwidth() == ACC_BITS
    bench = OpBench("StreamVVAU_rtl", [case])
    (op,) = bench.ops
    frames = bench.values["StreamVVAU_rtl_0_in0"].reshape(-1, SIDE, SIDE, CHANNELS)
    sums = op.compute(frames, np.asarray(case.parameters[0][0]))
    bench.expected = lambda i: sums  # type: ignore[method-assign]
    design = stitch(bench.model, folder / "ours", top="side_by_side", connect=False)
    area = netlist_area(netlist_of(Job(op.onnx_node.name, "xc7", design.sources, design.mem_dir)))
    return area, bench.simulate(folder / "sim")[op.onnx_node.name].cycles, op.get_exp_cycles()


def main() -> int:
    """Measure and print; 1 where a product of ours takes more LUTs, or the interval is not the predicted one."""
    from finn_build.evaluate.area import to_area

    worse, rows = False, []
    print(
        "lanes  LUT a product: ours (all)  FINN's VVU alone   ours: LUT  FF  RAMB18  DSP48   cycles a frame, predicted"
    )
    for lanes in [int(word) for word in sys.argv[1:]] or [16, 64]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            area, cycles, predicted = ours(folder, lanes)
            theirs = finn_cells(folder, lanes)
        finn = to_area(theirs)
        print(
            f"{lanes:5}  {area['lut'] / lanes:25.2f}  {finn['lut'] / lanes:16.2f}   {area['lut']:9}  {area['ff']}  "
            f"{area['bram18']}  {area['dsp']}   {cycles}, {predicted}; FINN's FF {finn['ff']}, DSP58 {theirs['DSP58']}"
        )
        each = (f"{found['lut'] / lanes:.2f}" for found in (area, finn))
        rows.append((lanes, *each, area["lut"], area["ff"], area["bram18"], area["dsp"], finn["ff"], int(cycles)))
        worse |= area["lut"] / lanes > finn["lut"] / lanes or cycles != predicted
    head = ("lanes", "LUT a product, ours", "FINN's VVU alone", "LUT", "FF", "RAMB18", "DSP48", "FINN's FF", "cycles")
    record(__file__, ["pyosys", "finn-plus"], head, rows, "xc7; 3x3 over 28x28, 64 channels, 4 bits.", keep=True)
    return int(worse)


if __name__ == "__main__":
    sys.exit(main())
