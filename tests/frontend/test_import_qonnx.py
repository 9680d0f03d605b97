from pathlib import Path

import numpy as np
import pytest
import torch
from brevitas.nn import QuantIdentity, QuantLinear
from brevitas.quant import Int8WeightPerTensorFixedPoint
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from torch import nn

from finn_build.errors import UnsupportedModelError
from finn_build.frontend.import_qonnx import import_qonnx
from tests.builds.networks import plain_export


def _dense_with_bias() -> nn.Module:
    torch.manual_seed(0)
    dense = QuantLinear(6, 4, bias=True, weight_quant=Int8WeightPerTensorFixedPoint)
    return nn.Sequential(QuantIdentity(bit_width=4), dense).eval()


def test_biases_become_adds_and_values_stay(tmp_path: Path) -> None:
    path = plain_export(_dense_with_bias(), tmp_path / "net.onnx", (1, 6))
    before, after = ModelWrapper(str(path)), import_qonnx(path)
    assert all(len(n.input) == 2 for n in after.graph.node if n.op_type in ("Gemm", "MatMul", "Conv"))
    x = {after.graph.input[0].name: np.random.default_rng(0).normal(size=(1, 6)).astype(np.float32)}
    (wanted,), (got,) = execute_onnx(before, x).values(), execute_onnx(after, x).values()
    assert np.array_equal(wanted, got)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "the graph is empty"), (b"\x07garbage", "not a readable ONNX file"), (None, "no such file")],
)
def test_files_that_are_no_network(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "bad.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnsupportedModelError) as error:
        import_qonnx(path)
    assert str(error.value).startswith(f"{path}: ") and message in str(error.value) and "\n" not in str(error.value)
