import copy

import numpy as np
import pytest
from finn.transformation.fpgadataflow.convert_to_hw.binary_matrix_vector_activation import (
    InferBinaryMatrixVectorActivation,
)
from finn.transformation.fpgadataflow.minimize_accumulator_width import MinimizeAccumulatorWidth
from finn.transformation.streamline.round_thresholds import RoundAndClipThresholds
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.infer_datatypes import InferDataTypes

from finn_build.finn.guards.xnor_accumulator import WidenXnorAccumulator
from tests.finn.guards.graphs import IntegerGraph, run, same


def popcounts(mw: int, thresholds: np.ndarray | None) -> ModelWrapper:
    """x (0/1, [1, mw]) -> XNOR popcount with weights 0, 1, 0, ... [mw, 1] -> thresholds (optional)."""
    graph = IntegerGraph([1, mw], "BINARY", seed=mw)
    weights = graph._constant((np.arange(mw) % 2).reshape(mw, 1), "BINARY")
    out = graph.node("XnorPopcountMatMul", ["x", weights], domain="qonnx.custom_op.general")
    if thresholds is not None:
        steps = graph._constant(thresholds, "INT32")
        attributes = {"out_dtype": "BINARY", "data_layout": "NC"}
        out = graph.node("MultiThreshold", [out, steps], domain="qonnx.custom_op.general", **attributes)
    model = graph.model(out).transform(InferBinaryMatrixVectorActivation())
    return model.transform(InferDataTypes())


def matching(mw: int, count: int) -> np.ndarray:
    """Input that agrees with `count` of the weights."""
    return ((np.arange(mw) + (np.arange(mw) >= count)) % 2).reshape(1, mw).astype(np.float32)


def accumulator(model: ModelWrapper) -> DataType:
    return getCustomOp(model.get_nodes_by_op_type("MVAU")[0]).get_accumulator_datatype()


def test_finn_alone_is_too_narrow_and_clips_the_threshold() -> None:
    model = popcounts(9, np.array([[9.0]]))  # fires when all nine bits match
    narrow = copy.deepcopy(model).transform(MinimizeAccumulatorWidth())
    assert not accumulator(narrow).allowed(9)
    assert run(model, matching(9, 8))[0].item() == 0
    assert run(narrow.transform(RoundAndClipThresholds()), matching(9, 8))[0].item() == 1


@pytest.mark.parametrize("mw", [7, 8, 9, 15, 16, 72, 255, 256])
@pytest.mark.parametrize("with_thresholds", [False, True])
def test_holds_every_count_and_no_more(mw: int, with_thresholds: bool) -> None:
    model = popcounts(mw, np.array([[float(mw)]]) if with_thresholds else None)
    wide = copy.deepcopy(model).transform(MinimizeAccumulatorWidth()).transform(WidenXnorAccumulator())
    assert accumulator(wide).allowed(mw) and accumulator(wide).allowed(0)
    if with_thresholds:
        assert accumulator(wide).bitwidth() <= mw.bit_length() + 1
    else:
        assert wide.get_tensor_datatype(wide.graph.output[0].name).bitwidth() % 8 == 0
    wide = wide.transform(RoundAndClipThresholds())
    for count in range(mw + 1):
        assert same(wide, model, matching(mw, count))
