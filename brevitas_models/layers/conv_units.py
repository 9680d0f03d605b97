"""A convolution with quantized weights, and what follows one: by fused kernels where it trains on a CPU."""

from typing import Any

import torch
from brevitas.nn import QuantConv2d
from torch import Tensor, nn
from torch.nn import functional as F

from brevitas_models.layers import fused
from brevitas_models.layers.activations import BatchNorm2d, RPReLU, RSiLU, SiLU
from brevitas_models.layers.quantizers import weight_quantizer

_ACTIVATIONS = (RPReLU, RSiLU, SiLU)
_NOTHING = nn.Identity()


class Conv2d(QuantConv2d):
    """A convolution with weights of 1 to 8 bits, or 32 for float; padded so that an odd kernel keeps a map's size."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, bits: int = 1) -> None:
        weights: dict[str, Any] = weight_quantizer(bits)
        super().__init__(in_channels, out_channels, kernel, stride, kernel // 2, bias=False, **weights)
        self.one_bit = bits == 1

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; Brevitas' own way where its quantizers are looked at, in inference and export."""
        if self.one_bit and self.training and fused.usable(x):
            return F.conv2d(x, fused.binary_weights(self.weight), None, self.stride, self.padding)
        return super().forward(x)


class ConvUnit(nn.Sequential):
    """Modules in turn; a batch norm and the activation function and quantizer behind it are one step in training."""

    def forward(self, x: Tensor) -> Tensor:
        """All of them."""
        modules = list(self)
        while modules:
            first = modules.pop(0)
            if not isinstance(first, BatchNorm2d):
                x = first(x)
                continue
            activation = modules.pop(0) if modules and isinstance(modules[0], _ACTIVATIONS) else _NOTHING
            quantizer = modules.pop(0) if modules and hasattr(modules[0], "levels") else _NOTHING
            x = behind_conv(x, first, activation, quantizer)
        return x


def behind_conv(
    total: Tensor,
    norm: BatchNorm2d,
    activation: nn.Module = _NOTHING,
    quantizer: nn.Module = _NOTHING,
    shortcut: Tensor | None = None,
    gain: float = 1.0,
) -> Tensor:
    """Sums of a convolution, plus gain times the shortcut, through batch norm, activation function and quantizer.

    In training `total` is overwritten.

    Shapes:
        all [N, C, H, W].
    """
    if norm.training and fused.usable(total):
        shifts, levels = _shifts(activation, norm.weight), getattr(quantizer, "levels", None)
        if shifts is not None and (levels is not None or isinstance(quantizer, nn.Identity)):
            return fused.unit(total, shortcut, gain, norm, shifts, levels)
    if shortcut is not None:
        total = total + gain * shortcut
    return quantizer(activation(norm(total)))


def _shifts(activation: nn.Module, like: Tensor) -> fused.Shifts | None:
    """An activation function as the kernels take it; None where they have no such."""
    none = torch.zeros_like(like)
    if isinstance(activation, RPReLU):
        return fused.Shifts("rprelu", activation.zeta, activation.eta, activation.beta)
    if isinstance(activation, RSiLU):
        return fused.Shifts("silu", activation.zeta, activation.eta, none)
    if isinstance(activation, SiLU):
        return fused.Shifts("silu", none, none, none)
    return fused.Shifts("none", none, none, none) if isinstance(activation, nn.Identity) else None
