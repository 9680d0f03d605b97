import pytest
import torch

from finn_build.dataflow.ops.base import DOMAIN
from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks


def label(labels: int, pe: int, dtype: str) -> OpCase:
    attributes = {"Labels": labels, "PE": pe, "K": 1, "inputDataType": dtype, "numInputVectors": [1, 7]}
    return OpCase(attributes, lambda x: torch.from_numpy(x).argmax(-1, keepdim=True).numpy())


CASES = [
    *(label(6, pe, "INT8") for pe in (1, 2, 3, 6)),
    *(label(10, 5, dtype) for dtype in ("BIPOLAR", "BINARY", "UINT2", "INT2")),  # narrow types: equal maxima
    label(1, 1, "INT4"),
    label(7, 1, "UINT8"),
    label(100, 4, "INT16"),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("LabelSelect_rtl", CASES)


class TestLabelSelect(OpChecks):
    pass


def test_finn_finds_the_rtl_for_its_own_base_op() -> None:
    """FINN's SpecializeLayers turns its LabelSelect, which it has in HLS only, into ours."""
    from finn.transformation.fpgadataflow.specialize_layers import SpecializeLayers
    from onnx import TensorProto, helper
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.util.basic import qonnx_make_model

    node = helper.make_node(
        "LabelSelect", ["x"], ["y"], name="LabelSelect_0", domain="finn.custom_op.fpgadataflow", backend="fpgadataflow",
        Labels=10, PE=2, K=1, inputDataType="INT8", outputDataType="UINT4", numInputVectors=[1],
    )  # fmt: skip
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [1, 10]), ("y", [1, 1])))
    model = ModelWrapper(qonnx_make_model(helper.make_graph([node], "g", [x], [y])))
    found = model.transform(SpecializeLayers("xc7z020clg400-1")).graph.node[0]
    assert (found.op_type, found.domain) == ("LabelSelect_rtl", DOMAIN)
