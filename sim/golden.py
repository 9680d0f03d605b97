"""The fast integer model: the integer graph on whole batches, in PyTorch, exact.

Sums stay below 2^24 (the integer compiler refuses wider ones), so float32 convolutions are exact integer arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from torch import Tensor
from torch.nn import functional

_BATCH = 64


class IntegerModel:
    """Runs an integer graph made by `finn_build.frontend.integers.to_integers`."""

    def __init__(self, model: ModelWrapper):
        self._nodes = list(model.graph.node)
        self._input = model.graph.input[0].name
        self._outputs = [o.name for o in model.graph.output]
        self._constants = {
            i.name: torch.from_numpy(np.array(model.get_initializer(i.name), np.float32))
            for i in model.graph.initializer
        }

    def run(self, ints: np.ndarray, keep: Iterable[str] | None = None) -> dict[str, np.ndarray]:
        """Values of the graph's outputs, and of the tensors named in `keep`, for a batch.

        Args:
            ints: int64 [N, C, H, W], the accelerator's input.
            keep: further tensors to return.

        Returns:
            int64 arrays [N, ...] by tensor name.
        """
        wanted = [*self._outputs, *(keep or ())]
        parts = [self._run_batch(ints[i : i + _BATCH], wanted) for i in range(0, len(ints), _BATCH)]
        return {name: np.concatenate([p[name] for p in parts]) for name in wanted}

    @torch.inference_mode()
    def _run_batch(self, ints: np.ndarray, wanted: list[str]) -> dict[str, np.ndarray]:
        values = dict(self._constants)
        values[self._input] = torch.from_numpy(ints.astype(np.float32))
        for node in self._nodes:
            operands = [values[name] for name in node.input]
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            values[node.output[0]] = _OPS[node.op_type](operands, attributes, node)
        return {name: values[name].numpy().astype(np.int64) for name in wanted}


def _conv(operands: list[Tensor], attributes: dict, node: NodeProto) -> Tensor:
    x, weights = operands
    top, left, bottom, right = attributes["pads"]
    return functional.conv2d(functional.pad(x, (left, right, top, bottom)), weights, stride=attributes["strides"])


def _max_pool(operands: list[Tensor], attributes: dict, node: NodeProto) -> Tensor:
    top, left, bottom, right = attributes["pads"]
    x = functional.pad(operands[0], (left, right, top, bottom), value=-torch.inf)
    return functional.max_pool2d(x, attributes["kernel_shape"], attributes["strides"])


def _sum_pool(operands: list[Tensor], attributes: dict, node: NodeProto) -> Tensor:
    top, left, bottom, right = attributes["pads"]
    x = functional.pad(operands[0], (left, right, top, bottom))
    return functional.avg_pool2d(x, attributes["kernel_shape"], attributes["strides"], divisor_override=1)


def _count(x: Tensor, thresholds: Tensor) -> Tensor:
    """Thresholds reached, channel by channel; x (N, C, ...), thresholds (C or 1, S)."""
    by_channel = x.movedim(1, 0).contiguous()
    rows = thresholds.expand(by_channel.shape[0], -1).contiguous()
    count = torch.searchsorted(rows, by_channel.reshape(by_channel.shape[0], -1), right=True)
    return count.reshape(by_channel.shape).movedim(0, 1)


def _multi_threshold(operands: list[Tensor], attributes: dict, node: NodeProto) -> Tensor:
    return _count(*operands).float() * attributes["out_scale"] + attributes["out_bias"]


def _step_table(operands: list[Tensor], attributes: dict, node: NodeProto) -> Tensor:
    x, thresholds, table = operands
    count = _count(x, thresholds).movedim(1, 0)
    rows = table.expand(count.shape[0], -1)
    return rows.gather(1, count.reshape(count.shape[0], -1)).reshape(count.shape).movedim(0, 1)


def _upsample(operands: list[Tensor], attributes: dict, node: NodeProto) -> Tensor:
    sy, sx = attributes["scale"]
    if attributes["function"] == b"nearest":
        return operands[0].repeat_interleave(sy, 2).repeat_interleave(sx, 3)
    n, c, h, w = operands[0].shape
    out = operands[0].new_zeros(n, c, h * sy, w * sx)
    out[:, :, ::sy, ::sx] = operands[0]
    return out


def _depth_to_space(operands: list[Tensor], attributes: dict, node: NodeProto) -> Tensor:
    size = attributes["blocksize"]
    by_channel = operands[0].unflatten(1, (size * size, -1)).transpose(1, 2).flatten(1, 2)
    return functional.pixel_shuffle(by_channel, size)


def _pad(operands: list[Tensor], attributes: dict, node: NodeProto) -> Tensor:
    _, _, top, left, _, _, bottom, right = (int(p) for p in operands[1])
    return functional.pad(operands[0], (left, right, top, bottom))


_OPS: dict[str, Callable[[list[Tensor], dict, NodeProto], Tensor]] = {
    "Conv": _conv,
    "MatMul": lambda operands, attributes, node: operands[0] @ operands[1],
    "MultiThreshold": _multi_threshold,
    "StepTable": _step_table,
    "MaxPool": _max_pool,
    "SumPool": _sum_pool,
    "Add": lambda operands, attributes, node: operands[0] + operands[1],
    "Mul": lambda operands, attributes, node: operands[0] * operands[1],
    "Flatten": lambda operands, attributes, node: operands[0].flatten(1),
    "Gather": lambda operands, attributes, node: operands[0][:, operands[1].long()],
    "Concat": lambda operands, attributes, node: torch.cat(operands, 1),
    "Upsample": _upsample,
    "DepthToSpace": _depth_to_space,
    "Pad": _pad,
    "ArgMax": lambda operands, attributes, node: operands[0].argmax(1, keepdim=True).float(),
}
