from typing import Any

import pytest
import torch
from torch import Tensor, nn

from brevitas_models.layers.activations import BatchNorm2d
from brevitas_models.layers.values import SHORTCUT_BITS
from brevitas_models.networks.bi_shufflenet import BinaryConv, BiShuffleNet, DownUnit, shuffle
from brevitas_models.networks.configs.bi_shufflenet import BiShuffleNetConfig
from brevitas_models.networks.variants import NEU_ROWS, VARIANTS
from brevitas_models.networks.zoo import build_model
from brevitas_models.training.measure import reestimate_batch_norm
from finn_build.errors import ConfigError
from tests.brevitas_models.nets import random_images, randomize

FLOAT = {"shortcut_bits": 32, "edge_weight_bits": 32, "head_weight_bits": 32, "head_act_bits": 32}


def images(size: int, count: int = 2, channels: int = 1, seed: int = 0) -> Tensor:
    return torch.from_numpy(random_images((count, channels, size, size), seed))


def settled(**fields: Any) -> BiShuffleNet:
    """In eval mode, with random activation functions and the batch norm statistics of some images."""
    torch.manual_seed(0)
    model = build_model("bi_shufflenet", **fields)
    randomize(model, seed=0)
    for module in model.modules():
        if isinstance(module, BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
    reestimate_batch_norm(model, [images(model.config.image_size, count=8, seed=1)])
    return model.eval()


@pytest.mark.parametrize(("size", "channels"), [(32, 1), (96, 1), (96, 3), (224, 3)])
def test_shapes(size: int, channels: int) -> None:
    model = build_model("bi_shufflenet", image_size=size, in_channels=channels, num_classes=5).eval()
    shapes = []
    for unit in (model.stem, *model.units, model.head):
        unit.register_forward_hook(lambda _unit, _x, y: shapes.append(tuple(y.shape[1:])))
    assert model(images(size, channels=channels)).shape == (2, 5)
    units = [(48, 8)] * 4 + [(96, 16)] * 8 + [(192, 32)] * 4
    expected = [(24, 4), *units, (1024, 32)]
    assert shapes == [(width, size // shrink, size // shrink) for width, shrink in expected]


def test_every_variant_is_the_row_that_it_is_called() -> None:
    assert len(VARIANTS) == 11 and len(NEU_ROWS) == 9
    assert build_model("bi_shufflenet_x").config == BiShuffleNetConfig()
    plain = build_model("bi_shufflenet_i")
    assert all(unit.pool is None for unit in plain.units if isinstance(unit, DownUnit))
    assert not any(unit.shortcuts for unit in plain.units if not isinstance(unit, DownUnit))
    kernels = {
        row: [
            [conv.conv.kernel_size[0] for conv in branch]
            for branch in (model.units[0].left, model.units[0].right, model.units[1].right)
        ]
        for row, model in ((row, build_model(f"bi_shufflenet_{row.lower()}")) for row in ("I", "IV", "V", "IX", "XI"))
    }
    assert kernels == {
        "I": [[3, 1], [1, 3, 1], [1, 3, 1]],
        "IV": [[3, 1], [1, 3, 1], [1, 5, 1]],
        "V": [[5, 1], [1, 5, 1], [1, 5, 1]],
        "IX": [[3, 3, 1], [1, 5, 1], [1, 5, 1]],
        "XI": [[3, 3, 1], [1, 3, 3, 1], [1, 3, 3, 1]],
    }


@pytest.mark.parametrize("row", VARIANTS)
def test_every_variant_trains(row: str) -> None:
    torch.manual_seed(0)
    model = build_model(f"bi_shufflenet_{row.lower()}", image_size=32).train()
    model(images(32, count=4)).square().sum().backward()
    without = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert not without
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize("row", ["I", "X", "XI"])
def test_float_hardware_and_step_1_share_their_parameters(row: str) -> None:
    name = f"bi_shufflenet_{row.lower()}"
    hardware = build_model(name, image_size=32)
    for other in (build_model(name, image_size=32, **FLOAT), build_model(name, image_size=32, weight_bits=32)):
        shapes = [{key: value.shape for key, value in model.state_dict().items()} for model in (other, hardware)]
        assert shapes[0] == shapes[1]
        hardware.load_state_dict(other.state_dict())


def test_shuffle_interleaves() -> None:
    left, right = torch.arange(3.0).reshape(1, 3, 1, 1), 10 + torch.arange(3.0).reshape(1, 3, 1, 1)
    assert shuffle(left, right).flatten().tolist() == [0, 10, 1, 11, 2, 12]


@pytest.mark.parametrize("bits", [bits for bits in SHORTCUT_BITS if bits != 32])
def test_hardware_form_is_integer(bits: int) -> None:
    """Sums before batch norm and streams are integers on scales of 2^-r and 2^(3-r), logits on one of 2^-16."""
    model = settled(image_size=64, shortcut_bits=bits)
    sums, streams = [], []
    for module in model.modules():
        if isinstance(module, BinaryConv):
            module.norm.register_forward_hook(lambda _m, inputs, _y: sums.append(inputs[0]))
            if not isinstance(module.stream, nn.Identity):
                module.register_forward_hook(lambda _m, _x, y: streams.append(y))
    model.stem.register_forward_hook(lambda _m, _x, y: streams.append(y))
    logits = model(images(64))
    assert len(sums) == 13 * 4 + 3 * (2 + 4) and len(streams) == 1 + 13 * 4 + 3 * 2
    for tensor in sums:
        scaled = tensor * 2.0**bits
        assert torch.equal(scaled, scaled.round()) and scaled.abs().max() < 2**24
    for tensor in streams:
        integers = tensor * 2.0 ** (bits - 3)
        assert torch.equal(integers, integers.round())
        assert integers.min() >= -(2 ** (bits - 1)) and integers.max() < 2 ** (bits - 1)
        assert len(integers.unique()) > 2
    assert torch.equal(logits * 2.0**16, (logits * 2.0**16).round()) and len(logits.unique()) == logits.numel()


@pytest.mark.parametrize("pool", ["max", "average"])
def test_hardware_form_does_not_depend_on_the_batch(pool: str) -> None:
    model = settled(image_size=64, shortcut_pool=pool)
    batch = images(64, count=5)
    together = model(batch)
    assert len(together.unique()) == together.numel()
    assert torch.equal(together, torch.cat([model(image[None]) for image in batch]))
    assert torch.equal(together, torch.cat([model(part) for part in batch.split(3)]))


def test_shortcuts_reach_the_sums() -> None:
    """The same weights with and without shortcuts: a sum differs by gain times the input of its unit."""
    model = settled(image_size=64)
    conv = model.units[1].right[1]
    sums: list[Tensor] = []
    conv.norm.register_forward_hook(lambda _m, inputs, _y: sums.append(inputs[0]))
    x = torch.randint(-8, 8, (1, 24, 8, 8), generator=torch.Generator().manual_seed(0)) / 2
    conv(x), conv(x, x)
    assert conv.gain == 64 and torch.equal(sums[1] - sums[0], 64 * x)  # 4 * 2^4, nearest to sqrt(24) * 3 in log2


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"image_size": 200}, "bi_shufflenet: image_size=200 is not a multiple of 32; nearest: 192"),
        ({"image_size": 0}, "bi_shufflenet: image_size=0 is not a multiple of 32; nearest: 32"),
        ({"shortcut_bits": 3}, "bi_shufflenet: shortcut_bits=3; legal: 4, 5, 6, 7, 8, 32"),
        ({"shortcut_pool": "mean"}, "bi_shufflenet: shortcut_pool='mean'; legal: max, average"),
        (
            {"stem_kernel": 4},
            "bi_shufflenet: kernels (4, 3, 3, 5); legal: odd numbers, which keep the size of a map",
        ),
        (
            {"right_down_kernels": (2,)},
            "bi_shufflenet: kernels (9, 3, 3, 2, 5); legal: odd numbers, which keep the size of a map",
        ),
        ({"weight_bits": 9}, "bi_shufflenet: weight_bits=9 is not legal; choose one of 1, 2, 3, 4, 5, 6, 7, 8, 32"),
        (
            {"activation": "tanh"},
            "bi_shufflenet: activation='tanh' is unknown; did you mean 'hardtanh'?; choose one of rprelu, rsilu, silu, "
            "relu, hardtanh",
        ),
    ],
)
def test_illegal_fields_are_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_model("bi_shufflenet", **fields)
    assert str(caught.value) == message


def test_every_activation_function_runs() -> None:
    for name in ("rprelu", "rsilu", "silu", "relu", "hardtanh"):
        config = BiShuffleNetConfig(image_size=32, activation=name)
        assert BiShuffleNet(config).eval()(images(32)).isfinite().all()
