"""Synthesis by Yosys, where it would end in an error of its own."""

from collections import Counter
from pathlib import Path

import pytest

from finn_build.errors import SimulationError
from finn_build.evaluate.area import netlist_area
from finn_build.evaluate.synthesis import Job, netlist_of
from finn_build.rtl.stitch import stitch
from tests.dataflow.ops.op_case import OpBench
from tests.dataflow.ops.test_depthtospace import depth_to_space


def test_memories_of_one_address_in_ultrascales_luts(tmp_path: Path) -> None:
    """Beyond 256 words Yosys 0.70 lists a memory, and then has no cell for it."""
    bench = OpBench("DepthToSpace_rtl", [depth_to_space((2, 128), channels=2, dtype="UINT3", ram_style="distributed")])
    design = stitch(bench.model, tmp_path, top="side_by_side", connect=False)
    module = netlist_of(Job(bench.ops[0].onnx_node.name, "xcup", design.sources, design.mem_dir))
    kinds = Counter(cell["type"] for cell in module["cells"].values())
    assert kinds["RAM512X1S"] == 3  # 512 words of 3 bits
    assert netlist_area(module)["lut"] > 3 * 8


def test_what_yosys_does_not_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "op.sv").write_text("module op(input a; endmodule\n")
    with pytest.raises(SimulationError, match="Yosys failed on op:"):
        netlist_of(Job("op", "xcup", [tmp_path / "op.sv"], tmp_path))
