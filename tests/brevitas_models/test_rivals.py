from typing import Any

import pytest
import torch
from brevitas.nn import QuantConv2d

from brevitas_models.rivals import RIVALS
from brevitas_models.zoo import build_model
from finn_build.errors import ConfigError
from tests.brevitas_models.nets import random_images

BINARY = ("reactnet_a", "birealnet18", "birealnet34")


@pytest.mark.parametrize("name", RIVALS)
def test_trains(name: str) -> None:
    torch.manual_seed(0)
    model = build_model(name, image_size=64, in_channels=3, num_classes=5).train()
    logits = model(torch.from_numpy(random_images((2, 3, 64, 64), seed=0)))
    assert logits.shape == (2, 5)
    logits.square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize("name", BINARY)
def test_real_weights_load_into_the_binary_network(name: str) -> None:
    binary = build_model(name, image_size=32)
    binary.load_state_dict(build_model(name, image_size=32, weight_bits=32).state_dict())
    units = [module for module in binary.modules() if isinstance(module, QuantConv2d)]
    assert all(unit.quant_weight().value.abs().unique().tolist() == [1.0] for unit in units)
    assert len(units) == {"reactnet_a": 13 + 18, "birealnet18": 16, "birealnet34": 32}[name]


def test_strides_drop_an_odd_row_as_the_pools_do() -> None:
    shapes = []
    model = build_model("birealnet18", image_size=72).eval()
    model.features.register_forward_hook(lambda _m, _x, y: shapes.append(y.shape[2:]))
    model(torch.zeros(1, 1, 72, 72))
    assert shapes == [(2, 2)]  # 72, 36, 18, 9, then 4 and 2; strides that round up would end at 3


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("resnet18", {"image_size": 31}, "ResNet: image_size=31 is below 32, its smallest"),
        ("mobilenet_v2", {"weight_bits": 1}, "MobileNetV2: weight_bits=1 is not legal; choose 32"),
        ("reactnet_a", {"act_bits": 2}, "ReActNetA: act_bits=2 is not legal; choose 1 or 32"),
        ("resnet34", {"blocks": (3, 4)}, "blocks=(3, 4) is not legal; give four numbers from 1 on, as in (2, 2, 2, 2)"),
    ],
)
def test_illegal_fields_are_named(name: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_model(name, **fields)
    assert str(caught.value) == message
