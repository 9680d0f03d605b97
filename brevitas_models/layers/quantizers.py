"""Quantizers with power-of-two scales, so that float32 arithmetic on their outputs is exact.

Weights are ±1 with scale 1 (their real scale lives in the following batch norm) or fixed point. Activations
have k = 1…8 bits, signed or unsigned, and 16 / 32 for training comparisons only (32 passes the float
through).
"""

import math
from typing import Any

import torch
from brevitas.core.function_wrapper.ops_ste import RoundSte
from brevitas.core.scaling import ParameterScaling
from brevitas.inject.enum import RestrictValueType, ScalingImplType, ScalingPerOutputType
from brevitas.nn import QuantIdentity
from brevitas.quant.base import IntQuant, UintQuant
from brevitas.quant.binary import SignedBinaryActPerTensorConst, SignedBinaryWeightPerTensorConst
from brevitas.quant.fixed_point import Int8WeightPerTensorFixedPoint
from brevitas.quant.solver.act import ActQuantSolver
from torch import nn

from brevitas_models.layers.fused import Levels
from brevitas_models.layers.values import ACT_BITS, WEIGHT_BITS, require_bits
from finn_build.errors import ConfigError


class BinaryWeight(SignedBinaryWeightPerTensorConst):
    """±1 weights; latent weights are clipped to [-1, 1] in place, which keeps every one of them trainable."""

    scaling_const = 1.0


class BipolarAct(SignedBinaryActPerTensorConst):
    """Sign of eq. 1: +1 for x >= 0, else -1; the gradient passes where |x| <= 1."""


class _PowerOfTwoAct(ActQuantSolver):
    """What integer activation quantizers share: one scale per tensor, rounded to a power of two."""

    scaling_per_output_type = ScalingPerOutputType.TENSOR
    restrict_scaling_type = RestrictValueType.POWER_OF_TWO
    restrict_value_float_to_int_impl = RoundSte


class SignedAct(IntQuant, _PowerOfTwoAct):
    """Signed k-bit activations with a learned power-of-two scale, range [-2^(k-1), 2^(k-1) - 1] · scale."""

    scaling_impl_type = ScalingImplType.PARAMETER


class UnsignedAct(UintQuant, _PowerOfTwoAct):
    """Unsigned k-bit activations with a learned power-of-two scale, range [0, 2^k - 1] · scale."""

    scaling_impl_type = ScalingImplType.PARAMETER


class SignedConstAct(IntQuant, _PowerOfTwoAct):
    """Signed k-bit activations with a constant power-of-two scale."""

    scaling_impl_type = ScalingImplType.CONST


class UnsignedConstAct(UintQuant, _PowerOfTwoAct):
    """Unsigned k-bit activations with a constant power-of-two scale."""

    scaling_impl_type = ScalingImplType.CONST


def weight_quantizer(bits: int, binary_scale: float = 1.0) -> dict[str, object]:
    """Keyword arguments that give a Brevitas layer its weight quantizer.

    Args:
        bits: 1 for ±1, 2…8 for fixed point (narrow range, power-of-two scale from the weights), 32 for float.
        binary_scale: magnitude of 1-bit weights, a power of two; other than 1.0 only where no batch norm
            follows.

    Raises:
        ConfigError: `bits` or `binary_scale` is not one of the legal values.
    """
    require_bits("weight_bits", bits, WEIGHT_BITS)
    if math.frexp(binary_scale)[0] != 0.5:
        raise ConfigError(f"weight quantizer: binary_scale={binary_scale} is not a positive power of two")
    if bits == 32:
        return {"weight_quant": None}
    if bits == 1:
        return {"weight_quant": BinaryWeight, "weight_scaling_const": binary_scale}
    return {"weight_quant": Int8WeightPerTensorFixedPoint, "weight_bit_width": bits}


