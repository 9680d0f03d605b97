"""`integer_kernels.cpp` on tensors: convolutions of signs and of 16 bits, pools, steps, choice of channels."""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sim import native

_LANES, _BITS = 8, 32
_LAST = torch.channels_last


class _Conv(ABC):
    """A convolution with zero padding by a kernel.

    Args:
        weights: [O, C, K, K].
        pads: top, left, bottom, right.
        stride: of both directions.
    """

    kernel: str

    def __init__(self, weights: Tensor, pads: tuple[int, int, int, int], stride: int) -> None:
        self.out_channels, self.channels, self.size, _ = weights.shape
        self.pads, self.stride = pads, stride
        last = np.zeros((self.size, self.size, self.channels, -(-self.out_channels // _LANES) * _LANES), np.float32)
        last[..., : self.out_channels] = weights.numpy().transpose(2, 3, 1, 0)
        self.weights = np.ascontiguousarray(self.arranged(last))

    @abstractmethod
    def arranged(self, weights: np.ndarray) -> np.ndarray:
        """Weights [K, K, C, O up to a multiple of lanes] as the kernel reads them."""

    def __call__(self, x: Tensor) -> Tensor:
        """Sums; [N, C, H, W] to [N, O, H', W']."""
        x = x.contiguous(memory_format=_LAST)
        n, _, height, width = x.shape
        top, left, bottom, right = self.pads
        out_h = (height + top + bottom - self.size) // self.stride + 1
        out_w = (width + left + right - self.size) // self.stride + 1
        out = torch.empty((n, self.out_channels, out_h, out_w), memory_format=_LAST)
        if self.size == self.stride == 1 and not any(self.pads):  # a map is a row
            height, width, out_h, out_w = 1, height * width, 1, out_h * out_w
        getattr(_library(), self.kernel)(
            n, height, width, self.channels, self.out_channels, self.size, self.stride, top, left, out_h, out_w,
            x.data_ptr(), self.weights.ctypes.data, out.data_ptr(),
        )  # fmt: skip
        return out


class BinaryConv(_Conv):
    """A convolution of +1 and -1."""

    kernel = "binary_conv"

    def arranged(self, weights: np.ndarray) -> np.ndarray:
        """Bits of words, [K, K, words, O]."""
        size, _, channels, padded = weights.shape
        bits = np.zeros((size, size, -(-channels // _BITS) * _BITS, padded), np.uint32)
        bits[:, :, :channels] = weights > 0
        shifts = np.arange(_BITS, dtype=np.uint32)[:, None]
        return np.bitwise_or.reduce(bits.reshape(size, size, -1, _BITS, padded) << shifts, axis=3)


class IntegerConv(_Conv):
    """A convolution of integers and weights of 16 bits, whose sums have 32 at most."""

    kernel = "integer_conv"

    def arranged(self, weights: np.ndarray) -> np.ndarray:
        """Two neighbours of a row beside each other, [K, pairs, O, 2]."""
        size, _, channels, padded = weights.shape
        row = size * channels
        even = np.zeros((size, row + row % 2, padded), np.int16)
        even[:, :row] = weights.reshape(size, row, padded)
        return even.reshape(size, -1, 2, padded).swapaxes(2, 3)


class MaxPool:
    """The greatest of each window; what is padded never is.

    Args:
        kernel, stride: rows and columns.
        pads: top, left, bottom, right, each less than the kernel.
    """

    def __init__(self, kernel: tuple[int, int], stride: tuple[int, int], pads: tuple[int, int, int, int]) -> None:
        self.kernel, self.stride, self.pads = kernel, stride, pads

    def __call__(self, x: Tensor) -> Tensor:
        """[N, C, H, W] to [N, C, H', W']."""
        x = x.contiguous(memory_format=_LAST)
        n, channels, *sides = x.shape
        padded = [side + a + b for side, a, b in zip(sides, self.pads[:2], self.pads[2:], strict=True)]
        out_h, out_w = ((p - k) // s + 1 for p, k, s in zip(padded, self.kernel, self.stride, strict=True))
        out = torch.empty((n, channels, out_h, out_w), memory_format=_LAST)
        _library().max_pool(
            n, *sides, channels, *self.kernel, *self.stride, *self.pads[:2], out_h, out_w, x.data_ptr(), out.data_ptr()
        )
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
            return Steps.__call__(self, x.unsqueeze(2)).squeeze(2)
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


class StepTable(Steps):
    """The entry of a table at the number of thresholds reached, channel by channel.

    Args:
        thresholds: [C, steps], or [1, steps] for all channels.
        table: [C, entries], or [1, entries].
    """

    def __init__(self, thresholds: Tensor, table: Tensor) -> None:
        super().__init__(thresholds)
        self.table = table

    def __call__(self, x: Tensor) -> Tensor:
        """[N, C, ...] to the same shape."""
        counts = super().__call__(x)
        channels = x.shape[1]
        table = self.table.expand(channels, -1).contiguous()
        out = torch.empty_like(counts)
        _library().look_up(
            x.numel() // channels, channels, table.shape[1], counts.data_ptr(), table.data_ptr(), out.data_ptr()
        )
        return out


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


_ARGUMENTS = {
    "binary_conv": "lllllllllllppp", "integer_conv": "lllllllllllppp", "max_pool": "llllllllllllpp",
    "count_steps": "lllppffp", "look_up": "lllppp", "take_channels": "lllppp",
}  # fmt: skip


@cache
def _library() -> ctypes.CDLL:
    return native.functions(Path(__file__).with_name("integer_kernels.cpp"), _ARGUMENTS)
