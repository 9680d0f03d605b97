"""U-BiNet: shapes at every size, all options, and a QONNX file that computes the same."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from brevitas.nn import QuantIdentity
from qonnx.core.modelwrapper import ModelWrapper
from torch import nn

from brevitas_models.experiments.operations import count_network
from brevitas_models.networks.u_binet import UBiNet
from brevitas_models.networks.zoo import ZOO, build_model
from finn_build.errors import ConfigError
from finn_build.frontend.export import export_qonnx, read_taps, torch_taps
from tests.brevitas_models.nets import random_images, randomize
from tests.frontend.executor import execute


def small(seed: int = 0, **fields: Any) -> UBiNet:
    torch.manual_seed(seed)
    model = randomize(build_model("u_binet_w1a4", **{"width": 3, "depth": 2, "image_size": 16} | fields), seed)
    assert isinstance(model, UBiNet)
    shape = (2, model.config.in_channels, model.config.image_size, model.config.image_size)
    with torch.no_grad():  # half of the mask is defect
        model.head[1].bias -= model.logits(torch.from_numpy(random_images(shape, seed))).median()
    return model


@pytest.mark.parametrize("name", [n for n in ZOO if n == "unet" or ("u_binet" in n and "pynq" not in n)])
def test_every_name_is_half_a_u_net(name: str) -> None:
    model = build_model(name, image_size=16)
    config = ZOO[name].config
    wide = 8 if "small" in name else 32
    channels = [m.out_channels for m in model.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    down = [wide << level for level in range(5) for _ in range(2)]
    up = [wide << level for level in range(4) for _ in range(3)]
    assert channels == [*down, *up, 1]
    assert isinstance(model, UBiNet) and ("small" in name) == (config.image_size < 224)
    assert name == "unet" or f"_w1a{config.act_bits}" in name
    assert {model.eval()(torch.rand(1, 1, 16, 16)).shape, model.logits(torch.rand(1, 1, 16, 16)).shape} == {
        (1, 1, 16, 16)
    }


@pytest.mark.parametrize(("size", "depth"), [(4, 2), (5, 2), (8, 3), (13, 3), (15, 3), (37, 4)])
@pytest.mark.parametrize("upsample", ["transposed", "nearest"])
def test_mask_has_the_size_of_the_image(size: int, depth: int, upsample: str) -> None:
    model = small(image_size=size, depth=depth, upsample=upsample)
    assert model(torch.rand(2, 1, size, size)).shape == (2, 1, size, size)


def test_training_gives_logits_and_inference_their_signs() -> None:
    model, images = small(), torch.from_numpy(random_images((4, 1, 16, 16), seed=0))
    logits, mask = model.logits(images), model(images)
    assert torch.equal(mask, torch.where(logits >= 0, 1.0, -1.0)) and len(mask.unique()) == 2
    assert len(model.train()(images).unique()) > 2


def test_a_skip_carries_detail_that_the_network_without_it_lacks() -> None:
    for level in range(2):
        model = small(skips=tuple(index != level for index in range(2)))
        assert model.up[level].pair[0][0].in_channels == 3 << level
        assert model.up[1 - level].pair[0][0].in_channels == 2 * (3 << (1 - level))


def test_an_odd_map_is_padded_by_a_last_row_and_column_of_zeros() -> None:
    model = small(image_size=15)
    seen = []
    model.up[0].pair.register_forward_pre_hook(lambda _pair, inputs: seen.append(inputs[0]))
    model(torch.rand(1, 1, 15, 15))
    skip, upsampled = seen[0].split(3, 1)
    assert (upsampled[:, :, -1] == 0).all() and (upsampled[:, :, :, -1] == 0).all()
    assert (upsampled[:, :, :-1, :-1] != 0).any() and (skip[:, :, -1] != 0).any()


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("signed", [False, True])
def test_all_maps_are_on_one_scale(bits: int, signed: bool) -> None:
    model = small(act_bits=bits, act_signed=signed)
    scales = {
        (float(m.act_quant.scale()), m.act_quant.is_signed)
        for name, m in model.named_modules()
        if isinstance(m, QuantIdentity) and name not in ("pixels", "sign")
    }
    assert scales == {(1.0 if bits == 1 and signed else 2.0 ** (2 - bits + signed), signed)}


def test_weights_are_signs_at_the_edges_too_and_real_in_step_1() -> None:
    def levels(**fields: Any) -> list[int]:
        convs = [m for m in small(**fields).modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
        return [len(getattr(conv.quant_weight(), "value", conv.weight).abs().unique()) for conv in convs]

    assert set(levels(width=5)) == {1}
    edges = levels(width=5, edge_weight_bits=8)
    assert edges[0] > 1 and edges[-1] > 1 and set(edges[1:-1]) == {1}
    assert min(levels(width=5, weight_bits=32)) > 4


def test_real_weights_load_into_the_binary_network() -> None:
    real = small(weight_bits=32)
    small(seed=1).load_state_dict(real.state_dict())


GRID: list[dict[str, Any]] = [
    {"image_size": 15},
    {"image_size": 17, "depth": 3, "upsample": "nearest", "act_bits": 2},
    {"act_bits": 1, "activation": "silu", "skips": (True, False)},
    {"act_bits": 1, "act_signed": True, "upsample": "nearest"},
    {"act_bits": 8, "edge_weight_bits": 8, "in_channels": 3, "skips": (False, True)},
    {"act_bits": 3, "act_signed": True, "activation": "rprelu", "image_size": 18},
]


@pytest.mark.parametrize("fields", GRID)
@pytest.mark.filterwarnings("error:Output shapes disagree")
def test_every_tap_of_qonnx_equals_pytorch(fields: dict[str, Any], tmp_path: Path) -> None:
    model = small(seed=3, **fields)
    shape = (1, model.config.in_channels, model.config.image_size, model.config.image_size)
    graph = ModelWrapper(str(export_qonnx(model, tmp_path / "net.onnx", shape)))
    images = random_images(shape, seed=1)
    expected = torch_taps(model, images, read_taps(graph))
    assert len(expected) == 2 + 5 * model.config.depth + 2
    actual = execute(graph, {"images": images})
    for tensor, value in expected.items():
        assert np.array_equal(actual[tensor], value), tensor
    mask = expected[graph.graph.output[0].name]
    assert mask.shape == (1, 1, *shape[2:]) and set(np.unique(mask)) == {-1.0, 1.0}


def test_the_file_has_plain_nodes_with_shapes(tmp_path: Path) -> None:
    model = small(image_size=13)
    graph = ModelWrapper(str(export_qonnx(model, tmp_path / "net.onnx", (1, 1, 13, 13))))
    kinds = Counter(node.op_type for node in graph.graph.node)
    assert {kind: kinds[kind] for kind in ("Conv", "ConvTranspose", "MaxPool", "Concat", "Pad")} == {
        "Conv": 11, "ConvTranspose": 2, "MaxPool": 2, "Concat": 2, "Pad": 1
    }  # fmt: skip
    assert not kinds.keys() & {"Shape", "Gather", "Slice", "Constant", "ConstantOfShape", "Reshape", "Transpose"}
    assert all(all(graph.get_tensor_shape(name)) for node in graph.graph.node for name in node.output)
    nearest = small(upsample="nearest")
    nodes = ModelWrapper(str(export_qonnx(nearest, tmp_path / "net.onnx", (1, 1, 16, 16)))).graph.node
    assert sum(node.op_type == "Resize" for node in nodes) == 2


def test_operations_are_counted() -> None:
    """One level, one channel, 4x4 pixels: 3x3 convolutions, batch norms, activations, counted by hand."""
    flops = sum(account.flops for account in count_network(small(width=1, depth=1, image_size=4)).values())
    down = 16 * (9 * 1 + 3) + 16 * (9 * 1 + 3) + 4 * 2 * (9 * 1 + 3) + 4 * 2 * (9 * 2 + 3)
    up = 4 * (4 * 2) + 16 * 3 + 16 * (9 * 2 + 3) + 16 * (9 * 1 + 3)
    assert flops == down + up + 16 * (1 + 2)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"image_size": 3}, "image_size=3 is too small for 2 poolings; at least 4, or a smaller depth"),
        ({"depth": 0}, "in_channels=1, width=3, depth=0; each must be at least 1"),
        ({"upsample": "bilinear"}, "upsample='bilinear'; legal: transposed, nearest"),
        ({"skips": (True,)}, r"skips=\(True,\) must name 2 levels, as many as depth"),
        ({"act_bits": 1, "act_signed": True, "image_size": 18}, "image_size=18 is not a multiple of 4, and maps of"),
        ({"act_bits": 9}, "act_bits=9 is not legal"),
        ({"activation": "tanh"}, "activation='tanh' is unknown"),
    ],
)
def test_illegal_fields_are_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        small(**fields)
