import numpy as np
import pytest
import torch
from brevitas.nn import QuantConv2d, QuantIdentity

from brevitas_models.layers.quantizers import (
    _learned_scale,
    act_quantizer,
    calibrate_scales,
    pixel_quantizer,
    weight_quantizer,
)
from finn_build.errors import ConfigError


def is_power_of_two(value: float) -> bool:
    return value > 0 and np.frexp(value)[0] == 0.5


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 7, 8, 16])
def test_levels_are_all_integers_of_the_range(bits: int, signed: bool) -> None:
    quantizer = act_quantizer(bits, signed, max_value=4.0).eval()
    scale = 4.0 / 2 ** (bits - signed)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    integers = torch.arange(low - 3, high + 4, dtype=torch.float32)
    assert torch.equal(quantizer(integers * scale) / scale, integers.clamp(low, high))


def test_rounding_is_half_to_even() -> None:
    quantizer = act_quantizer(4, max_value=8.0).eval()
    assert quantizer(torch.tensor([0.5, 1.5, 2.5, -0.5, -1.5])).tolist() == [0, 2, 2, 0, -2]


def test_one_bit_signed_is_the_sign_of_eq_1() -> None:
    quantizer = act_quantizer(1, signed=True).eval()
    x = torch.tensor([-3.0, -1e-30, -0.0, 0.0, 1e-30, 3.0])
    assert quantizer(x).tolist() == [-1, -1, 1, 1, 1, 1]


def test_one_bit_unsigned_is_zero_or_one() -> None:
    quantizer = act_quantizer(1, signed=False).eval()
    assert quantizer(torch.tensor([-3.0, 0.5, 0.51, 1.0, 9.0])).tolist() == [0, 0, 1, 1, 1]


@pytest.mark.parametrize("signed", [True, False])
def test_learned_scale_is_exactly_a_power_of_two_wherever_training_leaves_it(signed: bool) -> None:
    quantizer = act_quantizer(4, signed).eval()
    value = _learned_scale(quantizer)
    for log2 in np.linspace(-20, 20, 401):
        with torch.no_grad():
            value.fill_(float(log2))
        quantizer(torch.zeros(1))
        scale = float(quantizer.act_quant.scale())
        assert is_power_of_two(scale), f"log2={log2}: scale={scale}"
        assert abs(np.log2(scale) + (3 if signed else 4) - log2) <= 0.501


def test_learned_scale_gets_a_gradient() -> None:
    quantizer = act_quantizer(4).train()
    quantizer(torch.linspace(-8, 8, 50)).pow(2).sum().backward()
    assert _learned_scale(quantizer).grad.abs() > 0


def test_pixels_pass_unchanged_on_a_scale_of_one_in_256() -> None:
    quantizer = pixel_quantizer().eval()
    pixels = torch.arange(256) / 256
    assert torch.equal(quantizer(pixels), pixels)
    assert float(quantizer.act_quant.scale()) == 2.0**-8


def test_binary_weights_are_plus_and_minus_one() -> None:
    torch.manual_seed(0)
    conv = QuantConv2d(3, 5, 3, bias=False, **weight_quantizer(1)).eval()
    assert set(conv.quant_weight().value.flatten().tolist()) == {-1.0, 1.0}
    assert torch.equal(conv.quant_weight().value, torch.where(conv.weight >= 0, 1.0, -1.0))


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_fixed_point_weights_are_integers_on_a_power_of_two(bits: int) -> None:
    torch.manual_seed(0)
    weight = QuantConv2d(3, 5, 3, bias=False, **weight_quantizer(bits)).eval().quant_weight()
    integers = weight.value / weight.scale
    assert is_power_of_two(float(weight.scale.detach()))
    assert torch.equal(integers, integers.round())
    assert integers.abs().max() <= 2 ** (bits - 1) - 1


def test_calibration_fits_each_scale_to_its_input() -> None:
    model = torch.nn.Sequential(act_quantizer(8), torch.nn.Hardtanh(), act_quantizer(8))
    images = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(1)) * 100
    assert calibrate_scales(model, images) == 2
    top = float(images.abs().max())
    first, second = (2.0 ** float(_learned_scale(model[index])) for index in (0, 2))
    assert top / 2 < first < top * 2
    assert second == 1.0
    assert not any(hook for module in model for hook in module._forward_pre_hooks)


def test_calibration_leaves_constant_scales_alone() -> None:
    assert calibrate_scales(torch.nn.Sequential(pixel_quantizer(), act_quantizer(1)), torch.rand(1, 1, 4, 4)) == 0


def test_thirty_two_bits_pass_floats_through() -> None:
    assert not isinstance(act_quantizer(32), QuantIdentity)
    assert weight_quantizer(32) == {"weight_quant": None}


@pytest.mark.parametrize("bits", [0, 9, 64])
def test_illegal_bits_name_the_legal_ones(bits: int) -> None:
    with pytest.raises(
        ConfigError, match=f"act_bits={bits} is not legal; choose one of 1, 2, 3, 4, 5, 6, 7, 8, 16, 32"
    ):
        act_quantizer(bits)
    with pytest.raises(ConfigError, match=f"weight_bits={bits} is not legal"):
        weight_quantizer(bits)


def test_binary_scale_must_be_a_power_of_two() -> None:
    with pytest.raises(ConfigError, match=r"binary_scale=0\.3 is not a positive power of two"):
        weight_quantizer(1, 0.3)
