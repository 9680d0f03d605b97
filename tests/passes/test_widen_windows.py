from pathlib import Path

import numpy as np
import pytest
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.passes.set_folding import SetFolding, unfolded_cycles
from finn_build.passes.widen_windows import WidenWindows
from tests.passes.streams import SHAPE, execute, frame, lowered

PIXELS = SHAPE[2] * SHAPE[3]
FASTEST = 9 * PIXELS  # of a padded 3 x 3 window that reads place by place


def windows(model: ModelWrapper) -> list[str]:
    return [n.op_type for n in model.graph.node if n.op_type in ("SWG_rtl", "WideSWG_rtl")]


def test_windows_that_are_too_slow_become_wide_and_values_stay(tmp_path: Path) -> None:
    before = lowered(tmp_path)
    after = lowered(tmp_path).transform(WidenWindows(FASTEST - 1))
    assert "WideSWG_rtl" not in windows(before)
    too_slow = [
        n.name
        for n in before.get_nodes_by_op_type("SWG_rtl")
        if np.prod(getCustomOp(n).window.windows) * np.prod(getCustomOp(n).window.kernel) >= FASTEST
    ]
    assert len(too_slow) > 1
    for old, new in zip(before.graph.node, after.graph.node, strict=True):
        assert (old.name, list(old.input), list(old.output)) == (new.name, list(new.input), list(new.output))
        assert old.op_type == new.op_type or new.op_type == "WideSWG_rtl"
    assert [n.name for n in after.get_nodes_by_op_type("WideSWG_rtl")] == too_slow
    assert np.array_equal(execute(before, frame()), execute(after, frame()))
    assert unfolded_cycles(after) < unfolded_cycles(before) == FASTEST


def test_windows_that_are_fast_enough_and_cheaper_stay(tmp_path: Path) -> None:
    after = lowered(tmp_path).transform(WidenWindows(100_000))
    assert windows(after) == windows(lowered(tmp_path))


def test_padded_bipolar_windows_stay(tmp_path: Path) -> None:
    after = lowered(tmp_path, bits=1).transform(WidenWindows(1))
    for node in after.graph.node:
        if node.op_type == "SWG_rtl":
            assert getCustomOp(node).attr("inputDataType") == "BIPOLAR" and any(getCustomOp(node).attr("Padding"))
    assert "WideSWG_rtl" in windows(after)


@pytest.mark.parametrize("cycles", [2, 3, 6])
def test_the_mvau_takes_lanes_for_a_whole_window_and_the_window_learns_its_pace(tmp_path: Path, cycles: int) -> None:
    target = cycles * PIXELS
    model = lowered(tmp_path).transform(WidenWindows(target)).transform(SetFolding(target))
    window = model.graph.node[0]
    mvau = getCustomOp(model.find_consumers(window.output[0])[0])
    assert window.op_type == "WideSWG_rtl"
    assert mvau.get_exp_cycles() == getCustomOp(window).attr("WindowCycles") * PIXELS <= target


def test_without_need_only_the_first_window_may_change(tmp_path: Path) -> None:
    before = lowered(tmp_path)
    after = lowered(tmp_path).transform(WidenWindows(FASTEST))
    assert windows(after)[1:] == windows(before)[1:]
