"""What the clock asked for changes: registers within popcounts, never values."""

from pathlib import Path

import numpy as np
import pytest
from qonnx.custom_op.registry import getCustomOp

from finn_build.config import load_board
from finn_build.dataflow.ops._popcount import plan_popcount
from finn_build.dataflow.passes.set_chip import SetChip
from finn_build.evaluate.timing.figures import figures
from tests.dataflow.passes.streams import execute, frame, lowered


def test_a_faster_clock_adds_registers_and_values_stay(tmp_path: Path) -> None:
    board = load_board("pynq-z2")
    latencies = []
    for clk_mhz in (50, 250):
        model = lowered(tmp_path, bits=1).transform(SetChip(board.at(clk_mhz), 1))
        units = [getCustomOp(n) for n in model.graph.node if n.op_type in ("BitMVAU_rtl", "BitConv_rtl")]
        for op in units:
            op.set_nodeattr("SIMD", op.attr("MW" if "MW" in op.own_attributes() else "IFMChannels"))
        assert units and all(op.path_ns == 800 / clk_mhz for op in units)
        latencies.append([op.fill_cycles() for op in units])
        assert np.array_equal(execute(model, frame()), execute(lowered(tmp_path, bits=1), frame()))
    assert all(slow <= fast for slow, fast in zip(*latencies, strict=True)) and latencies[0] != latencies[1]


def test_the_chip_counts(tmp_path: Path) -> None:
    chip = SetChip(load_board("zcu104"), figures("xcup").scale)
    (op, *_) = [getCustomOp(n) for n in lowered(tmp_path).transform(chip).graph.node]
    assert round(op.attr("clkMHz"), 3) == 100  # of a Zynq-7000: its paths take 1 / 0.6 as long
    assert (op.bram_price, op.attr("lutsPerDsp")) == (round(230400 / 624), round(230400 / 1728))
    assert load_board("pynq-z2").luts_per_bram18 == 190


@pytest.mark.parametrize(
    ("simd", "planes", "at_125", "at_150"),
    [
        (32, 1, (), (5,)),
        (64, 1, (6,), (5,)),
        (96, 1, (7,), (5,)),
        (128, 1, (6,), (5,)),
        (64, 4, (7,), (5,)),
        (256, 1, (7,), (5,)),
    ],
)
def test_registers_stand_where_synthesis_needs_them(
    simd: int, planes: int, at_125: tuple[int, ...], at_150: tuple[int, ...]
) -> None:
    plans = [plan_popcount(simd, planes, 800 / mhz) for mhz in (125, 150)]
    assert [plan.levels for plan in plans] == [at_125, at_150]
    assert all(plan.bits >= 2 * len(plan.levels) and plan.lut == plans[0].lut for plan in plans)
