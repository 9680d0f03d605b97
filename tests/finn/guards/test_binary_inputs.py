import copy
from pathlib import Path

import pytest
from finn.transformation.fpgadataflow.convert_to_hw.quantized_matrix_vector_activation import (
    InferQuantizedMatrixVectorActivation,
)
from finn.transformation.fpgadataflow.convert_to_hw.thresholding import InferThresholdingLayer
from finn.transformation.fpgadataflow.prepare_ip import PrepareIP
from finn.transformation.fpgadataflow.specialize_layers import SpecializeLayers
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.finn.environment import prepare_finn
from finn_build.finn.guards.binary_inputs import WidenBinaryInputs
from tests.finn.guards.graphs import IntegerGraph, same

PART = "xc7z020clg400-1"


def hardware(model: ModelWrapper) -> ModelWrapper:
    model = copy.deepcopy(model).transform(InferQuantizedMatrixVectorActivation())
    return model.transform(InferThresholdingLayer()).transform(SpecializeLayers(PART))


def test_finn_alone_refuses_to_write_the_code() -> None:
    graph = IntegerGraph([1, 6], "BINARY", seed=0)
    with pytest.raises(Exception, match=r"True binary .* not yet supported"):
        hardware(graph.model(graph.dense("x", 6, 4))).transform(PrepareIP(PART, 10.0))


@pytest.mark.parametrize("from_steps", [True, False])
def test_code_is_written(from_steps: bool, tmp_path: Path) -> None:
    prepare_finn(tmp_path)
    graph = IntegerGraph([1, 6], "INT4" if from_steps else "BINARY", seed=1)
    bits = graph.steps("x", 6, "BINARY", 5, "NC") if from_steps else "x"
    model = graph.model(graph.dense(bits, 6, 4))
    wide = copy.deepcopy(model).transform(WidenBinaryInputs())
    assert wide.get_tensor_datatype(bits) == DataType["UINT2"]
    assert same(wide, model, graph.sample())
    hardware(wide).transform(PrepareIP(PART, 10.0))
    assert len(list(tmp_path.glob("code_gen_ipgen_MVAU*"))) == 1
