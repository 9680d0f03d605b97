"""`integer_kernels.cpp` on tensors: a convolution by XNOR and popcount, steps, choice of channels."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sim import native

_LANES, _BITS = 8, 32
_LAST = torch.channels_last


class BinaryConv:
    """A convolution of +1 and -1 with zero padding.

    Args:
        weights: +1 and -1, [O, C, K, K].
        pads: top, left, bottom, right.
        stride: of both directions.
    """

    def __init__(self, weights: Tensor, pads: tuple[int, int, int, int], stride: int) -> None:
        self.out_channels, self.channels, self.kernel, _ = weights.shape
        self.pads, self.stride = pads, stride
        bits = np.zeros((self.kernel, self.kernel, -(-self.channels // _BITS) * _BITS, self.out_channels), np.uint32)
        bits[:, :, : self.channels] = weights.numpy().transpose(2, 3, 1, 0) > 0
        words = bits.reshape(self.kernel, self.kernel, -1, _BITS, self.out_channels)
        shifts = np.arange(_BITS, dtype=np.uint32)[:, None]
        self.weights = np.ascontiguousarray(np.bitwise_or.reduce(words << shifts, axis=3))

    def __call__(self, x: Tensor) -> Tensor:
        """Sums; [N, C, H, W] to [N, O, H', W']."""
        x = x.contiguous(memory_format=_LAST)
        n, _, height, width = x.shape
        top, left, bottom, right = self.pads
        out_h = (height + top + bottom - self.kernel) // self.stride + 1
        out_w = (width + left + right - self.kernel) // self.stride + 1
        out = torch.empty((n, self.out_channels, out_h, out_w), memory_format=_LAST)
        _library().binary_conv(
            n, height, width, self.channels, self.out_channels, self.kernel, self.stride, top, left, out_h, out_w,
            x.data_ptr(), self.weights.ctypes.data, out.data_ptr(),
        )  # fmt: skip
        return out


class Steps:
    """Thresholds reached, channel by channel, times scale, plus bias.

    Args:
        thresholds: [C, steps], or [1, steps] for all channels.
        scale, bias: of the counts.
    """

    def __init__(self, thresholds: Tensor, scale: float = 1.0, bias: float = 0.0) -> None:
        self.thresholds, self.scale, self.bias = thresholds.numpy(), scale, bias
        self.arranged: dict[int, np.ndarray] = {}

    def __call__(self, x: Tensor) -> Tensor:
        """[N, C, ...] to the same shape."""
        if x.dim() == 3:  # signals
            return self(x.unsqueeze(2)).squeeze(2)
        x = x.contiguous(memory_format=_LAST) if x.dim() == 4 else x.contiguous()
        assert x.dim() in (2, 4), "maps, or vectors"
        channels = x.shape[1]
        table = self._arranged(channels)
        out = torch.empty_like(x)
        steps = self.thresholds.shape[1]
        _library().count_steps(
            x.numel() // channels, channels, steps, x.data_ptr(), table.ctypes.data, self.scale, self.bias,
            out.data_ptr(),
        )  # fmt: skip
        return out

    def _arranged(self, channels: int) -> np.ndarray:
        """Of so many channels, in the order that the kernel reads them."""
        if channels not in self.arranged:
            groups = -(-channels // _LANES)
            padded = np.full((groups * _LANES, self.thresholds.shape[1]), np.inf, np.float32)
            padded[:channels] = self.thresholds
            ordered = padded.reshape(groups, _LANES, -1).transpose(0, 2, 1)
            self.arranged[channels] = np.ascontiguousarray(ordered)
        return self.arranged[channels]


class Channels:
    """Some channels, in an order."""

    def __init__(self, index: Tensor) -> None:
        self.index = np.ascontiguousarray(index.numpy().astype(np.int64))

    def __call__(self, x: Tensor) -> Tensor:
        """[N, C, H, W] to [N, chosen, H, W]."""
        if x.dim() != 4:
            return x[:, torch.from_numpy(self.index)]
        x = x.contiguous(memory_format=_LAST)
        n, channels, height, width = x.shape
        out = torch.empty((n, len(self.index), height, width), memory_format=_LAST)
        _library().take_channels(
            n * height * width, channels, len(self.index), x.data_ptr(), self.index.ctypes.data, out.data_ptr()
        )
        return out


_ARGUMENTS = {"binary_conv": "lllllllllllppp", "count_steps": "lllppffp", "take_channels": "lllppp"}


@cache
def _library() -> ctypes.CDLL:
    return native.functions(Path(__file__).with_name("integer_kernels.cpp"), _ARGUMENTS)
