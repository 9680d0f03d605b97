from pathlib import Path
from typing import Any

import pytest
import torch
from brevitas.nn import QuantConv2d
from torchvision.models import get_model, get_model_weights

from brevitas_models.networks.rivals import RIVALS
from brevitas_models.networks.zoo import build_model
from finn_build.errors import ConfigError, DataError
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
    units = [m for m in binary.modules() if isinstance(m, QuantConv2d) and m.weight_quant.is_quant_enabled]
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
        ("resnet18", {"image_size": 31}, "resnet18: image_size=31 is below 32, its smallest"),
        ("mobilenet_v2", {"weight_bits": 1}, "mobilenet_v2: weight_bits=1 is not legal; choose 32"),
        ("reactnet_a", {"act_bits": 2}, "reactnet_a: act_bits=2 is not legal; choose 1 or 32"),
        (
            "birealnet34",
            {"blocks": (3,)},
            "birealnet34: blocks=(3,) is not legal; give four numbers from 1 on, as in (2, 2, 2, 2)",
        ),
    ],
)
def test_illegal_fields_are_named(name: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_model(name, **fields)
    assert str(caught.value) == message


@pytest.mark.parametrize("channels", [1, 3])
def test_imagenet_weights_are_taken_from_the_cache(
    channels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every weight but the classifier's; a grey image gives what it would give as R = G = B."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    model = build_model("shufflenet_v2_x0_5", in_channels=channels, image_size=32)
    url = get_model_weights("shufflenet_v2_x0_5").DEFAULT.url
    torch.manual_seed(1)
    library = get_model("shufflenet_v2_x0_5")
    (tmp_path / "checkpoints").mkdir()
    torch.save(library.state_dict(), tmp_path / "checkpoints" / Path(url).name)
    model.load_imagenet()
    image = torch.rand(1, 1, 32, 32)
    library.fc = model.net.fc
    grey_as_rgb = library.eval()(image.expand(-1, 3, -1, -1))
    torch.testing.assert_close(model.eval()(image.expand(-1, channels, -1, -1)), grey_as_rgb)


def test_imagenet_weights_that_cannot_be_fetched_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(DataError, match=r"mobilenet_v2: ImageNet weights cannot be fetched from .*; put that file in"):
        build_model("mobilenet_v2").load_imagenet()
