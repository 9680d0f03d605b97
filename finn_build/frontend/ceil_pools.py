"""Pools with `ceil_mode`: what windows that pass the edge are, and count, is PyTorch's in all that follows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.errors import UnsupportedModelError
from finn_build.frontend.integers.layer_names import layer_name
from finn_build.frontend.onnx_file import opset_of

_POOLS = ("AveragePool", "MaxPool")
_COUNTS_PIXELS = 19  # opset from which ONNX Runtime divides an average by what lies inside


def floored(model: ModelWrapper) -> bool:
    """Leave out windows that would begin in the padding behind an image, as PyTorch and ONNX Runtime do.

    ONNX infers shapes with them in opsets before 22 (findings/onnx_ceil_mode_shapes.sh). Before: `ceil_mode` 1. After:
    0, with as much padding behind as the last window wants. Of one pool, and no shape is known behind it.

    Returns:
        Whether there was one.

    Raises:
        UnsupportedModelError: an average pool that leaves out some along one dimension, and not along another.
    """
    for node, given in _ceiled(model):
        sides = _sides(model, node, given)
        if not any(dropped for dropped, _ in sides):
            continue
        if node.op_type == "AveragePool" and any(more for _, more in sides):
            what = f"{layer_name(node)}: an average pool whose windows pass the edge along one dimension alone"
            raise UnsupportedModelError(f"{what}; use ceil_mode=False, or pad the image before it")
        rank = len(sides)
        pads = list(given.get("pads", [0] * 2 * rank))
        behind = (pad + more for pad, (_, more) in zip(pads[rank:], sides, strict=True))
        _set(node, ceil_mode=0, pads=[*pads[:rank], *behind])
        del model.graph.value_info[:]
        for value in model.graph.output:
            value.type.tensor_type.ClearField("shape")
        return True
    return False


def count_pixels_only(model: ModelWrapper, path: Path) -> None:
    """Where an average pool has no padding, none counts: PyTorch's and ONNX's meaning of windows that pass the edge.

    Raises:
        UnsupportedModelError: of a file that ONNX Runtime is asked about, in an opset in which it counts all of them.
    """
    by_runtime = not any(node.domain not in ("", "ai.onnx") for node in model.graph.node)
    for node, given in _ceiled(model):
        if node.op_type != "AveragePool" or not given.get("count_include_pad", 0):
            continue
        passes = any(more for _, more in _sides(model, node, given))
        if by_runtime and passes and opset_of(model.model) < _COUNTS_PIXELS:
            what = f"{path}: {layer_name(node)}: an average pool whose windows pass the edge; ONNX Runtime divides them"
            why = "by all of a window in opsets before 19, PyTorch by what is inside"
            raise UnsupportedModelError(f"{what} {why}; use count_include_pad=False or ceil_mode=False")
        if not any(given.get("pads", ())):
            _set(node, count_include_pad=0)


def _ceiled(model: ModelWrapper) -> Iterator[tuple[NodeProto, dict[str, Any]]]:
    for node in model.graph.node:
        given = {a.name: helper.get_attribute_value(a) for a in node.attribute} if node.op_type in _POOLS else {}
        if given.get("ceil_mode", 0) and given.get("auto_pad", b"NOTSET") == b"NOTSET":
            yield node, given


def _sides(model: ModelWrapper, node: NodeProto, given: dict[str, Any]) -> list[tuple[bool, int]]:
    return [_side(given, k, size) for k, size in enumerate((model.get_tensor_shape(node.input[0]) or [])[2:])]


def _side(given: dict[str, Any], k: int, size: int) -> tuple[bool, int]:
    """Along one dimension: whether a window is left out, and how far the last one that stays passes the padding."""
    rank = len(given["kernel_shape"])
    stride, dilation = given.get("strides", [1] * rank)[k], given.get("dilations", [1] * rank)[k]
    before, behind = (given.get("pads", [0] * 2 * rank)[at] for at in (k, k + rank))
    reach = (given["kernel_shape"][k] - 1) * dilation + 1
    last = -(-(size + before + behind - reach) // stride)  # window, from 0
    dropped = last * stride >= size + before
    last -= dropped
    return dropped, max(0, last * stride + reach - size - before - behind)


def _set(node: NodeProto, **values: Any) -> None:
    for attribute in [a for a in node.attribute if a.name in values]:
        node.attribute.remove(attribute)
    node.attribute.extend(helper.make_attribute(name, value) for name, value in values.items())
