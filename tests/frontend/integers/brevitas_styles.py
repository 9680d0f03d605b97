"""What users of Brevitas write behind a first layer, and whether its integers and outputs are PyTorch's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from brevitas.export import export_qonnx
from brevitas.nn import (
    QuantConv1d,
    QuantConv2d,
    QuantConvTranspose2d,
    QuantIdentity,
    QuantLinear,
    QuantReLU,
    TruncAvgPool2d,
)
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    Int8BiasPerTensorFixedPointInternalScaling,
    Int8WeightPerTensorFixedPoint,
    Int16Bias,
    RoundTo8bit,
    SignedBinaryActPerTensorConst,
    TruncTo8bit,
    Uint8ActPerTensorFixedPoint,
)
from torch import Tensor, nn

from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import IntegerNetwork, to_integers
from finn_build.proof import levels
from sim.golden import IntegerModel
from tests.frontend.executor import execute

FOUR_BITS = {"weight_quant": Int8WeightPerTensorFixedPoint, "weight_bit_width": 4}
Tail = Callable[[nn.Module, Tensor], Any]


class ByChannel(Int8WeightPerTensorFixedPoint):  # type: ignore[misc]
    """A power of two for each output channel."""

    scaling_per_output_channel = True


class Styles(nn.Module):
    """A first layer of six channels on 8x8 pixels, then `tail`; only the modules that it names are there."""

    def __init__(self, tail: Tail) -> None:
        super().__init__()
        self.tail = tail
        self.pixels, self.first = signed(8), conv(3, 6, 3, padding=1)
        modules: dict[str, Callable[[], nn.Module]] = {
            "by_channel": lambda: conv(6, 6, 3, padding=1, weight_quant=ByChannel),
            "pointwise": lambda: QuantConv1d(6, 6, 1, bias=False, **FOUR_BITS),
            "q": signed, "u": lambda: QuantReLU(Uint8ActPerTensorFixedPoint, bit_width=4),
            "qt": lambda: QuantIdentity(Int8ActPerTensorFixedPoint, bit_width=4, return_quant_tensor=True),
            "eight": lambda: signed(8), "line": lambda: QuantConv1d(6, 5, 3, bias=False, **FOUR_BITS),
            "gates": lambda: QuantLinear(6, 6, bias=False, **FOUR_BITS),
            "one": lambda: conv(6, 5, 1), "three": lambda: conv(6, 5, 3),
            "dense": lambda: QuantLinear(6, 4, bias=False, **FOUR_BITS),
            "bias8": lambda: conv(6, 5, 1, bias=True, bias_quant=Int8BiasPerTensorFixedPointInternalScaling),
            "bias16": lambda: conv(6, 5, 1, bias=True, bias_quant=Int16Bias),
            "grouped": lambda: conv(6, 6, 3, groups=6), "dilated": lambda: conv(6, 5, 3, dilation=2),
            "thirds": lambda: conv(6, 9, 3, groups=3), "twice": lambda: conv(6, 12, 3, groups=6),
            "grown": lambda: QuantConvTranspose2d(6, 6, 3, 2, groups=3, bias=False, **FOUR_BITS),
            "transposed": lambda: QuantConvTranspose2d(6, 5, 2, 2, bias=False, **FOUR_BITS),
            "wide": lambda: conv(6, 5, 3, padding=(4, 3)),
            "unit": lambda: QuantIdentity(
                Int8ActPerTensorFixedPoint, bit_width=4, scaling_impl_type="const", min_val=-2.0, max_val=1.75
            ),
            "trunc": lambda: TruncAvgPool2d(2, trunc_quant=TruncTo8bit, bit_width=4),
            "round": lambda: TruncAvgPool2d(4, trunc_quant=RoundTo8bit, bit_width=3, float_to_int_impl_type="round"),
            "sign": lambda: QuantIdentity(SignedBinaryActPerTensorConst, scaling_const=1.0),
            "float_conv": lambda: nn.Conv2d(6, 5, 3),
            "lstm": lambda: nn.LSTM(6, 4, batch_first=True),
            "grow": lambda: QuantLinear(6, 5 * 4 * 3, bias=False, **FOUR_BITS),
            "norm": lambda: nn.BatchNorm2d(5), "groups": lambda: nn.GroupNorm(2, 6),
            "next": lambda: conv(5, 4, 3, padding=1),
        }  # fmt: skip
        for name in modules.keys() & set(tail.__code__.co_names):  # type: ignore[attr-defined]
            setattr(self, name, modules[name]())

    def forward(self, x: Tensor) -> Any:
        return self.tail(self, self.first(self.pixels(2.0 * x - 1.0)))


def signed(bits: int = 4) -> nn.Module:
    return QuantIdentity(Int8ActPerTensorFixedPoint, bit_width=bits)


def conv(cin: int, cout: int, kernel: int, **options: Any) -> nn.Module:
    return QuantConv2d(cin, cout, kernel, **{"bias": False} | FOUR_BITS | options)


def attended(x: Tensor) -> Tensor:
    return torch.softmax(x @ x.transpose(1, 2), -1) @ x


def swapped(a: Tensor, b: Tensor) -> Tensor:
    return torch.cat((b, a), 1)


def shuffled(x: Tensor, groups: int, flat: bool = False) -> Tensor:
    n, channels, *pixels = x.shape
    parts = x.reshape(n, groups, channels // groups, *pixels).transpose(1, 2)
    return parts.reshape((n, channels * pixels[0] * pixels[1]) if flat else (n, channels, *pixels))


def imported(
    model: nn.Module, images: Tensor, path: Path, batch: int = 1, **options: Any
) -> tuple[Any, IntegerNetwork]:
    model.train()
    with torch.no_grad():
        for _ in range(3):
            model(images)
    export_qonnx(model.eval(), torch.zeros(batch, *images.shape[1:]), str(path), **{"dynamo": False} | options)
    qonnx = import_qonnx(path)
    return qonnx, to_integers(qonnx)


def check(model: nn.Module, shape: tuple[int, ...], path: Path, **options: Any) -> IntegerNetwork:
    """Every integer equals QONNX's executor, every output PyTorch."""
    torch.manual_seed(0)
    images = torch.rand((3, *shape))
    qonnx, network = imported(model, images, path, **options)
    assert not network.problems, network.problems
    ints, inner = network.quantize_images(images.numpy()), list(network.tensors)[1:]
    got = IntegerModel(network.model).run(ints, inner)
    reference = levels.qonnx_values(qonnx, network, images.numpy(), lambda fraction: None)
    for name in set(inner) & set(reference):
        assert np.array_equal(levels.channels_last(got[name]), reference[name]), name
    if "ArgMax" not in {n.op_type for n in network.model.graph.node}:  # ONNX gives labels as int64
        executed = execute(network.model, {network.model.graph.input[0].name: ints[:1].astype(np.float32)})
        assert all(np.array_equal(executed[name], got[name][:1]) for name in inner)
    with torch.inference_mode():
        outputs = model(images)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    for (name, tail), expected in zip(network.tails.items(), outputs, strict=True):
        found = network.to_network_output(name, got)
        noise = 1e-5 * any(n.op_type in ("LSTM", "Softmax") for n in tail.nodes)  # summed in another order
        assert np.allclose(found, expected.numpy(), noise, noise), name
    return network
