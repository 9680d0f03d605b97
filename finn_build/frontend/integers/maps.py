"""Signals of one dimension, (1, C, L), as maps of height 1, (1, C, 1, L): what windows move over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import NodeProto

from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.tensor import IntTensor


def map_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """(1, C, L) as (1, C, 1, L); any other shape as it is."""
    return (*shape[:2], 1, shape[2]) if len(shape) == 3 else shape


def map_name(name: str, shape: tuple[int, ...]) -> str:
    """Name of the map of a tensor: its own, but for a signal's."""
    return f"{name}_map" if len(shape) == 3 else name


def with_height(a: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of a window over one dimension as those of one of height 1."""
    lists = {name: [1, *a[name]] for name in ("kernel_shape", "strides", "dilations") if name in a}
    pads = {"pads": [0, a["pads"][0], 0, a["pads"][1]]} if "pads" in a else {}
    return {**a, **lists, **pads}


def as_map(compilation: Compilation, node: NodeProto, x: IntTensor) -> IntTensor:
    """An integer tensor as a map; a signal gets a view of height 1, once."""
    name = map_name(x.name, x.shape)
    return x if name == x.name else _view(compilation, node, x, map_shape(x.shape), name)


def from_map(compilation: Compilation, node: NodeProto, x: IntTensor, name: str) -> None:
    """What a window op made as tensor `name` of the network, in the shape that it has there."""
    if x.name != name:
        _view(compilation, node, x, (*x.shape[:2], x.shape[3]), name)


def _view(compilation: Compilation, node: NodeProto, x: IntTensor, shape: tuple[int, ...], name: str) -> IntTensor:
    if name not in compilation.ints:
        constant = compilation.parameter(f"{name}_shape", np.asarray(shape), "INT64")
        compilation.emit("Reshape", [x.name, constant], replace(x, name=name, shape=shape), node)
    return compilation.ints[name]
