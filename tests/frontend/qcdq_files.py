"""Small QCDQ files, as three tools write them and by hand: QuantizeLinear, Clip, DequantizeLinear."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from brevitas.export import export_onnx_qcdq
from brevitas.nn import QuantConv2d, QuantIdentity, QuantLinear, QuantReLU
from brevitas.quant import (
    Int8ActPerTensorFloat,
    Int8WeightPerChannelFloat,
    Int32Bias,
    ShiftedUint8ActPerTensorFloat,
    ShiftedUint8WeightPerTensorFloat,
)
from onnx import ModelProto, TensorProto, helper, numpy_helper, save
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from torch import Tensor, nn
from torch.ao import quantization as torch_quantization
from torch.ao.quantization import quantize_fx

SHAPE = (1, 8, 8)


def brevitas_file(path: Path, shifted: bool = False) -> Path:
    """Four-bit weights per channel, a bias of 32 bits, activations of 8 and 4 bits; or all with zero points."""
    torch.manual_seed(0)
    weights: dict[str, Any] = {"weight_quant": Int8WeightPerChannelFloat, "weight_bit_width": 4}
    pixels = ShiftedUint8ActPerTensorFloat if shifted else Int8ActPerTensorFloat
    if shifted:
        weights = {"weight_quant": ShiftedUint8WeightPerTensorFloat}
    model = nn.Sequential(
        QuantIdentity(pixels, return_quant_tensor=True),
        QuantConv2d(1, 4, 3, padding=1, bias=True, bias_quant=Int32Bias, **weights),
        nn.BatchNorm2d(4),
        QuantReLU(bit_width=4),
        nn.MaxPool2d(2),
        nn.Flatten(),
        QuantLinear(64, 5, bias=True, weight_bit_width=3),
    )
    model.train()(torch.rand(8, *SHAPE))
    export_onnx_qcdq(model.eval(), torch.zeros(1, *SHAPE), str(path), dynamo=False)
    return path


class _Residual(nn.Module):
    """A shortcut around a convolution, a pool and a dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.norm, self.dense = nn.BatchNorm2d(4), nn.Linear(64, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x).relu()
        x = self.norm(self.second(x)).relu() + x
        return self.dense(nn.functional.max_pool2d(x, 2).flatten(1))


class Gated(nn.Module):
    """Hard swish, the greater of two, squeeze and excite by dense layers, a shuffle of channels, and probabilities."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(1, 4, 3, padding=1), nn.Linear(4, 3)
        self.other = nn.Conv2d(4, 4, 1)
        self.squeeze, self.excite = nn.Linear(4, 2), nn.Linear(2, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.hardswish(self.first(x))
        x = torch.maximum(x, self.other(x)) + x
        gates = self.excite(self.squeeze(x.mean((2, 3))).relu()).sigmoid()
        x = x * gates[:, :, None, None]
        x = x.reshape(-1, 2, 2, 8, 8).transpose(1, 2).reshape(-1, 4, 8, 8)
        return self.last(x.mean((2, 3))).softmax(1)


class _Images(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, name: str):
        self.images = [{name: np.random.default_rng(k).random((1, *SHAPE), dtype=np.float32)} for k in range(4)]

    def get_next(self) -> dict[str, np.ndarray] | None:
        return self.images.pop() if self.images else None


def onnxruntime_file(
    path: Path,
    per_channel: bool,
    activations: QuantType,
    weights: QuantType,
    model: Callable[[], nn.Module] = _Residual,
) -> Path:
    """ONNX Runtime's static quantization, QDQ format."""
    torch.manual_seed(0)
    given = path.with_suffix(".float.onnx")
    torch.onnx.export(
        model().eval(), (torch.zeros(1, *SHAPE),), str(given), dynamo=False, opset_version=13, input_names=["x"]
    )
    logging.disable(logging.WARNING)  # it recommends another optimizer
    quantize_static(
        str(given), str(path), _Images("x"), quant_format=QuantFormat.QDQ, per_channel=per_channel,
        activation_type=activations, weight_type=weights,
    )  # fmt: skip
    logging.disable(logging.NOTSET)
    return path


def pytorch_file(path: Path) -> Path:
    """PyTorch's own quantizers: unsigned activations with zero points, weights per channel."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 5))
    activation = torch_quantization.FakeQuantize.with_args(
        observer=torch_quantization.MovingAverageMinMaxObserver, quant_min=0, quant_max=255
    )
    weight = torch_quantization.FakeQuantize.with_args(
        observer=torch_quantization.PerChannelMinMaxObserver, quant_min=-128, quant_max=127, dtype=torch.qint8,
        qscheme=torch.per_channel_symmetric, ch_axis=0,
    )  # fmt: skip
    model.qconfig = torch_quantization.QConfig(activation=activation, weight=weight)  # type: ignore[assignment]
    fused = torch_quantization.fuse_modules_qat(model.train(), [["0", "1"]])
    model = nn.Sequential(activation(), torch_quantization.prepare_qat(fused))
    for _ in range(3):
        model(2 * torch.rand(8, *SHAPE) - 1)
    model.eval().apply(torch_quantization.disable_observer)
    torch.onnx.export(model, (torch.zeros(1, *SHAPE),), str(path), dynamo=False, opset_version=13)
    return path


def pytorch_graph_file(path: Path, converted: bool) -> Path:
    """PyTorch's own graph mode: its integer modules, traced; or the operators of its, and torchao's, `pt2e`, exported.

    Args:
        path: of the file.
        converted: whether to integer modules, of which PyTorch writes a Cast behind each QuantizeLinear.
    """
    torch.manual_seed(0)
    images = torch.rand(8, *SHAPE)
    model = quantize_fx.prepare_fx(
        _Residual().eval(), torch_quantization.get_default_qconfig_mapping("x86"), (images[:1],)
    )
    model(images)
    options: dict[str, Any] = {"dynamo": True, "opset_version": 18, "verbose": False}
    if converted:
        options = {"dynamo": False, "opset_version": 13}
    convert = quantize_fx.convert_fx if converted else quantize_fx._convert_to_reference_decomposed_fx
    torch.onnx.export(convert(model), (images[:1],), str(path), **options)
    return path


def made_by_hand(path: Path, nodes: Sequence[Any], constants: dict[str, Any], shape: Sequence[int]) -> Path:
    """A file of these nodes from `x` to `y`."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, *shape])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(
        list(nodes), "net", [x], [y], [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    )
    model: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    save(model, path)
    return path


def by_onnxruntime(path: Path, images: np.ndarray) -> list[np.ndarray]:
    """The outputs of a file, frame by frame, nothing in it optimized."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    frames = [session.run(None, {name: image[None]}) for image in images]
    return [np.concatenate(values) for values in zip(*frames, strict=True)]
