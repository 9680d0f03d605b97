"""Plain Verilog of ops of every kind with random parameters: the same hardware as the library's."""

import importlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.evaluate.area import area_by_op
from finn_build.rtl.plain import plain_design
from finn_build.rtl.stitch import StitchedDesign, stitch
from tests.dataflow.ops.op_case import OpBench, OpCase
from tests.rtl.word_level import assert_same

OPS = Path(__file__).parents[1] / "dataflow" / "ops"


def _kind(stem: str) -> str:
    """The op that a module of ops holds."""
    module = importlib.import_module(f"finn_build.dataflow.ops.{stem}")
    (kind,) = (n for n, held in vars(module).items() if n.endswith("_rtl") and held.__module__ == module.__name__)
    return kind


STEMS = {_kind(stem): stem for stem in (path.stem.removeprefix("test_") for path in OPS.glob("test_*.py"))}
KINDS = sorted(STEMS)
SUMS = 11  # of VVAU's cases: sums that Yosys builds in LUTs behind DSP slices


def _case(kind: str, rng: np.random.Generator) -> OpCase:
    """A case with other lanes, for another clock: the smallest of three, so that synthesis takes seconds."""
    tests = importlib.import_module(f"tests.dataflow.ops.test_{STEMS[kind]}")
    bench = OpBench(kind, tests.ONE_BIT if kind == "BitMVAU_rtl" else tests.CASES)
    if kind == "StreamVVAU_rtl":
        return bench.cases[SUMS]
    drawn = [bench._refolded(int(i)) for i in rng.integers(len(bench.cases), size=3)]
    return min(drawn, key=lambda case: OpBench(kind, [case]).ops[0].resources().lut)


def _side_by_side() -> ModelWrapper:
    """A node of each kind, `<kind>_0`."""
    rng = np.random.default_rng(7)
    model, *others = (OpBench(kind, [_case(kind, rng)]).model for kind in KINDS)
    for other in others:
        for part in ("node", "input", "output", "initializer", "value_info", "quantization_annotation"):
            getattr(model.graph, part).extend(getattr(other.graph, part))
    return model


@pytest.fixture(scope="module")
def designs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StitchedDesign, StitchedDesign]]:
    """The plain form and the library's."""
    out = tmp_path_factory.mktemp("ops")
    design = stitch(_side_by_side(), out / "plain", top="side_by_side", connect=False)
    shutil.copytree(design.mem_dir, out / "library")
    sources = tuple(out / "library" / path.name for path in design.sources)
    yield plain_design(design), replace(design, sources=sources, mem_dir=out / "library")


def test_random_parameters(designs: tuple[StitchedDesign, StitchedDesign]) -> None:
    """Registers, adders, memories to the bit, at most 2% more logic."""
    assert_same(*designs, [f"{kind}_0" for kind in KINDS])


def test_ops_map_to_the_same_cells(designs: tuple[StitchedDesign, StitchedDesign]) -> None:
    """Carry chains begin with the operand that the library's begin with, a LUT a bit else; cells come in its order."""
    ops = ["StreamVVAU_rtl_0", "StreamWeigh_rtl_0"]
    plain, library = (area_by_op(design, ops, "xc7", lambda fraction: None) for design in designs)
    assert plain == library
