import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from brevitas.export.onnx.qonnx.manager import QONNXManager
from brevitas.nn import QuantConv2d
from brevitas.quant import Int8AccumulatorAwareWeightQuant, Int8WeightPerTensorFixedPoint
from qonnx.core.modelwrapper import ModelWrapper
from torch import Tensor, nn

from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer
from brevitas_models.networks.zoo import DEFAULT_MODEL, build_model, load_checkpoint, pretrained_path
from finn_build.errors import DataError, UnsupportedModelError
from finn_build.frontend.export import MODEL_KEY, export_qonnx, read_taps, torch_taps
from tests.brevitas_models.nets import random_images, randomize
from tests.frontend.executor import execute

SMALL = {"image_size": 16, "channels": (5, 6), "blocks": (1, 1), "residual_bits": 5}
GRID = list(product((1, 2, 4, 8), (True, False), ("rprelu", "rsilu", "relu", "hardtanh")))


def assert_taps_equal(model: nn.Module, path: Path, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Every tap of the exported file in QONNX equals PyTorch's; returns PyTorch's."""
    export_qonnx(model, path, shape)
    images = random_images(shape, seed=11)
    expected = torch_taps(model, images, read_taps(path))
    actual = execute(ModelWrapper(str(path), fix_missing_initializer_valueinfo=False), {"images": images})
    for tensor, value in expected.items():
        assert np.array_equal(actual[tensor], value), tensor
    return expected


@pytest.mark.parametrize(("bits", "signed", "name"), GRID)
def test_every_tap_of_qonnx_equals_pytorch(bits: int, signed: bool, name: str, tmp_path: Path) -> None:
    torch.manual_seed(bits)
    model = build_model("binary_rescnn_w1a1", act_bits=bits, act_signed=signed, activation=name, **SMALL)
    taps = assert_taps_equal(randomize(model, seed=bits), tmp_path / "net.onnx", (2, 1, 16, 16))
    assert len(taps) == 1 + 2 * 2 + 2 + 2 + 1
    assert sum(len(np.unique(value)) > 1 for value in taps.values()) > len(taps) // 2
    assert len(np.unique(taps["logits"])) > 1


@pytest.mark.parametrize("bits", [1, 2])
def test_cnv_taps_are_equal(bits: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = randomize(build_model(f"cnv_w1a{bits}", width=4), seed=0)
    assert len(assert_taps_equal(model, tmp_path / "cnv.onnx", (1, 3, 32, 32))) == 1 + 6 + 2 + 1


def test_taps_of_the_shipped_network_are_equal(tmp_path: Path) -> None:
    model, _, meta = load_checkpoint(pretrained_path())
    assert_taps_equal(model, tmp_path / "net.onnx", (1, 1, 64, 64))
    described = ModelWrapper(str(tmp_path / "net.onnx")).get_metadata_prop(MODEL_KEY)
    assert json.loads(described) == {"name": DEFAULT_MODEL, "classes": list(meta.classes)}


def test_a_network_whose_export_failed_runs_and_can_be_exported(tmp_path: Path) -> None:
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.attends = build_model("binary_rescnn_w1a4", **SMALL), True

        def forward(self, x: Tensor) -> Tensor:
            y = self.body(x)
            return nn.functional.scaled_dot_product_attention(y, y, y) if self.attends else y

    torch.manual_seed(0)
    model = Attending().train()
    with pytest.raises(UnsupportedModelError, match="scaled_dot_product_attention"):
        export_qonnx(model, tmp_path / "net.onnx", (1, 1, 16, 16))
    assert model.training
    model.attends = False
    assert_taps_equal(model.eval(), tmp_path / "net.onnx", (1, 1, 16, 16))


def test_logits_are_integers_on_a_power_of_two(tmp_path: Path) -> None:
    torch.manual_seed(0)
    for name, shape in (("binary_rescnn_w1a1", (3, 1, 64, 64)), ("cnv_w1a2", (3, 3, 32, 32))):
        model = randomize(build_model(name), seed=0)
        logits = model(torch.from_numpy(random_images(shape, seed=0)))
        scaled = logits.detach() * 2.0**20
        assert torch.equal(scaled, scaled.round())


def test_file_holds_integer_weights_scales_of_powers_of_two_and_one_input(tmp_path: Path) -> None:
    model = build_model("binary_rescnn_w1a4", **SMALL)
    graph = ModelWrapper(str(export_qonnx(model, tmp_path / "net.onnx", (1, 1, 16, 16)))).graph
    wrapper = ModelWrapper(str(tmp_path / "net.onnx"))
    assert [value.name for value in graph.input] == ["images"]
    quants = [node for node in graph.node if node.op_type in ("Quant", "BipolarQuant")]
    assert len(quants) == 10 + 5 - 1
    for node in quants:
        scale = wrapper.get_initializer(node.input[1]).item()
        assert scale > 0 and np.frexp(scale)[0] == 0.5, node.name
        if node.op_type == "Quant":
            assert wrapper.get_initializer(node.input[2]).item() == 0.0
    kinds = {node.op_type for node in graph.node}
    assert kinds == {"Quant", "BipolarQuant", "Conv", "MaxPool", "Mul", "Add", "Sub", "PRelu", "Flatten",
                     "Transpose", "MatMul"}  # fmt: skip
    assert all(wrapper.get_tensor_shape(node.output[0]) for node in graph.node)


def test_unsigned_one_bit_stays_a_quant(tmp_path: Path) -> None:
    model = nn.Sequential(pixel_quantizer(), act_quantizer(1, signed=False), act_quantizer(1, signed=True))
    graph = ModelWrapper(str(export_qonnx(model, tmp_path / "net.onnx", (1, 1, 4, 4)))).graph
    assert [node.op_type for node in graph.node] == ["Quant", "Quant", "BipolarQuant"]


def test_unsigned_one_bit_stays_a_quant_after_brevitas_own_export(tmp_path: Path) -> None:
    model = nn.Sequential(act_quantizer(1, signed=False)).eval()
    own = QONNXManager.export(model, args=torch.zeros(1, 4), dynamo=False)
    assert [node.op_type for node in own.graph.node if "Quant" in node.op_type] == ["BipolarQuant"]
    graph = ModelWrapper(str(export_qonnx(model, tmp_path / "net.onnx", (1, 4)))).graph
    assert [node.op_type for node in graph.node] == ["Quant"]


@pytest.mark.parametrize(
    ("quantizer", "text"),
    [
        (Int8WeightPerTensorFixedPoint, "1: integer weights of 1 bit are 0 here"),
        (Int8AccumulatorAwareWeightQuant, r"1: accumulator-aware weights \(A2Q\)"),
    ],
)
def test_weights_that_a_file_would_not_hold_are_refused(quantizer: type, text: str, tmp_path: Path) -> None:
    convolution = QuantConv2d(1, 2, 3, bias=False, weight_quant=quantizer, weight_bit_width=1)
    with pytest.raises(UnsupportedModelError, match=text):
        export_qonnx(nn.Sequential(pixel_quantizer(), convolution), tmp_path / "net.onnx", (1, 1, 4, 4))


def test_shared_quantizer_is_tapped_once_per_call(tmp_path: Path) -> None:
    model = build_model("binary_rescnn_w1a1", **SMALL)
    taps = read_taps(export_qonnx(model, tmp_path / "net.onnx", (1, 1, 16, 16)))
    calls = [call for path, call in taps.values() if path == "stages.0.residual"]
    assert calls == [0, 1]
    assert list(taps)[-1] == "logits" and taps["logits"] == ("", 0)


def test_taps_without_a_file_are_the_same() -> None:
    model = randomize(build_model("binary_rescnn_w1a1", **SMALL), seed=2)
    images = random_images((1, 1, 16, 16), seed=2)
    taps = torch_taps(model, images)
    assert np.array_equal(taps["logits"], model(torch.from_numpy(images)).detach().numpy())


def test_export_is_reproducible_and_leaves_the_model_alone(tmp_path: Path) -> None:
    model = build_model("binary_rescnn_w1a1", **SMALL).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    first = export_qonnx(model, tmp_path / "a.onnx", (1, 1, 16, 16)).read_bytes()
    assert export_qonnx(model, tmp_path / "b.onnx", (1, 1, 16, 16)).read_bytes() == first
    assert model.training
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.onnx", "b.onnx"]


def test_name_and_classes_are_recorded(tmp_path: Path) -> None:
    model = build_model("binary_rescnn_w1a1", **SMALL)
    model.classes = tuple("abcdef")
    wrapper = ModelWrapper(str(export_qonnx(model, tmp_path / "net.onnx", (1, 1, 16, 16))))
    assert json.loads(wrapper.get_metadata_prop(MODEL_KEY)) == {"name": "binary_rescnn_w1a1", "classes": list("abcdef")}


def test_unused_quantizer_is_an_error(tmp_path: Path) -> None:
    class Unused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = act_quantizer(4), act_quantizer(2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.second(x)
            return self.first(x)

    with pytest.raises(UnsupportedModelError, match="2 activation quantizer calls, 1 in the graph"):
        export_qonnx(Unused(), tmp_path / "net.onnx", (1, 1, 4, 4))
    assert not list(tmp_path.iterdir())


def test_taps_of_another_network_are_an_error(tmp_path: Path) -> None:
    taps = read_taps(export_qonnx(nn.Sequential(act_quantizer(4)), tmp_path / "net.onnx", (1, 1, 4, 4)))
    with pytest.raises(UnsupportedModelError, match="exported from another network"):
        torch_taps(nn.Sequential(act_quantizer(4), act_quantizer(4)), random_images((1, 1, 4, 4), 0), taps)


def test_file_without_taps_is_an_error(tmp_path: Path) -> None:
    torch.onnx.export(nn.ReLU(), (torch.zeros(1),), str(tmp_path / "net.onnx"), dynamo=False)
    with pytest.raises(DataError, match=r"net\.onnx: no 'signflow\.taps' in its metadata"):
        read_taps(tmp_path / "net.onnx")