def act_quantizer(bits: int, signed: bool = True, max_value: float = 2.0) -> nn.Module:
    """Activation quantizer of `bits` bits.

    Args:
        bits: 1…8 for hardware (1 signed is the bipolar sign, 1 unsigned is {0, 1}); 16 and 32 for training
            comparisons.
        signed: whether negative levels exist.
        max_value: initial end of the range of a learned scale (power of two); `calibrate_scales` and
            training move it.

    Raises:
        ConfigError: `bits` is not one of the legal values.
    """
    require_bits("act_bits", bits, ACT_BITS)
    if bits in (1, 32):
        return constant_quantizer(bits, signed, max_value=2.0)
    return QuantIdentity(
        act_quant=SignedAct if signed else UnsignedAct,
        bit_width=bits,
        min_val=-max_value if signed else 0.0,
        max_val=max_value,
    )


def shortcut_quantizer(bits: int, signed: bool = True) -> nn.Module:
    """Quantizer of integer shortcuts: a constant range of 4 (behind batch norm), so that all share one scale.

    Args:
        bits: 2…8 for hardware, 32 for float.
        signed: range [-4, 4) or [0, 4).

    Raises:
        ConfigError: `bits` is not one of the legal values.
    """
    require_bits("shortcut_bits", bits, ACT_BITS)
    return constant_quantizer(bits, signed, max_value=4.0)


def constant_quantizer(bits: int, signed: bool, max_value: float) -> nn.Module:
    """Activation quantizer of `bits` bits on a constant range: [0, max_value), or [-max_value, max_value) if signed.

    Args:
        bits: 1…8 for hardware (1 signed is the bipolar sign), 16 and 32 for training comparisons.
        signed: whether negative levels exist.
        max_value: end of the range, a power of two.

    Raises:
        ConfigError: `bits` is not one of the legal values.
    """
    require_bits("act_bits", bits, ACT_BITS)
    if bits == 32:
        return nn.Identity()
    if bits == 1 and signed:
        return QuantIdentity(act_quant=BipolarAct, return_quant_tensor=False)
    quant = SignedConstAct if signed else UnsignedConstAct
    made = QuantIdentity(act_quant=quant, bit_width=bits, min_val=-max_value if signed else 0.0, max_val=max_value)
    count, low = 2.0**bits, -(2.0 ** (bits - 1)) if signed else 0.0
    made.levels = Levels(max_value / (low + count), low, low + count - 1)
    return made


def pixel_quantizer() -> QuantIdentity:
    """Input quantizer: a float image uint8 / 256 becomes exactly the uint8 pixel, on a scale of 2^-8."""
    return QuantIdentity(act_quant=UnsignedConstAct, bit_width=8, min_val=0.0, max_val=1.0)


@torch.no_grad()
def calibrate_scales(model: nn.Module, images: torch.Tensor) -> int:
    """Set every learned scale, in order of use, to the power of two with the least squared error.

    Runs one training-mode pass (batch statistics), so it is called once, before step 1.

    Shapes:
        images: [N, C, H, W] float32.

    Returns:
        Number of quantizers set.
    """
    seen: set[nn.Module] = set()

    def set_scale(module: QuantIdentity, inputs: tuple[torch.Tensor]) -> None:
        if module not in seen:
            seen.add(module)
            _set_best_scale(module, inputs[0])

    learned = [m for m in model.modules() if isinstance(m, QuantIdentity) and _learned_scale(m) is not None]
    hooks = [m.register_forward_pre_hook(set_scale) for m in learned]
    was_training = model.training
    try:
        model.train()(images)
    finally:
        for hook in hooks:
            hook.remove()
        model.train(was_training)
    return len(seen)


def _set_best_scale(module: QuantIdentity, x: torch.Tensor) -> None:
    """Try a range of exponents around the largest magnitude and keep the best one."""
    scale = _learned_scale(module)
    assert scale is not None, "only quantizers with a learned scale are hooked"
    top = math.ceil(math.log2(max(float(x.abs().max()), 2.0**-16)))
    errors = {}
    for exponent in range(top - 8, top + 1):
        scale.fill_(float(exponent))
        errors[exponent] = float(((module(x) - x) ** 2).mean())
    scale.fill_(float(min(errors, key=lambda exponent: errors[exponent])))


def _learned_scale(module: QuantIdentity) -> torch.Tensor | None:
    """The log2 range parameter of an activation quantizer, or None where its scale is constant."""
    quantizer: Any = module.act_quant
    impl = getattr(quantizer.fused_activation_quant_proxy.tensor_quant, "scaling_impl", None)
    return impl.value if isinstance(impl, ParameterScaling) else None
