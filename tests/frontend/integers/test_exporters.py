"""How Brevitas' exporters put one network, by opset, exporter and batch: built exactly."""

from pathlib import Path
from typing import Any

import pytest
import torch
from brevitas.nn import QuantReLU, QuantSigmoid
from brevitas.quant import Uint8ActPerTensorFixedPoint
from brevitas_examples.bnn_pynq.models.FC import FC
from torch import Tensor, nn
from torch.nn import functional as F

from tests.frontend.integers.brevitas_styles import Styles, check, conv, imported, shuffled, signed


@pytest.mark.parametrize("quantizer", [QuantReLU, QuantSigmoid])
@pytest.mark.parametrize("place", ["image", "inside"])
def test_one_bit_that_is_exported_as_another_network_is_refused(tmp_path: Path, quantizer: type, place: str) -> None:
    """0 and 1 in PyTorch, +1 alone in the file."""
    one_bit = quantizer(Uint8ActPerTensorFixedPoint, bit_width=1)
    layers = [one_bit, conv(3, 4, 1)] if place == "image" else [signed(8), conv(3, 4, 1), one_bit]
    model = nn.Sequential(*layers, signed(), conv(4, 2, 1))
    _, network = imported(model, torch.rand((3, 3, 8, 8)), tmp_path / "net.onnx")
    assert "a BipolarQuant of what is never negative" in str(network.problems[0])


@pytest.mark.parametrize(
    "options",
    [
        {"opset_version": 11}, {"opset_version": 13}, {"opset_version": 18}, {"dynamo": True}, {"batch": 4},
        {"keep_initializers_as_inputs": True}, {"input_names": ["x"], "dynamic_axes": {"x": {0: "N"}}},
    ],
    ids=str,
)  # fmt: skip
def test_exporters(tmp_path: Path, options: dict[str, Any]) -> None:
    model = Styles(lambda m, x: m.dense(m.q(F.adaptive_avg_pool2d(x, 1)).view(x.shape[0], -1)))
    check(model, (3, 8, 8), tmp_path / "net.onnx", **options)


@pytest.mark.parametrize(
    "options", [{"opset_version": 11}, {"opset_version": 13}, {"opset_version": 18}, {"dynamo": True}]
)
def test_exporters_of_channel_moves(tmp_path: Path, options: dict[str, Any]) -> None:
    def tail(m: nn.Module, x: Tensor) -> Tensor:
        a, b = m.q(x).split((2, 4), 1)
        return m.one(shuffled(torch.cat((b, a[:, 1:], m.q(x)[:, ::6]), 1), 3))

    check(Styles(tail), (3, 8, 8), tmp_path / "net.onnx", **options)


@pytest.mark.parametrize(("weights", "activations", "pixels"), [(1, 1, 1), (1, 2, 8), (2, 2, 2)])
def test_brevitas_own_dense_networks(tmp_path: Path, weights: int, activations: int, pixels: int) -> None:
    """TFC of brevitas_examples: the host flattens the image."""
    torch.manual_seed(1)
    model = FC(10, weights, activations, pixels, 1, [64, 64, 64])
    del model.features[-1]  # TensorNorm: PyTorch's x ** 0.5 is not the nearest float
    check(model, (1, 28, 28), tmp_path / "fc.onnx")
