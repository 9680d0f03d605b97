"""Random networks as users of Brevitas write them: `random_network(seed)` gives one, small, in eval mode.

From seed 1000 on convolutions may be dilated, depthwise and grouped too, from 2000 on also images' own pixels lie
around them, windows of averages hold different numbers of pixels, and residuals are differences or products.

Batch norm statistics and learned scales come from random images; a quarter of the batch norm scales are negative.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from brevitas.export import export_qonnx
from brevitas.nn import QuantConv2d, QuantHardTanh, QuantIdentity, QuantLinear, QuantReLU
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    Int8ActPerTensorFloat,
    Int8BiasPerTensorFixedPointInternalScaling,
    Int8WeightPerChannelFloat,
    Int8WeightPerTensorFixedPoint,
    Int8WeightPerTensorFloat,
    SignedBinaryActPerTensorConst,
    SignedBinaryWeightPerTensorConst,
    SignedTernaryWeightPerTensorConst,
    Uint8ActPerTensorFixedPoint,
    Uint8ActPerTensorFloat,
)
from brevitas.quant.fixed_point import Int8WeightPerChannelFixedPoint
from torch import Tensor, nn

T = TypeVar("T")
_MAX_CONVS = 6
_ALL_KINDS, ALL_FROM = 1000, 2000  # seeds from here on
_FLOAT_ACTIVATIONS: tuple[Callable[[int], nn.Module], ...] = (
    lambda c: nn.PReLU(c), lambda c: nn.LeakyReLU(0.25), lambda c: nn.SiLU(), lambda c: nn.Sigmoid(),
    lambda c: nn.Tanh(), lambda c: nn.ELU(), lambda c: nn.ReLU(), lambda c: nn.Hardtanh(), lambda c: nn.GELU(),
    lambda c: nn.PReLU(),
)  # fmt: skip


@dataclass(frozen=True)
class RandomNetwork:
    """A network, what it takes and whether float32 computes it exactly.

    Attributes:
        model: in eval mode.
        images: float32 [frames, C, H, W].
        exact: PyTorch's sums are exact: every scale is a power of two, and no float bias is among the terms.
    """

    model: nn.Module
    images: np.ndarray
    exact: bool

    def export(self, path: Path, **options: Any) -> Path:
        """Write it by Brevitas' own export."""
        export_qonnx(self.model, torch.zeros(1, *self.images.shape[1:]), str(path), **options)
        return path

    def logits(self) -> tuple[np.ndarray, ...]:
        """What PyTorch computes, image by image."""
        with torch.inference_mode():
            outputs = [self.model(torch.from_numpy(image[None])) for image in self.images]
        frames = [out if isinstance(out, tuple) else (out,) for out in outputs]
        return tuple(np.concatenate([f[k].numpy() for f in frames]) for k in range(len(frames[0])))


def random_network(seed: int, frames: int = 4, exact: bool | None = None) -> RandomNetwork:
    """The network of a seed; `exact` overrides the draw between power-of-two and float scales."""
    torch.manual_seed(seed)
    make = _Maker(np.random.default_rng(seed), exact, seed >= _ALL_KINDS, seed >= ALL_FROM)
    model = _Network(make)
    images = torch.rand((16, *model.image), generator=torch.Generator().manual_seed(seed))
    _settle(model, images, make)
    return RandomNetwork(model.eval(), images[:frames].numpy(), make.exact and not make.rounds)


@torch.no_grad()
def _settle(model: nn.Module, images: Tensor, make: _Maker) -> None:
    """Collect batch norm statistics and learned scales, then turn some channels round."""
    model.train()
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = 0.5
    for _ in range(4):
        model(images)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            sign = torch.from_numpy(make.rng.choice([1.0, 1.0, 1.0, -1.0], module.num_features))
            module.weight.mul_(sign * torch.from_numpy(make.rng.uniform(0.2, 2.0, module.num_features)))
            module.bias.add_(torch.from_numpy(make.rng.normal(0, 0.5, module.num_features)))


