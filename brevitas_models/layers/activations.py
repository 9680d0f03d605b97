"""Activation functions and batch norm of the paper, in arithmetic that every executor reproduces bit by bit.

Contract: in eval mode each module is a fixed sequence of single IEEE-754 float32 operations (subtract,
multiply, add, compare), so PyTorch, onnxruntime and NumPy give identical results. Transcendental functions
run in float64 and are rounded to float32 once, which hides the last-digit differences between
implementations of exp.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from brevitas_models.layers import fused
from brevitas_models.layers.quantizers import act_quantizer
from brevitas_models.layers.values import require_activation


def _per_channel(channels: int, value: float) -> nn.Parameter:
    """A learnable vector that broadcasts over [N, C, H, W]."""
    return nn.Parameter(torch.full((1, channels, 1, 1), value))


class RSign(nn.Module):
    """RSign: +1 where a >= gamma, else -1, with one learnable gamma per channel.

    With more than one bit, the same learnable shift comes before a k-bit quantizer.

    Shapes:
        input and output [N, C, H, W].

    Source: eq. 2 of the Bi-ShuffleNet / U-BiNet paper.
    """

    def __init__(self, channels: int, bits: int = 1, signed: bool = True) -> None:
        super().__init__()
        self.gamma = _per_channel(channels, 0.0)
        self.quantizer = act_quantizer(bits, signed)
        self.one_bit = bits == 1 and signed

    def forward(self, x: Tensor) -> Tensor:
        """Shift, then quantize."""
        if self.one_bit and self.training and fused.usable(x):
            return fused.sign(x, self.gamma)
        return self.quantizer(x - self.gamma)


class RPReLU(nn.Module):
    """RPReLU: d + eta where d = a - zeta >= 0, else beta·d + eta, all three learnable per channel.

    Shapes:
        input and output [N, C, H, W].

    Source: eq. 3 of the paper (RReLU in its text).
    """

    def __init__(self, channels: int, slope: float = 0.25) -> None:
        super().__init__()
        self.zeta = _per_channel(channels, 0.0)
        self.eta = _per_channel(channels, 0.0)
        self.beta = nn.Parameter(torch.full((channels,), slope))

    def forward(self, x: Tensor) -> Tensor:
        """Subtract, PReLU, add: three float32 operations."""
        return F.prelu(x - self.zeta, self.beta) + self.eta


class SiLU(nn.Module):
    """SiLU: a · sigmoid(a) = a / (1 + exp(-a)), in float64 inside, float32 outside.

    Source: eq. 5 of the paper.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Training takes the fast float32 kernel, inference the reproducible form."""
        if self.training:
            return F.silu(x)
        wide = x.double()
        return (wide / (1.0 + torch.exp(-wide))).float()


class RSiLU(nn.Module):
    """RSiLU: SiLU(a - zeta) + eta, both shifts learnable per channel.

    Shapes:
        input and output [N, C, H, W].

    Source: eq. 6 of the paper.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.zeta = _per_channel(channels, 0.0)
        self.eta = _per_channel(channels, 0.0)
        self.silu = SiLU()

    def forward(self, x: Tensor) -> Tensor:
        """Subtract in float32, SiLU, add in float32."""
        return self.silu(x - self.zeta) + self.eta


class _AffineInference(nn.modules.batchnorm._BatchNorm):
    """Eval-mode batch norm as x · scale + shift; gradients reach its parameters in training mode only."""

    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        """Per-channel float32 scale and shift, computed in float64 and rounded once.

        Shapes:
            two vectors [C].
        """
        state = self.state_dict()
        mean, var, weight, bias = (
            state[key].cpu().numpy().astype(np.float64) for key in ("running_mean", "running_var", "weight", "bias")
        )
        scale = weight / np.sqrt(var + self.eps)
        shift = bias - mean * scale
        device = self.weight.device
        first, second = (torch.from_numpy(v.astype(np.float32)).to(device) for v in (scale, shift))
        return first, second

    def forward(self, x: Tensor) -> Tensor:
        """Ordinary batch norm in training mode, two float32 operations in eval mode."""
        if self.training:
            return super().forward(x)
        scale, shift = (v.view(1, -1, *[1] * (x.dim() - 2)) for v in self.scale_and_shift())
        return x * scale + shift


class BatchNorm2d(_AffineInference, nn.BatchNorm2d):
    """Batch norm over [N, C, H, W] with reproducible inference."""


class BatchNorm1d(_AffineInference, nn.BatchNorm1d):
    """Batch norm over [N, C] with reproducible inference."""


_ACTIVATIONS: dict[str, Callable[[int], nn.Module]] = {
    "rprelu": RPReLU,
    "rsilu": RSiLU,
    "silu": lambda channels: SiLU(),
    "relu": lambda channels: nn.ReLU(),
    "hardtanh": lambda channels: nn.Hardtanh(),
}


def activation(name: str, channels: int) -> nn.Module:
    """Build the activation function called `name` for `channels` channels.

    Raises:
        ConfigError: no activation function has that name.
    """
    require_activation(name)
    return _ACTIVATIONS[name](channels)
