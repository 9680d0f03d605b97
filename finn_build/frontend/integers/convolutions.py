"""Convolutions on integers: dense, depthwise, grouped and dilated, over two dimensions or one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.channels import pick
from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.layers import (
    accumulator,
    attributes,
    check_kernel,
    explicit_pads,
    padded_apart,
    scalar_input,
    weight_dtype,
    weights_of,
)
from finn_build.frontend.integers.maps import map_name, map_shape, with_height
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.tensor import IntTensor


@compiles("Conv")
def compile_conv(compilation: Compilation, node: NodeProto) -> None:
    """Convolution on integers; a bias becomes part of the float chain behind it."""
    a = attributes(node)
    weights, scale = weights_of(compilation, node.input[1])
    if weights.ndim == 3:
        a, weights = with_height(a), weights[:, :, None]
    if weights.ndim != 4:
        raise Unsupported(f"a convolution over {weights.ndim - 2} dimensions", "use convolutions over one or two")
    kernel, (source, extra) = list(weights.shape[2:]), compilation.unpadded(node.input[0])
    check_kernel(a, kernel)
    dilations = list(a.get("dilations", [1, 1]))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    if any(p >= k for p, k in zip(extra, [*reach, *reach], strict=True)):
        source, extra = node.input[0], (0, 0, 0, 0)  # too wide for the window to make: an op of its own
    image, out = (map_shape(compilation.shape(name))[2:] for name in (node.input[0], node.output[0]))
    pads = [p + q for p, q in zip(explicit_pads(a, image, out, kernel), extra, strict=True)]
    if any(p >= k for p, k in zip(pads, [*reach, *reach], strict=True)):
        x = compilation.as_map(node, compilation.integer_input(source, "the input of the Conv"))
        x, pads = padded_apart(compilation, node, x, reach, pads)
        source = x.name
    window = {"kernel_shape": kernel, "strides": a.get("strides", [1, 1]), "pads": pads, "dilations": dilations}
    sums = _Convolution(compilation, node, window).sums(source, weights, scale, a.get("group", 1))
    compilation.from_map(node, sums, node.output[0])


class _Convolution:
    """One convolution of the network, which may take several of the integer graph."""

    def __init__(self, compilation: Compilation, node: NodeProto, window: dict[str, Any]) -> None:
        self.compilation, self.node, self.window = compilation, node, window
        self.shape = compilation.shape(node.output[0])
        self.name = map_name(node.output[0], self.shape)

    def sums(self, source: str, weights: np.ndarray, scale: np.ndarray, groups: int) -> IntTensor:
        """The sums of all groups: a group of one channel has products within it alone."""
        depthwise = weights.shape[1] == 1 and groups == self.compilation.shape(self.node.input[0])[1]
        if depthwise and groups > 1:
            x = self.compilation.integer_input(source, "the input of the Conv")
            return self._depthwise(self.compilation.as_map(self.node, x), weights, scale)
        x = self.compilation.as_map(self.node, scalar_input(self.compilation, self.node, source))
        return self._emit(x, weights, scale, self.name) if groups == 1 else self._grouped(x, weights, scale, groups)

    def _depthwise(self, x: IntTensor, weights: np.ndarray, scale: np.ndarray) -> IntTensor:
        """One convolution for each sum that a channel gives, their results between one another."""
        times = len(weights) // x.channels
        if times <= 1 or len(weights) % x.channels:
            return self._emit(x, weights, scale, self.name, x.channels)
        scales = [scale.reshape(-1)[k::times] if scale.size > 1 else scale for k in range(times)]
        parts = [self._emit(x, weights[k::times], scales[k], f"{self.name}_{k}", x.channels) for k in range(times)]
        joined = self._join(parts, f"{self.name}_joined")
        order = np.arange(joined.channels).reshape(times, -1).T.ravel()
        return pick(self.compilation, self.node, joined, order, self.name)

    def _grouped(self, x: IntTensor, weights: np.ndarray, scale: np.ndarray, groups: int) -> IntTensor:
        """A convolution for each slice of the channels."""
        size, rows = x.channels // groups, len(weights) // groups
        if size * groups != x.channels or rows * groups != len(weights) or weights.shape[1] != size:
            made = f"{weights.shape[1]} channels of {x.channels} in {groups} groups to {len(weights)}"
            raise Unsupported(f"a grouped convolution from {made}", "export the network again")
        parts = []
        for g in range(groups):
            part = pick(self.compilation, self.node, x, np.arange(size) + g * size, f"{self.name}_input_{g}")
            mine = slice(g * rows, (g + 1) * rows)
            scales = scale.reshape(-1)[mine] if scale.size > 1 else scale
            parts.append(self._emit(part, weights[mine], scales, f"{self.name}_{g}"))
        return self._join(parts, self.name)

    def _join(self, parts: list[IntTensor], name: str) -> IntTensor:
        """The channels of all parts behind one another."""
        scales = [np.broadcast_to(p.scale, p.channels) for p in parts]
        out = replace(
            parts[0], name=name, shape=(1, sum(p.channels for p in parts), *parts[0].shape[2:]),
            scale=np.concatenate(scales) if any(p.scale.ndim for p in parts) else parts[0].scale,
            low=np.concatenate([p.low for p in parts]), high=np.concatenate([p.high for p in parts]),
        )  # fmt: skip
        self.compilation.emit("Concat", [p.name for p in parts], out, self.node, axis=1)
        return out

    def _emit(self, x: IntTensor, weights: np.ndarray, scale: np.ndarray, name: str, groups: int = 1) -> IntTensor:
        """One convolution of the integer graph."""
        low, high = x.low, x.high
        if any(self.window["pads"]):
            low, high = np.minimum(low, 0), np.maximum(high, 0)
        low, high = (bound.reshape(groups, -1, 1, 1) for bound in (low, high))
        shape = (1, len(weights), *map_shape(self.shape)[2:])
        out = accumulator(name, shape, x, weights, scale, low, high, groups)
        constant = self.compilation.parameter(f"{name}_weights", weights, weight_dtype(weights))
        self.compilation.emit("Conv", [x.name, constant], out, self.node, group=groups, **self.window)
        return out
