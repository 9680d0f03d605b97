from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.ops.wideswg import WideSWG_rtl
from finn_build.dataflow.passes.set_folding import SetFolding
from finn_build.dataflow.passes.widen_windows import WidenWindows
from finn_build.dataflow.stream import Resources
from tests.dataflow.passes.streams import SHAPE, execute, frame, lowered

PIXELS = SHAPE[2] * SHAPE[3]
FASTEST = 9 * PIXELS  # of a padded 3 x 3 window that reads place by place


def windows(model: ModelWrapper) -> list[str]:
    return [n.op_type for n in model.graph.node if n.op_type in ("SWG_rtl", "WideSWG_rtl")]


def test_a_first_window_that_is_too_slow_becomes_wide_and_values_stay(tmp_path: Path) -> None:
    before = lowered(tmp_path)
    after = lowered(tmp_path).transform(WidenWindows(FASTEST - 1))
    for old, new in zip(before.graph.node, after.graph.node, strict=True):
        assert (old.name, list(old.input), list(old.output)) == (new.name, list(new.input), list(new.output))
    assert windows(before) == ["SWG_rtl"] * len(windows(before))
    assert windows(after) == ["WideSWG_rtl"] + ["SWG_rtl"] * (len(windows(before)) - 1)
    assert np.array_equal(execute(before, frame()), execute(after, frame()))


def test_a_window_that_is_fast_enough_and_cheaper_stays(tmp_path: Path) -> None:
    after = lowered(tmp_path).transform(WidenWindows(100_000))
    assert windows(after) == windows(lowered(tmp_path))


def test_a_wide_window_that_is_cheaper_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WideSWG_rtl, "resources", lambda _: Resources())
    after = lowered(tmp_path).transform(WidenWindows(100_000))
    assert windows(after)[0] == "WideSWG_rtl"


def test_padded_bipolar_windows_stay(tmp_path: Path) -> None:
    model = lowered(tmp_path)
    getCustomOp(model.graph.node[0]).set_nodeattr("inputDataType", "BIPOLAR")
    assert "WideSWG_rtl" not in windows(model.transform(WidenWindows(1)))


def test_a_window_is_weighed_with_what_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weighed: list[list[str]] = []

    def area(_: WidenWindows, nodes: list[NodeProto]) -> float:
        weighed.append([node.op_type for node in nodes])
        return 0.0

    monkeypatch.setattr(WidenWindows, "_area", area)
    lowered(tmp_path).transform(WidenWindows(100_000))
    assert weighed[:2] == [["WideSWG_rtl", "BitMVAU_rtl"], ["SWG_rtl", "BitMVAU_rtl"]]


@pytest.mark.parametrize("stride", [[1, 1], [2, 2]])
def test_a_window_that_would_be_no_faster_stays(tmp_path: Path, stride: list[int]) -> None:
    model = lowered(tmp_path)
    for name, value in (("KernelDim", [1, 1]), ("Stride", stride), ("Padding", [0, 0, 0, 0])):
        getCustomOp(model.graph.node[0]).set_nodeattr(name, value)
    assert "WideSWG_rtl" not in windows(model.transform(WidenWindows(1)))


@pytest.mark.parametrize("cycles", [2, 3, 6])
def test_the_mvau_takes_lanes_for_a_whole_window_and_the_window_learns_its_pace(tmp_path: Path, cycles: int) -> None:
    target = cycles * PIXELS
    model = lowered(tmp_path).transform(WidenWindows(target)).transform(SetFolding(target))
    window = model.graph.node[0]
    mvau = getCustomOp(model.find_consumers(window.output[0])[0])
    assert window.op_type == "WideSWG_rtl"
    assert mvau.get_exp_cycles() == getCustomOp(window).attr("WindowCycles") * PIXELS <= target
