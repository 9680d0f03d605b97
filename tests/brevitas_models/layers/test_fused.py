"""Fused kernels against the plain graph: the same outputs, gradients and statistics, up to rounding."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from brevitas_models.layers import fused
from brevitas_models.layers.activations import BatchNorm2d, RSign, activation
from brevitas_models.layers.conv_units import Conv2d, ConvUnit, behind_conv
from brevitas_models.layers.quantizers import constant_quantizer
from brevitas_models.networks.bi_shufflenet import shuffle
from brevitas_models.networks.zoo import build_model
from sim import native

CHANNELS = 5
ORDERS = {
    "rows of pixels": lambda x: x.contiguous(),
    "channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "part of a wider map": lambda x: torch.cat((x, x), 1).contiguous(memory_format=torch.channels_last)[
        :, x.shape[1] :
    ],
}


def random(*shape: int, seed: int = 0, spread: float = 1.0) -> Tensor:
    return spread * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def randomized(module: nn.Module) -> nn.Module:
    """Every parameter but the weights of convolutions moved away from what it starts with."""
    for number, parameter in enumerate(module.parameters()):
        if parameter.dim() and (parameter.dim() < 4 or len(parameter) == 1):
            parameter.data += random(*parameter.shape, seed=number, spread=0.2)
    return module.train()


def both_ways(module: nn.Module, *inputs: Tensor) -> None:
    """Run forward and backward in either way, and compare all there is."""
    results = []
    for way in ("fused", "plain"):
        copied, leaves = copy.deepcopy(module), [x.clone().requires_grad_() for x in inputs]
        with fused.kernels(way):
            out = copied(*leaves)
        out.backward(random(*out.shape, seed=9))
        grads = {f"grad of {name}": p.grad for name, p in copied.named_parameters()}
        grads |= {f"grad of input {number}": leaf.grad for number, leaf in enumerate(leaves)}
        results.append({"output": out.detach(), **grads, **dict(copied.named_buffers())})
    ours, plain = results
    assert ours.keys() == plain.keys()
    for name, expected in plain.items():
        said = f"{name}: {{}}".format
        torch.testing.assert_close(ours[name], expected, rtol=2e-4, atol=2e-5, msg=said)


class Behind(nn.Module):
    """What follows a convolution; its input is copied, for it is overwritten."""

    def __init__(self, channels: int, kind: str, bits: int, signed: bool, order: str) -> None:
        super().__init__()
        self.norm = BatchNorm2d(channels)
        self.act = nn.Identity() if kind == "none" else activation(kind, channels)
        self.quantizer = constant_quantizer(bits, signed, 4.0)
        self.order = ORDERS[order]

    def forward(self, total: Tensor, shortcut: Tensor | None = None) -> Tensor:
        moved = None if shortcut is None else self.order(shortcut)
        return behind_conv(self.order(total).clone(), self.norm, self.act, self.quantizer, moved, 8.0)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", [(4, CHANNELS, 7, 6), (2, 24, 9, 9), (3, 1, 5, 5), (6, 96, 1, 1)])
@pytest.mark.parametrize("kind", ["none", "rprelu", "rsilu", "silu"])
def test_behind_a_convolution(kind: str, shape: tuple[int, ...], order: str) -> None:
    total, shortcut = random(*shape, spread=5.0), random(*shape, seed=1)
    both_ways(randomized(Behind(shape[1], kind, 32, True, order)), total, shortcut)
    both_ways(randomized(Behind(shape[1], kind, 5, True, order)), total, shortcut)
    both_ways(randomized(Behind(shape[1], kind, 32, True, order)), total)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_every_quantizer(bits: int, signed: bool) -> None:
    both_ways(
        randomized(Behind(CHANNELS, "rprelu", bits, signed, "channels last")), random(8, CHANNELS, 9, 9, spread=9.0)
    )


def test_one_unsigned_bit_has_levels() -> None:
    both_ways(randomized(Behind(CHANNELS, "rsilu", 1, False, "channels last")), random(8, CHANNELS, 9, 9, spread=9.0))


@pytest.mark.parametrize("name", ["relu", "hardtanh"])
def test_functions_without_kernels_take_the_plain_graph(name: str) -> None:
    both_ways(randomized(Behind(CHANNELS, name, 4, False, "channels last")), random(4, CHANNELS, 5, 5))


def test_a_mean_far_off_does_not_lose_the_variance() -> None:
    """The plain graph loses three digits here, so the reference is float64."""
    total = 1000 + random(16, CHANNELS, 12, 12)
    module = Behind(CHANNELS, "none", 32, True, "channels last").train()
    wide = total.double()
    variance, mean = torch.var_mean(wide, (0, 2, 3), keepdim=True, correction=0)
    expected = (wide - mean) / (variance + module.norm.eps).sqrt()
    torch.testing.assert_close(module(total).double(), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("order", ORDERS)
def test_sign(order: str) -> None:
    class Ordered(RSign):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(ORDERS[order](x))

    x = random(4, CHANNELS, 9, 9, spread=2.0)
    x[0] = 0.0
    module = Ordered(CHANNELS).train()
    both_ways(module, x)
    both_ways(randomized(module), x)


@pytest.mark.parametrize("stride", [1, 2])
def test_binary_convolution_clips_its_weights(stride: int) -> None:
    conv = Conv2d(CHANNELS, 6, 3, stride).train()
    conv.weight.data = random(6, CHANNELS, 3, 3, spread=1.5)
    conv.weight.data[0, 0, 0] = 0.0
    both_ways(conv, random(2, CHANNELS, 8, 8).sign())
    conv(random(2, CHANNELS, 8, 8))
    assert conv.weight.abs().max() == 1.0


@pytest.mark.parametrize("order", ORDERS)
def test_shuffle(order: str) -> None:
    class Shuffle(nn.Module):
        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            return shuffle(ORDERS[order](left), ORDERS[order](right))

    both_ways(Shuffle(), random(3, CHANNELS, 4, 6), random(3, CHANNELS, 4, 6, seed=1))


def test_cumulative_statistics() -> None:
    unit = randomized(ConvUnit(Conv2d(2, CHANNELS, 3), BatchNorm2d(CHANNELS)))
    unit[1].momentum = None
    unit(random(4, 2, 6, 6))
    both_ways(unit, random(4, 2, 6, 6, seed=1))


def test_one_value_per_channel_has_no_statistics() -> None:
    with pytest.raises(ValueError, match="more than one value per channel"):
        Behind(CHANNELS, "rprelu", 4, True, "channels last").train()(random(1, CHANNELS, 1, 1))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("bi_shufflenet", {"image_size": 64}),
        ("bi_shufflenet", {"image_size": 64, "weight_bits": 32}),
        ("bi_shufflenet", {"image_size": 64, "shortcut_bits": 32, "head_act_bits": 32}),
        ("u_binet_small_w1a4", {"image_size": 48}),
        ("u_binet_small_w1a2", {"image_size": 33}),
        ("binary_rescnn_w1a1", {"image_size": 32}),
        ("reactnet_a", {"image_size": 32}),
    ],
)
def test_loss_and_gradient_of_whole_networks(name: str, fields: dict[str, Any]) -> None:
    """To rounding, and the few signs, levels and slopes that rounding turns.

    Parameters are random: with those of the start many sums are just at the kink of RPReLU.
    """
    loss, gradient = loss_and_gradient(name, fields)
    with fused.kernels("plain"):
        expected, reference = loss_and_gradient(name, fields)
    assert loss == pytest.approx(expected, rel=1e-5)
    assert (gradient - reference).norm() < 0.02 * reference.norm()


def loss_and_gradient(name: str, fields: dict[str, Any]) -> tuple[float, Tensor]:
    torch.manual_seed(0)
    model = randomized(build_model(name, **fields)).to(memory_format=fused.memory_format())
    images = torch.rand(12, 1, *[model.config.image_size] * 2, generator=torch.Generator().manual_seed(1))
    outputs = model(images)
    masks = outputs.dim() == 4
    loss = F.mse_loss(outputs.sigmoid(), images.round()) if masks else F.cross_entropy(outputs, torch.arange(12) % 6)
    loss.backward()
    return loss.item(), torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def test_vectors_and_single_numbers_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a training does not depend on how wide the vectors of its processor are."""

    def run() -> list[np.ndarray]:
        fused._kernels.cache_clear()
        module, x = randomized(Behind(29, "rsilu", 4, False, "channels last")), random(5, 29, 11, 11, spread=9.0)
        x.requires_grad_()
        y = module(RSign(29).train()(x) + x)
        y.square().sum().backward()
        return [t.detach().numpy() for t in (y, x.grad, *(p.grad for p in module.parameters()))]

    vectors = run()
    monkeypatch.setattr(native, "FLAGS", ("-std=c++17", "-O1", "-fno-tree-vectorize", *native._EXACT))
    native.load.cache_clear()
    try:
        singles = run()
    finally:
        monkeypatch.undo()
        native.load.cache_clear()
        fused._kernels.cache_clear()
    assert all(np.array_equal(one, other) for one, other in zip(vectors, singles, strict=True))
