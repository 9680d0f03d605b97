"""What surrounds a convolution, fused for training on a CPU: the same functions as the plain graph, up to rounding.

The plain graph of a sign, a batch norm, an activation function and a quantizer is some thirty operations, each of which
reads and writes a whole map; here each of `sign` and `unit` is one autograd function with its own backward, two passes
over the map in C++ (`fused_kernels.cpp`), in the order of memory that convolutions are fastest in, channels last.
Inference never comes here: its contract is bit by bit (`activations.py`).
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from sim.native import functions

_ARGUMENTS = {
    "sign_forward": "llplpp",
    "sign_backward": "llplpppp",
    "unit_forward": "llpplfppdpppifffpp",
    "unit_backward": "llppfppdpppifffpppp",
    "interleave": "llplplp",
    "separate": "llppp",
}
KERNELS = ("fused", "plain")
KINDS = {"none": 0, "rprelu": 1, "silu": 2}
_LAST = torch.channels_last
_plain = False


@contextmanager
def kernels(name: str) -> Iterator[None]:
    """Train inside a `with` block by "fused" kernels, as everywhere else, or by the "plain" graph, to compare."""
    global _plain
    before, _plain = _plain, name == "plain"
    try:
        yield
    finally:
        _plain = before


def memory_format() -> torch.memory_format:
    """The order in which a training keeps its weights and maps."""
    return torch.contiguous_format if _plain else _LAST


def usable(x: Tensor) -> bool:
    """Whether there are kernels for maps like `x`."""
    return not _plain and x.device.type == "cpu" and x.dtype == torch.float32 and x.dim() == 4


@dataclass(frozen=True)
class Levels:
    """A quantizer of constant range: whole numbers from `low` to `high`, times `step`, a power of two."""

    step: float
    low: float
    high: float


@dataclass(frozen=True)
class Shifts:
    """The activation function of a unit: its kind in `KINDS`, and its parameters per channel, in any shape."""

    kind: str
    zeta: Tensor
    eta: Tensor
    beta: Tensor


def sign(x: Tensor, gamma: Tensor) -> Tensor:
    """+1 where x >= gamma, else -1; the gradient passes where |x - gamma| <= 1.

    Shapes:
        x [N, C, H, W], gamma [1, C, 1, 1] to x's.
    """
    return _Sign.apply(x, gamma)


def binary_weights(weight: Tensor) -> Tensor:
    """Signs of weights, which are clipped to [-1, 1] in place; the gradient passes."""
    return _BinaryWeights.apply(weight)


def unit(
    total: Tensor,
    shortcut: Tensor | None,
    gain: float,
    norm: torch.nn.BatchNorm2d,
    shifts: Shifts,
    levels: Levels | None,
) -> Tensor:
    """total + gain * shortcut, batch norm in training mode, activation function, quantizer.

    `total` is overwritten, so nothing else may need it: it is the output of a convolution.

    Shapes:
        all maps [N, C, H, W].
    """
    parameters = (norm.weight, norm.bias, shifts.zeta, shifts.eta, shifts.beta)
    out, moments = _Unit.apply(total, shortcut, gain, norm.eps, shifts.kind, levels, *parameters)
    _track(norm, moments, total.numel() // total.shape[1])
    return out


def shuffle(left: Tensor, right: Tensor) -> Tensor:
    """Channels left 0, right 0, left 1, right 1, and so on.

    Shapes:
        two maps [N, C, H, W] to [N, 2 C, H, W].
    """
    return _Shuffle.apply(left, right)


@torch.no_grad()
def _track(norm: torch.nn.BatchNorm2d, moments: Tensor, count: int) -> None:
    """Running statistics, as batch norm keeps them."""
    assert norm.num_batches_tracked is not None and norm.running_mean is not None and norm.running_var is not None
    norm.num_batches_tracked += 1
    share = 1.0 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
    mean, variance = moments.float()
    norm.running_mean.lerp_(mean, share)
    norm.running_var.lerp_(variance * (count / (count - 1)), share)


class _Sign(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, gamma: Tensor) -> Tensor:
        x, rows, stride = _rows(x)
        out = torch.empty(x.shape, memory_format=_LAST)
        _kernels().sign_forward(rows, x.shape[1], _at(x), stride, _at(gamma), _at(out))
        ctx.save_for_backward(x, gamma)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, gamma = ctx.saved_tensors
        x, rows, stride = _rows(x)
        grad = grad.contiguous(memory_format=_LAST)
        of_x, of_gamma = torch.empty(x.shape, memory_format=_LAST), torch.empty_like(gamma)
        _kernels().sign_backward(rows, x.shape[1], _at(x), stride, _at(gamma), _at(grad), _at(of_x), _at(of_gamma))
        return of_x, of_gamma


class _BinaryWeights(Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor) -> Tensor:
        weight.data.clamp_(-1.0, 1.0)
        return (weight >= 0).to(weight.dtype).mul_(2).sub_(1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return grad


class _Unit(Function):
    @staticmethod
    def forward(
        ctx: Any,
        total: Tensor,
        shortcut: Tensor | None,
        gain: float,
        eps: float,
        kind: str,
        levels: Levels | None,
        *parameters: Tensor,
    ) -> tuple[Tensor, Tensor]:
        total = total.contiguous(memory_format=_LAST)
        rows, channels = total.numel() // total.shape[1], total.shape[1]
        if rows < 2:
            raise ValueError(f"batch norm needs more than one value per channel in training, got {tuple(total.shape)}")
        added, _, stride = (None, 0, 0) if shortcut is None else _rows(shortcut)
        out = torch.empty(total.shape, memory_format=_LAST)
        moments = torch.empty(2, channels, dtype=torch.float64)
        ctx.settings = _settings(kind, levels)
        weight, bias, *shifts = map(_at, parameters)
        _kernels().unit_forward(
            rows, channels, _at(total), _at(added), stride, gain, weight, bias, eps,
            *shifts, *ctx.settings, _at(out), _at(moments),
        )  # fmt: skip
        ctx.gain, ctx.eps, ctx.skips = gain, eps, shortcut is not None
        ctx.save_for_backward(total, moments, *parameters)
        ctx.mark_non_differentiable(moments)
        return out, moments

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        total, moments, *parameters = ctx.saved_tensors
        channels = total.shape[1]
        grad = grad.contiguous(memory_format=_LAST)
        of_total = torch.empty(total.shape, memory_format=_LAST)
        of_shortcut = torch.empty(total.shape, memory_format=_LAST) if ctx.skips else None
        of_parameters = torch.empty(5, channels)
        weight, bias, *shifts = map(_at, parameters)
        _kernels().unit_backward(
            total.numel() // channels, channels, _at(total), _at(moments), ctx.gain, weight, bias,
            ctx.eps, *shifts, *ctx.settings, _at(grad), _at(of_total), _at(of_shortcut),
            _at(of_parameters),
        )  # fmt: skip
        grads = (of.view(parameter.shape) for of, parameter in zip(of_parameters, parameters, strict=True))
        return of_total, of_shortcut, None, None, None, None, *grads


class _Shuffle(Function):
    @staticmethod
    def forward(ctx: Any, left: Tensor, right: Tensor) -> Tensor:
        left, rows, stride = _rows(left)
        right, _, right_stride = _rows(right)
        n, channels, height, width = left.shape
        out = torch.empty((n, 2 * channels, height, width), memory_format=_LAST)
        _kernels().interleave(rows, channels, _at(left), stride, _at(right), right_stride, _at(out))
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        n, channels, height, width = grad.shape
        grad = grad.contiguous(memory_format=_LAST)
        left, right = (torch.empty((n, channels // 2, height, width), memory_format=_LAST) for _ in range(2))
        _kernels().separate(n * height * width, channels // 2, _at(grad), _at(left), _at(right))
        return left, right


def _rows(x: Tensor) -> tuple[Tensor, int, int]:
    """A map whose channels are neighbours, how many rows of channels it has, and their distance."""
    n, channels, height, width = x.shape
    try:
        rows = x.permute(0, 2, 3, 1).view(n * height * width, channels)
    except RuntimeError:  # it is in another order
        rows = None
    if rows is None or rows.stride(1) != 1:
        x = x.contiguous(memory_format=_LAST)
        return x, n * height * width, channels
    return x, len(rows), rows.stride(0)


def _settings(kind: str, levels: Levels | None) -> tuple[Any, ...]:
    step, low, high = (0.0, 0.0, 0.0) if levels is None else (levels.step, levels.low, levels.high)
    return KINDS[kind], step, low, high


def _at(x: Tensor | None) -> int | None:
    return None if x is None else x.data_ptr()


@cache
def _kernels() -> ctypes.CDLL:
    return functions(Path(__file__).with_name("fused_kernels.cpp"), _ARGUMENTS)