class _Maker:
    """Draws modules; keeps the shape [channels, height, width] of the tensor so far."""

    def __init__(self, rng: np.random.Generator, exact: bool | None, of_all_kinds: bool, uneven: bool) -> None:
        self.rng, self.convs, self.rounds, self.of_all_kinds, self.uneven = rng, 0, False, of_all_kinds, uneven
        drawn = self.chance(0.6)
        self.exact = drawn if exact is None else exact
        self.shape = (self.one_of(1, 3), int(rng.integers(6, 15)), int(rng.integers(6, 15)))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def one_of(self, *choices: T) -> T:
        return choices[int(self.rng.integers(len(choices)))]

    def quantizer(self, bits: int | None = None, signed: bool | None = None) -> nn.Module:
        """An activation quantizer, learned scale or fixed."""
        bits = self.one_of(1, 2, 3, 4, 4, 8) if bits is None else bits
        signed = self.chance(0.5) if signed is None else signed
        if bits == 1:  # Brevitas exports an unsigned one as BipolarQuant too, which is another function
            return QuantIdentity(SignedBinaryActPerTensorConst, scaling_init=self.one_of(0.5, 1.0))
        if not self.exact:
            return (
                QuantIdentity(Int8ActPerTensorFloat, bit_width=bits)
                if signed
                else QuantReLU(Uint8ActPerTensorFloat, bit_width=bits)
            )
        fixed = {"scaling_impl_type": "const", "restrict_scaling_type": "power_of_two", "bit_width": bits}
        if signed:
            return self.one_of(
                QuantIdentity(Int8ActPerTensorFixedPoint, bit_width=bits),
                QuantHardTanh(Int8ActPerTensorFixedPoint, min_val=-1.0, max_val=1.0, **fixed),
            )
        return self.one_of(
            QuantReLU(Uint8ActPerTensorFixedPoint, bit_width=bits),
            QuantReLU(Uint8ActPerTensorFixedPoint, max_val=2.0, **fixed),
        )

    def weights(self) -> dict[str, Any]:
        """A weight quantizer."""
        kind = self.one_of("binary", "binary", "ternary", "tensor", "channel")
        if kind == "binary":
            return {
                "weight_quant": SignedBinaryWeightPerTensorConst,
                "weight_scaling_init": self.one_of(0.25, 1.0) if self.exact else 0.3,
            }
        if kind == "ternary":
            return {
                "weight_quant": SignedTernaryWeightPerTensorConst,
                "weight_scaling_init": 0.5,
                "weight_threshold": 0.25,
            }
        quants = {
            (True, "tensor"): Int8WeightPerTensorFixedPoint, (True, "channel"): Int8WeightPerChannelFixedPoint,
            (False, "tensor"): Int8WeightPerTensorFloat, (False, "channel"): Int8WeightPerChannelFloat,
        }  # fmt: skip
        return {"weight_quant": quants[self.exact, kind], "weight_bit_width": int(self.rng.integers(2, 9))}

    def bias(self) -> dict[str, Any]:
        """No bias, a float one, or one quantized by itself."""
        kind = self.one_of("none", "none", "float", "int8")
        self.rounds |= kind == "float"  # where in the sum PyTorch adds it, and so what it rounds, is its own affair
        return {"bias": kind != "none"} | (
            {"bias_quant": Int8BiasPerTensorFixedPointInternalScaling} if kind == "int8" else {}
        )

    def conv(self, keep: bool = False) -> list[nn.Module]:
        """A convolution, its padding maybe a module of its own; `keep` keeps the image's size."""
        self.convs += 1
        channels, height, width = self.shape
        kernel = tuple(min(self.one_of(1, 2, 3, 3, 3, 4, 5, 7, 9), 2 * d - 1) for d in (height, width))
        kernel = kernel if self.chance(0.25) else (min(kernel),) * 2
        kernel = tuple(k - 1 + k % 2 for k in kernel) if keep else kernel
        stride = (1, 1) if keep else self.one_of((1, 1), (1, 1), (2, 2), (2, 1), (1, 2))
        dilation, groups = self._kind(channels, kernel) if self.of_all_kinds else ((1, 1), 1)
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        padding = tuple(
            k // 2 if keep or k > d else int(self.rng.integers(0, k // 2 + 1))
            for k, d in zip(reach, (height, width), strict=True)
        )
        out = channels if keep and self.chance(0.5) else int(self.rng.integers(1, 17))
        out = -(-out // groups) * groups
        before: list[nn.Module] = []
        bottom = right = 0
        if not keep and self.chance(0.15):
            bottom, right = (int(self.rng.integers(0, 2)) for _ in range(2))
            before, pads = [nn.ZeroPad2d((padding[1], padding[1] + right, padding[0], padding[0] + bottom))], (0, 0)
        elif self.uneven and padding[0] < height and padding[1] < width and self.chance(0.4):
            border = self.one_of(nn.ReflectionPad2d, nn.ReplicationPad2d)
            before, pads = [border((padding[1], padding[1], padding[0], padding[0]))], (0, 0)
        else:
            pads = padding
        sizes = [
            (d + 2 * p + e - k) // s + 1
            for d, p, e, k, s in zip((height, width), padding, (bottom, right), reach, stride, strict=True)
        ]
        self.shape = (out, *sizes)
        layer = QuantConv2d(
            channels, out, kernel, stride=stride, padding=pads, dilation=dilation, groups=groups,
            **self.weights(), **self.bias(),
        )  # fmt: skip
        return [*before, layer]

    def _kind(self, channels: int, kernel: tuple[int, ...]) -> tuple[tuple[int, int], int]:
        """Dilation, as far as the image reaches, and groups: one, a channel each, or between."""
        dilation = self.one_of((1, 1), (1, 1), (2, 2), (1, 3), (2, 1))
        fits = all((k - 1) * d < size for k, d, size in zip(kernel, dilation, self.shape[1:], strict=True))
        divisors = [n for n in range(1, channels + 1) if channels % n == 0]
        return dilation if fits else (1, 1), self.one_of(1, channels, self.one_of(*divisors))

    def float_part(self, norm: bool | None = None) -> list[nn.Module]:
        """Batch norm and activation between an accumulator and its quantizer; either may be missing."""
        channels = self.shape[0]
        layers: list[nn.Module] = [nn.BatchNorm2d(channels)] if (self.chance(0.85) if norm is None else norm) else []
        return layers + ([self.one_of(*_FLOAT_ACTIVATIONS)(channels)] if self.chance(0.5) else [])

    def max_pool(self) -> list[nn.Module]:
        """A max pool, with padding or a stride unlike its kernel; nothing where the image is small."""
        _, height, width = self.shape
        if min(height, width) < 4:
            return []
        kernel, stride, padding = self.one_of(
            (2, 2, 0), (2, 2, 0), (3, 2, 1), (2, 1, 0), (3, 1, 1), ((2, 1), (2, 1), 0), (3, 3, 0)
        )
        pool = nn.MaxPool2d(kernel, stride, padding)
        self._shrink(pool)
        return [pool]

    def average_pool(self) -> list[nn.Module]:
        """An average pool and the quantizer behind it."""
        pool = nn.AvgPool2d(2, self.one_of(1, 2))
        if self.uneven:
            around = {"padding": 1} if self.chance(0.5) else {"ceil_mode": True}
            pool, self.rounds = nn.AvgPool2d(3, 2, count_include_pad=False, **around), True
        self._shrink(pool)
        return [pool, self.quantizer()]

    def _shrink(self, pool: nn.Module) -> None:
        self.shape = tuple(pool(torch.zeros(1, *self.shape)).shape[1:])  # type: ignore[assignment]

    def block(self, keep: bool = False, last: nn.Module | None = None) -> nn.Sequential:
        """Convolution to quantizer (`last` where it is given), with a max pool before or behind it."""
        layers = [*self.conv(keep), *self.float_part()]
        pools = ("average", "average", "behind") if self.uneven else ("before", "behind", "average", None)
        pool = None if keep else self.one_of(*pools, None, None)
        if pool == "before":  # of float values: nothing between them may fall
            layers += self.max_pool()
        layers.append(last or self.quantizer())
        if pool == "behind":
            layers += self.max_pool()
        if pool == "average" and min(self.shape[1:]) >= 3:
            layers += self.average_pool()
        return nn.Sequential(*layers)

    def stages(self) -> list[nn.Module]:
        stages: list[nn.Module] = []
        for _ in range(int(self.rng.integers(1, 5))):
            if self.convs >= _MAX_CONVS:
                break
            stages.append(_Residual(self) if self.chance(0.45) else self.block())
        return stages


class _Residual(nn.Module):
    """A shortcut (identity or a convolution) around one to three convolutions; maybe another one nested inside."""

    def __init__(self, make: _Maker, depth: int = 0) -> None:
        super().__init__()
        bits = make.one_of(2, 4, 4, 8)
        self.enter, shared = make.quantizer(bits, signed=True), make.quantizer(bits, signed=True)
        inner: list[nn.Module] = []
        start = make.shape
        for _ in range(int(make.rng.integers(0, 3))):
            inner.append(make.block(keep=True))
        if depth == 0 and make.chance(0.3):
            inner.append(_Residual(make, 1))
        channels = make.shape[0]
        self.identity = channels == start[0] and make.chance(0.7)
        inner.append(self._closing(make, start[0] if self.identity else channels, shared))
        self.branch, end = nn.Sequential(*inner), make.shape
        make.shape = start
        self.shortcut = nn.Sequential() if self.identity else self._closing(make, end[0], shared)
        self.again = shared if self.identity else nn.Identity()
        kinds = (torch.add, torch.sub, torch.mul)
        self.join = make.one_of(*kinds) if make.uneven else torch.add
        self.leave = (
            nn.Sequential(*make.float_part(norm=make.chance(0.3)), make.quantizer())
            if self.join is torch.mul or make.chance(0.7)
            else nn.Identity()
        )

    @staticmethod
    def _closing(make: _Maker, out: int, last: nn.Module) -> nn.Sequential:
        make.convs += 1
        kernel = make.one_of(1, 3)
        conv = QuantConv2d(make.shape[0], out, kernel, padding=kernel // 2, bias=False, **make.weights())
        make.shape = (out, *make.shape[1:])
        return nn.Sequential(conv, *make.float_part(), last)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        return self.leave(self.join(self.branch(x), self.again(self.shortcut(x))))


class _Network(nn.Module):
    """Input quantizer, stages, one of several heads, and what follows the logits."""

    def __init__(self, make: _Maker) -> None:
        super().__init__()
        self.image, self.centred = make.shape, make.chance(0.5)
        self.pixels = make.quantizer(make.one_of(8, 8, 8, 4, 2, 1), signed=self.centred)
        self.stages = nn.Sequential(*make.stages())
        self.head = make.one_of("dense", "dense", "mean", "pooled", "conv")
        channels, height, width = make.shape
        classes, pixels = int(make.rng.integers(2, 11)), height * width
        features = channels * pixels if self.head == "dense" else channels
        if self.head == "mean" and pixels & (pixels - 1):
            make.rounds = True  # sums of n / pixels
        if self.head == "conv":
            self.dense: nn.Module = QuantConv2d(channels, classes, 1, bias=False, **make.weights())
        else:
            self.dense = QuantLinear(features, classes, **make.weights(), **make.bias())
        self.quant = make.quantizer(make.one_of(4, 8)) if self.head == "pooled" else nn.Identity()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.end = make.one_of("plain", "plain", "norm", "quant", "label", "two")
        self.norm = nn.BatchNorm1d(classes)
        self.out_quant = make.quantizer(8, signed=True)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        features = x = self.stages(self.pixels(2.0 * x - 1.0 if self.centred else x))
        if self.head == "dense":
            x = self.dense(x.flatten(1))
        elif self.head == "mean":
            x = self.dense(x.mean((2, 3)))
        elif self.head == "pooled":
            x = self.dense(self.quant(self.pool(x)).flatten(1))
        else:
            x = self.pool(self.dense(x)).flatten(1)
        if self.end == "norm":
            return self.norm(x)
        if self.end == "quant":
            return self.out_quant(x)
        if self.end == "label":
            return x.argmax(1, keepdim=True)
        return (x, features) if self.end == "two" else x
