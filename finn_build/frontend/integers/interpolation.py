"""Resizes: pixels repeated, or by whole numbers linear between them, which is a convolution of the image with zeros."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from math import gcd

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.across_channels import emit_every
from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.float_chain import FloatChain
from finn_build.frontend.integers.layers import MAX_WEIGHT, weight_dtype
from finn_build.frontend.integers.maps import map_name, map_shape
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.quantizer import QUANTIZERS
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.resizing import emit_upsample
from finn_build.frontend.integers.tensor import FLOAT32_EXACT, IntTensor

_ON_CHIP = {"Conv", "ConvTranspose", "Gemm", "MatMul", *QUANTIZERS} - {"DequantizeLinear"}
_MOST_TIMES = 16  # by which pixels are repeated, or of which one is taken
_CURE = "resize height and width, mode nearest, or by 2, 4 or 8 linear with align_corners=False"


@dataclass(frozen=True)
class _Linear:
    """Linear interpolation along one dimension, `times` as many pixels.

    Pixel `times * i + k` is a sum of parts of pixel i and those beside it; before the first pixel and behind the last
    lie copies of it. With `half_pixel` it is the centres of pixels that keep their places, else their beginnings.
    """

    times: int
    half_pixel: bool

    @property
    def parts(self) -> list[tuple[int, int, int]]:
        """(place within a block, distance of a pixel that counts, how much it counts in parts of `divisor`)."""
        whole, found = 2 * self.times, []
        for k in range(self.times):
            step, rest = divmod(2 * k + 1 - self.times if self.half_pixel else 2 * k, whole)
            found += [(k, step, whole - rest), (k, step + 1, rest)]
        common = gcd(*(part for _, _, part in found))
        return [(k, d, part // common) for k, d, part in found if part]

    @property
    def divisor(self) -> int:
        """Of which the parts of a pixel are."""
        return sum(part for k, _, part in self.parts if k == 0)

    @property
    def beside(self) -> tuple[int, int]:
        """Pixels that are read before and behind the image."""
        distances = [d for _, d, _ in self.parts]
        return -min(distances), max(distances)

    def kernel(self) -> tuple[np.ndarray, int, int]:
        """The kernel on the spread image with the pixels beside it; zeros before and behind, negative for a crop."""
        before, behind = self.beside
        taps = {self.times * (before + d) - k: part for k, d, part in self.parts}
        first, last = min(taps), max(taps)
        kernel = np.zeros(last - first + 1, np.int64)
        for place, part in taps.items():
            kernel[place - first] = part
        return kernel, -first, last - self.times * (before + behind)

    def __call__(self, values: np.ndarray, axis: int) -> np.ndarray:
        """Interpolate, in float64."""
        size = values.shape[axis]
        out = np.zeros((self.times, *np.moveaxis(values, axis, 0).shape))
        for k, d, part in self.parts:
            out[k] += part / self.divisor * np.moveaxis(values, axis, 0)[np.clip(np.arange(size) + d, 0, size - 1)]
        return np.moveaxis(np.moveaxis(out, 0, 1).reshape(-1, *out.shape[2:]), 0, axis)


@compiles("Resize", "Upsample")
def compile_resize(compilation: Compilation, node: NodeProto) -> None:
    """Resize or Upsample; the node itself is asked what it makes of an image.

    By a fraction pixels are repeated, and of these every few taken. Linear interpolation that no layer or quantizer
    follows is left to the host.
    """
    given = compilation.integer_input(node.input[0], "the input of the resize")
    shape = compilation.shape(node.output[0])
    if len(shape) not in (3, 4) or shape[:2] != given.shape[:2] or len(shape) != len(given.shape):
        raise Unsupported(f"a resize from {given.shape} to {shape}", _CURE)
    ratios = [Fraction(b, a) for a, b in zip(map_shape(given.shape)[2:], map_shape(shape)[2:], strict=True)]
    times, every = [r.numerator for r in ratios], [r.denominator for r in ratios]
    probe = np.random.default_rng(0).integers(0, 256, (1, 1, *given.shape[2:])).astype(np.float32)
    constants = {i: compilation.constants[i] for i in node.input[1:] if i}
    seen = FloatChain(node.input[0], node.output[0], [node], constants, len(shape), compilation.opset)(probe)
    image, seen = (v.reshape(map_shape(v.shape)) for v in (probe, seen))
    x, name = compilation.as_map(node, given), map_name(node.output[0], shape)
    repeated = image.repeat(times[0], axis=2).repeat(times[1], axis=3)
    for at in product(*map(range, every)):
        if np.array_equal(seen, repeated[:, :, at[0] :: every[0], at[1] :: every[1]]):
            made = _repeated(compilation, node, x, times, every, at, name)
            break
    else:
        if max(every) > 1:
            raise Unsupported(f"a resize from {given.shape} to {shape} that does not repeat pixels", _CURE)
        made = _emit_linear(compilation, node, x, list(_linear(image, seen, times)), name)
    compilation.from_map(node, made, node.output[0])


def _repeated(
    compilation: Compilation, node: NodeProto, x: IntTensor, times: Sequence[int], every: Sequence[int],
    at: Sequence[int], name: str,
) -> IntTensor:  # fmt: skip
    """Pixels `times` as often, and of these the one at a place of `every` few.

    Raises:
        Unsupported: what are taken are -1 and +1, or the fraction is none of small numbers.
    """
    if max(every) == 1:
        return emit_upsample(compilation, node, x, times, "nearest", name)
    if x.bipolar or max(*times, *every) > _MOST_TIMES:
        why = f"a resize of {times} to {every} pixels"
        raise Unsupported(why, f"resize by fractions of up to {_MOST_TIMES}, of 2 bits or more")
    if max(times) > 1:
        x = emit_upsample(compilation, node, x, times, "nearest", f"{name}_repeated")
    return emit_every(compilation, node, x, every, at, name)


def _linear(image: np.ndarray, seen: np.ndarray, times: list[int]) -> Iterator[_Linear]:
    """The interpolations of rows and of columns by which an image became what is seen.

    Raises:
        Unsupported: none of those that are known.
    """
    for half_pixel in (True, False):
        rows, columns = (_Linear(t, half_pixel) for t in times)
        if np.allclose(columns(rows(image, 2), 3), seen, rtol=1e-5, atol=1e-3):
            yield from (rows, columns)
            return
    raise Unsupported("a resize that neither repeats pixels as blocks nor is linear between their centres", _CURE)


def _emit_linear(
    compilation: Compilation, node: NodeProto, x: IntTensor, along: Sequence[_Linear], name: str
) -> IntTensor:
    """Copies of the border around the map, zeros between pixels, and a depthwise convolution with what counts how much.

    Raises:
        Unsupported: it is the host's, the weights have too many bits, or float32 would round such sums.
    """
    if not _before_a_layer(compilation, node):
        raise Unsupported("linear interpolation that no layer reads", "leave it to the host")
    (rows, top, bottom), (columns, left, right) = (a.kernel() for a in along)
    kernel, divisor = np.multiply.outer(rows, columns), along[0].divisor * along[1].divisor
    ends = divisor * x.low, divisor * x.high
    if divisor & divisor - 1 or kernel.max() > MAX_WEIGHT or max(np.abs(e).max() for e in ends) >= FLOAT32_EXACT:
        why = f"linear interpolation, {along[0].times} times as high and {along[1].times} times as wide"
        raise Unsupported(why, "resize by 2, 4 or 8 at once, of 8 bits or fewer")
    out = replace(
        x, name=name, shape=(*x.shape[:2], *(s * a.times for s, a in zip(x.shape[2:], along, strict=True))),
        low=ends[0], high=ends[1], divisor=x.divisor * divisor, bipolar=False,
    )  # fmt: skip
    border = [side for sides in zip(*(a.beside for a in along), strict=True) for side in sides]
    if any(border):
        x = compilation.emit_pad(node, x, border, f"{name}_bordered", mode="edge")
    x = emit_upsample(compilation, node, x, [a.times for a in along], "zeros", f"{name}_spread")
    pads = [top, left, bottom, right]
    if min(pads) < 0:
        x = compilation.emit_pad(node, x, [min(p, 0) for p in pads], f"{name}_cropped")
    weights = np.tile(kernel, (x.channels, 1, 1, 1))
    constant = compilation.parameter(f"{name}_weights", weights, weight_dtype(weights))
    compilation.emit(
        "Conv", [x.name, constant], out, node, group=x.channels, kernel_shape=list(kernel.shape), strides=[1, 1],
        pads=[max(p, 0) for p in pads], dilations=[1, 1],
    )  # fmt: skip
    return out


def _before_a_layer(compilation: Compilation, node: NodeProto) -> bool:
    """Whether anything that only the accelerator computes comes behind a node."""
    behind = set(node.output)
    for reader in compilation.source.graph.node:
        if behind & set(reader.input):
            if reader.op_type in _ON_CHIP:
                return True
            behind |= set(reader.output)
    return False
