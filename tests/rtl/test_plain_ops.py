"""Plain Verilog of ops with random parameters: the same hardware as the library's, word by word."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finn_build.rtl.plain import plain_design
from finn_build.rtl.stitch import stitch
from tests.dataflow.ops import test_bitconv, test_mvau, test_pool, test_swg, test_thresholding
from tests.dataflow.ops.op_case import OpBench
from tests.rtl.word_level import bits_by_kind

CASES = {
    "BitConv_rtl": test_bitconv.CASES,
    "BitMVAU_rtl": test_mvau.ONE_BIT,
    "StepThresholding_rtl": test_thresholding.CASES,
    "StreamPool_rtl": test_pool.CASES,
    "SWG_rtl": test_swg.CASES,
}


@pytest.mark.parametrize("kind", CASES)
def test_random_parameters(kind: str, tmp_path: Path) -> None:
    """Of a random case with other lanes, for another clock: registers, adders, memories to the bit, logic within 2%."""
    rng = np.random.default_rng(7)
    bench = OpBench(kind, CASES[kind])
    bench = OpBench(kind, [bench._refolded(int(rng.integers(len(bench.cases))))])
    design = stitch(bench.model, tmp_path / "plain", top="side_by_side", connect=False)
    shutil.copytree(design.mem_dir, tmp_path / "library")
    library = replace(
        design, sources=tuple(tmp_path / "library" / p.name for p in design.sources), mem_dir=tmp_path / "library"
    )
    name = bench.ops[0].onnx_node.name
    want, got = (bits_by_kind(d, name, tmp_path / f"bits{i}") for i, d in enumerate((library, plain_design(design))))
    logic = want.pop("logic", 0)
    assert abs(logic - got.pop("logic", 0)) <= max(2, 0.02 * logic), (want, got, logic)
    assert want == got
