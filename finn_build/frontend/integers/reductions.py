"""Means, sums and maxima over all pixels, over rows or columns, and over channels: pools, and convolutions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.across_channels import reduce_channels
from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.layers import attributes
from finn_build.frontend.integers.maps import map_name, map_shape
from finn_build.frontend.integers.pools import emit_sum
from finn_build.frontend.integers.problems import Unsupported, dimension
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.reshapes import emit_view, flat
from finn_build.frontend.integers.tensor import IntTensor


@compiles("ReduceMax", "ReduceMean", "ReduceSum")
def compile_reduction(compilation: Compilation, node: NodeProto) -> None:
    """ReduceMax, ReduceMean or ReduceSum; without `keepdims` the dimensions are gone, but for that of channels.

    Raises:
        Unsupported: it is over other dimensions, or over channels and pixels together.
    """
    a = attributes(node)
    axes = a.get("axes") or (compilation.constants.get(node.input[1]) if len(node.input) > 1 else None)
    shape, keeps = compilation.shape(node.input[0]), bool(a.get("keepdims", 1))
    along = set() if axes is None else {dimension(i, len(shape)) for i in axes}
    if along == {1} and len(shape) in (3, 4) and keeps:
        reduce_channels(compilation, node)
        return
    if not along or not along <= {2, 3} or len(shape) not in (3, 4):
        cure = "keep channels in dimension 1, reduce over what is behind it ((2, 3), 2 or 3), or over the channels "
        cure += "with keepdim=True, or leave it to the host"
        raise Unsupported(f"{node.op_type} over other axes than the pixels", cure)
    kernel = [size if k in along else 1 for k, size in enumerate(shape) if k > 1]
    left = tuple(1 if k in along else size for k, size in enumerate(shape))
    out, pooled = node.output[0], left if keeps or len(along) < len(shape) - 2 else left[:2]
    name = out if keeps else f"{out}_pooled"
    if node.op_type == "ReduceMax":
        made = _emit_greatest(compilation, node, name, pooled, kernel)
    else:
        counts = [np.full(side, size) for side, size in zip(left[2:], kernel, strict=True)]
        made = emit_sum(compilation, node, name, pooled, counts if node.op_type == "ReduceMean" else [], kernel)
    if not keeps and len(pooled) == 2:
        compilation.emit("Flatten", [made.name], flat(made, out), node, axis=1)
    elif not keeps:
        emit_view(compilation, node, made, compilation.shape(out))


def _emit_greatest(
    compilation: Compilation, node: NodeProto, out: str, shape: tuple[int, ...], kernel: list[int]
) -> IntTensor:
    """The greatest values of windows beside one another."""
    x = compilation.as_map(node, compilation.integer_input(node.input[0], "the input of the ReduceMax"))
    sides = map_shape((1, 1, *kernel))[2:]
    pooled = replace(x, name=map_name(out, shape), shape=(*map_shape(shape), 1, 1)[:4])
    window: dict[str, Any] = {"kernel_shape": sides, "strides": sides, "pads": [0, 0, 0, 0], "dilations": [1, 1]}
    compilation.emit("MaxPool", [x.name], pooled, node, **window)
    compilation.from_map(node, pooled, out)
    return pooled
