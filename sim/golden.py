"""The fast integer model: the integer graph on whole batches, exact.

Convolutions of +1 and -1 are XNOR and popcount on packed bits, those of integers multiply 16 bits, pools and steps are
kernels in C++ too. The rest is PyTorch: float32 is exact where all results are below 2^24, those that may be wider are
computed in float64, and refused where they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from onnx import NodeProto, helper
from qonnx.core.datatype import BaseDataType, DataType
from qonnx.core.modelwrapper import ModelWrapper
from torch import Tensor
from torch.nn import functional

from finn_build.errors import SimulationError
from sim._integer_kernels import BinaryConv, Channels, IntegerConv, MaxPool, Steps, StepTable

_BATCH = 32  # frames: their maps stay in the cache
_FLOAT32_BITS = 25  # of integers that float32 does not round
_FLOAT32_EXACT = 1 << 24
_BIPOLAR = DataType["BIPOLAR"]


Operation = Callable[..., Tensor]


class IntegerModel:
    """Runs an integer graph made by `finn_build.frontend.integers.to_integers`."""

    def __init__(self, model: ModelWrapper):
        self._input = model.graph.input[0].name
        self._outputs = [o.name for o in model.graph.output]
        self._constants = {
            i.name: torch.from_numpy(np.array(model.get_initializer(i.name), np.float32))
            for i in model.graph.initializer
        }
        self._steps = [
            (node.output[0], [name for name in node.input if name not in self._constants], self._operation(node, model))
            for node in model.graph.node
        ]

    def run(self, ints: np.ndarray, keep: Iterable[str] | None = None) -> dict[str, np.ndarray]:
        """Values of the graph's outputs, and of the tensors named in `keep`, for a batch.

        Args:
            ints: int64 [N, C, H, W], the accelerator's input.
            keep: further tensors to return.

        Returns:
            int64 arrays [N, ...] by tensor name.

        Raises:
            SimulationError: a frame makes an integer that float32 may have rounded.
        """
        wanted = [*self._outputs, *(keep or ())]
        last = {name: number for number, (output, inputs, _) in enumerate(self._steps) for name in (output, *inputs)}
        ends: dict[int, list[str]] = defaultdict(list)
        for name in last.keys() - set(wanted):
            ends[last[name]].append(name)
        parts = [self._run_batch(ints[i : i + _BATCH], wanted, ends) for i in range(0, len(ints), _BATCH)]
        return {name: np.concatenate([p[name] for p in parts]) for name in wanted}

    @torch.inference_mode()
    def _run_batch(self, ints: np.ndarray, wanted: list[str], ends: Mapping[int, list[str]]) -> dict[str, np.ndarray]:
        """Each tensor is dropped behind the step that reads it last, `ends`: what stays small stays in the cache."""
        values = {self._input: torch.from_numpy(ints.astype(np.float32))}
        for number, (output, inputs, operation) in enumerate(self._steps):
            values[output] = operation(*(values[name] for name in inputs))
            for name in ends.get(number, ()):
                values.pop(name, None)
        return {name: values[name].numpy().astype(np.int64) for name in wanted}

    def _operation(self, node: NodeProto, model: ModelWrapper) -> Operation:
        """What a node does with those of its inputs that are no constants."""
        made = self._of_any_range(node, model)
        if max(model.get_tensor_datatype(name).bitwidth() for name in node.output) <= _FLOAT32_BITS:
            return made

        def checked(*values: Tensor) -> Tensor:
            found = made(*values)
            if found.abs().max() >= _FLOAT32_EXACT:
                raise SimulationError(
                    f"{node.output[0]}: a frame makes it 2^24 or larger, which the integer model does not hold: "
                    "use fewer bits in weights or activations"
                )
            return found

        return checked

    def _of_any_range(self, node: NodeProto, model: ModelWrapper) -> Operation:
        operands = [self._constants.get(name) for name in node.input]
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        made = _by_kernel(node, operands, attributes, model)
        if made is not None:
            return made
        function = _OPS[node.op_type]
        wide = max(model.get_tensor_datatype(name).bitwidth() for name in node.output) > _FLOAT32_BITS

        def operation(*values: Tensor) -> Tensor:
            given = iter(values)
            x = [next(given) if constant is None else constant for constant in operands]
            return (
                function([v.double() for v in x], attributes, node).float() if wide else function(x, attributes, node)
            )

        return operation


def _by_kernel(
    node: NodeProto, operands: list[Tensor | None], attributes: dict, model: ModelWrapper
) -> Operation | None:
    """A kernel for a node, where there is one."""
    first, constants = operands[0], [constant for constant in operands[1:] if constant is not None]
    if first is not None or len(constants) < len(operands) - 1:
        return None
    if node.op_type == "MultiThreshold":
        return Steps(constants[0], attributes["out_scale"], attributes["out_bias"])
    if node.op_type == "StepTable":
        return StepTable(*constants)
    if node.op_type == "Gather":
        return Channels(constants[0])
    if node.op_type == "MaxPool" and set(attributes.get("dilations", [1])) == {1}:
        return MaxPool(*(tuple(attributes[name]) for name in ("kernel_shape", "strides", "pads")))
    if node.op_type == "Conv":
        return _conv_kernel(
            constants[0], attributes, [model.get_tensor_datatype(name) for name in (*node.input, *node.output)]
        )
    return None


def _conv_kernel(weights: Tensor, attributes: dict, types: list[BaseDataType]) -> Operation | None:
    plain = attributes["group"] == 1 and attributes["dilations"] == [1, 1]
    if not plain or weights.shape[2] != weights.shape[3] or len(set(attributes["strides"])) > 1:
        return None
    *factors, sums = types
    binary = all(t == _BIPOLAR for t in factors)
    if not binary and (any(t.min() < -(2**15) or t.max() >= 2**15 for t in factors) or sums.bitwidth() > 32):
        return None
    return (BinaryConv if binary else IntegerConv)(weights, tuple(attributes["pads"]), attributes["strides"][0])


def _conv(operands: list[Tensor], attributes: dict, node: NodeProto) -> Tensor:
    x, weights = (operand.contiguous(memory_format=torch.channels_last) for operand in operands)
    top, left, bottom, right = attributes["pads"]
    padding = (top, left)
    if padding != (bottom, right):
        x, padding = functional.pad(x, (left, right, top, bottom)), (0, 0)
    return functional.conv2d(
        x, weights, None, attributes["strides"], padding, attributes["dilations"], attributes["group"]
    )


def _max_pool(operands: list[Tensor], attributes: dict, node: NodeProto) -> Tensor:
    top, left, bottom, right = attributes["pads"]
    x = operands[0]
    if any(attributes["pads"]):
        x = functional.pad(x, (left, right, top, bottom), value=-torch.inf)
    return functional.max_pool2d(
        x, attributes["kernel_shape"], attributes["strides"], dilation=attributes.get("dilations", 1)
    )


def _sum_pool(operands: list[Tensor], attributes: dict, node: NodeProto) -> Tensor:
    top, left, bottom, right = attributes["pads"]
    x = functional.pad(operands[0], (left, right, top, bottom))
    sums = functional.avg_pool2d(x, attributes["kernel_shape"], attributes["strides"], divisor_override=1)
    rows, columns = (sums.new_tensor(attributes.get(f"{side}_factors", [1])) for side in ("row", "column"))
    return sums * rows[:, None] * columns


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
    value = float(operands[2]) if len(operands) > 2 else None
    mode = {b"edge": "replicate"}.get(attributes["mode"], attributes["mode"].decode())
    return functional.pad(operands[0], (left, right, top, bottom), mode, value)


_OPS: dict[str, Callable[[list[Tensor], dict, NodeProto], Tensor]] = {
    "Conv": _conv,
    "MatMul": lambda operands, attributes, node: operands[0] @ operands[1],
    "MaxPool": _max_pool,
    "SumPool": _sum_pool,
    "Add": lambda operands, attributes, node: operands[0] + operands[1],
    "Mul": lambda operands, attributes, node: operands[0] * operands[1],
    "Max": lambda operands, attributes, node: torch.maximum(*operands),
    "Min": lambda operands, attributes, node: torch.minimum(*operands),
    "Expand": lambda operands, attributes, node: operands[0].expand(-1, *operands[1][1:].int().tolist()),
    "Flatten": lambda operands, attributes, node: operands[0].flatten(1),
    "Reshape": lambda operands, attributes, node: operands[0].reshape(-1, *operands[1][1:].int().tolist()),
    "Concat": lambda operands, attributes, node: torch.cat(operands, 1),
    "Upsample": _upsample,
    "DepthToSpace": _depth_to_space,
    "Pad": _pad,
    "ArgMax": lambda operands, attributes, node: operands[0].argmax(1, keepdim=True).float(),
}
