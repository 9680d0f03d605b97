from pathlib import Path

import pytest
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.passes.set_folding import SetFolding, unfolded_cycles
from finn_build.errors import ConfigError
from tests.dataflow.passes.streams import lowered


@pytest.mark.parametrize("target", [900, 2000, 5000, 100_000])
def test_every_op_meets_the_target_with_as_few_lanes_as_that_takes(tmp_path: Path, target: int) -> None:
    model = lowered(tmp_path).transform(SetFolding(target))
    for node in model.graph.node:
        op = getCustomOp(node)
        assert op.get_exp_cycles() <= target, node.name
        if node.op_type == "StepThresholding_rtl" and op.attr("PE") > 1:
            op.set_nodeattr("PE", op.attr("PE") // 2 if op.attr("PE") % 2 == 0 else 1)
            assert getCustomOp(node).get_exp_cycles() > target, f"{node.name} has more lanes than it needs"


def test_a_window_follows_its_mvau(tmp_path: Path) -> None:
    model = lowered(tmp_path).transform(SetFolding(0))
    for node in model.get_nodes_by_op_type("SWG_rtl"):
        reader = model.find_consumers(node.output[0])[0]
        assert (
            getCustomOp(node).attr("SIMD") == getCustomOp(reader).attr("SIMD") == getCustomOp(node).attr("IFMChannels")
        )


def test_the_bound_is_the_slowest_op_with_all_lanes(tmp_path: Path) -> None:
    assert unfolded_cycles(lowered(tmp_path)) == 11 * 9 * 9  # the first window: one channel, so one lane


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"MVAU_1": {"PE": 4}}, "folding: MVAU_1: PE=4 does not divide MH=6; nearest legal: 3, 6"),
        ({"MVAU_1": {"SIMD": 4}}, "folding: MVAU_1: SIMD=4 does not divide IFMChannels=6; nearest legal: 3, 6"),
        ({"MVAU_1": {"LANES": 4}}, "folding: MVAU_1 has no LANES; legal: PE, SIMD"),
        ({"Add_0": {"SIMD": 2}}, "folding: Add_0 has no SIMD; legal: PE"),
        ({"MVAU_9": {"PE": 1}}, "folding: no op is called MVAU_9; legal: SWG_0, MVAU_0, "),
    ],
)
def test_impossible_overrides_name_op_size_and_what_is_legal(tmp_path: Path, overrides: dict, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        lowered(tmp_path).transform(SetFolding(1000, overrides))
    assert str(error.value).startswith(message)
