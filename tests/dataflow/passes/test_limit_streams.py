"""A back end's widest stream bounds the lanes that are chosen, of every op, and is no reason to choose fewer."""

from pathlib import Path

import pytest
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.passes.fuse_conv_units import FuseConvUnits
from finn_build.dataflow.passes.limit_streams import LimitStreams
from finn_build.dataflow.passes.set_folding import SetFolding
from finn_build.dataflow.passes.widen_windows import WidenWindows
from tests.dataflow.passes.streams import lowered

BITS = 64


def _widest(model: ModelWrapper, target: int = 0) -> dict[str, int]:
    folded = model.transform(WidenWindows(target)).transform(SetFolding(target))
    return {node.name: getCustomOp(node).widest_stream() for node in folded.graph.node}


@pytest.mark.parametrize("fuse", [False, True], ids=["ops", "units"])
def test_unfolded_streams_keep_to_it(tmp_path: Path, fuse: bool) -> None:
    def model() -> ModelWrapper:
        plain = lowered(tmp_path, bits=1)
        return plain.transform(FuseConvUnits()) if fuse else plain

    free, limited = _widest(model()), _widest(model().transform(LimitStreams(BITS)))
    assert {name for name, bits in free.items() if bits > BITS} and max(limited.values()) <= BITS
    assert max(limited.values()) > BITS // 2
    assert _widest(model().transform(LimitStreams(max(free.values())))) == free


def test_a_limit_that_no_lane_keeps_to_is_left_for_the_back_end_to_name(tmp_path: Path) -> None:
    assert max(_widest(lowered(tmp_path).transform(LimitStreams(2))).values()) > 2
