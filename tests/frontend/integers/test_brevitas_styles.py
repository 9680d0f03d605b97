"""What users of Brevitas write between convolutions, and how their exporters put it: built exactly, or listed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from brevitas.export import export_qonnx
from brevitas.nn import (
    QuantConv1d,
    QuantConv2d,
    QuantConvTranspose2d,
    QuantIdentity,
    QuantLinear,
    QuantReLU,
    QuantSigmoid,
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
from brevitas_examples.bnn_pynq.models.FC import FC
from torch import Tensor, nn
from torch.nn import functional as F

from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import IntegerNetwork, to_integers
from finn_build.proof import levels
from sim.golden import IntegerModel
from tests.frontend.executor import execute

_FOUR_BITS = {"weight_quant": Int8WeightPerTensorFixedPoint, "weight_bit_width": 4}
Tail = Callable[[nn.Module, Tensor], Any]


class _Styles(nn.Module):
    """A first layer of six channels on 8x8 pixels, then `tail`; only the modules that it names are there."""

    def __init__(self, tail: Tail) -> None:
        super().__init__()
        self.tail = tail
        self.pixels, self.first = _signed(8), _conv(3, 6, 3, padding=1)
        modules: dict[str, Callable[[], nn.Module]] = {
            "q": _signed, "u": lambda: QuantReLU(Uint8ActPerTensorFixedPoint, bit_width=4),
            "qt": lambda: QuantIdentity(Int8ActPerTensorFixedPoint, bit_width=4, return_quant_tensor=True),
            "eight": lambda: _signed(8), "line": lambda: QuantConv1d(6, 5, 3, bias=False, **_FOUR_BITS),
            "gates": lambda: QuantLinear(6, 6, bias=False, **_FOUR_BITS),
            "one": lambda: _conv(6, 5, 1), "three": lambda: _conv(6, 5, 3),
            "dense": lambda: QuantLinear(6, 4, bias=False, **_FOUR_BITS),
            "bias8": lambda: _conv(6, 5, 1, bias=True, bias_quant=Int8BiasPerTensorFixedPointInternalScaling),
            "bias16": lambda: _conv(6, 5, 1, bias=True, bias_quant=Int16Bias),
            "grouped": lambda: _conv(6, 6, 3, groups=6), "dilated": lambda: _conv(6, 5, 3, dilation=2),
            "thirds": lambda: _conv(6, 9, 3, groups=3), "twice": lambda: _conv(6, 12, 3, groups=6),
            "grown": lambda: QuantConvTranspose2d(6, 6, 2, 2, groups=3, bias=False, **_FOUR_BITS),
            "transposed": lambda: QuantConvTranspose2d(6, 5, 2, 2, bias=False, **_FOUR_BITS),
            "wide": lambda: _conv(6, 5, 3, padding=(4, 3)),
            "unit": lambda: QuantIdentity(
                Int8ActPerTensorFixedPoint, bit_width=4, scaling_impl_type="const", min_val=-2.0, max_val=1.75
            ),
            "trunc": lambda: TruncAvgPool2d(2, trunc_quant=TruncTo8bit, bit_width=4),
            "round": lambda: TruncAvgPool2d(4, trunc_quant=RoundTo8bit, bit_width=3, float_to_int_impl_type="round"),
            "sign": lambda: QuantIdentity(SignedBinaryActPerTensorConst, scaling_const=1.0),
            "float_conv": lambda: nn.Conv2d(6, 5, 3),
            "lstm": lambda: nn.LSTM(6, 4, batch_first=True),
            "grow": lambda: QuantLinear(6, 5 * 4 * 3, bias=False, **_FOUR_BITS),
            "norm": lambda: nn.BatchNorm2d(5), "groups": lambda: nn.GroupNorm(2, 6),
            "next": lambda: _conv(5, 4, 3, padding=1),
        }  # fmt: skip
        for name in modules.keys() & set(tail.__code__.co_names):  # type: ignore[attr-defined]
            setattr(self, name, modules[name]())

    def forward(self, x: Tensor) -> Any:
        return self.tail(self, self.first(self.pixels(2.0 * x - 1.0)))


def _signed(bits: int = 4) -> nn.Module:
    return QuantIdentity(Int8ActPerTensorFixedPoint, bit_width=bits)


def _conv(cin: int, cout: int, kernel: int, **options: Any) -> nn.Module:
    return QuantConv2d(cin, cout, kernel, **{"bias": False} | _FOUR_BITS | options)


def _attended(x: Tensor) -> Tensor:
    return torch.softmax(x @ x.transpose(1, 2), -1) @ x


def _swapped(a: Tensor, b: Tensor) -> Tensor:
    return torch.cat((b, a), 1)


def _shuffled(x: Tensor, groups: int, flat: bool = False) -> Tensor:
    n, channels, *pixels = x.shape
    parts = x.reshape(n, groups, channels // groups, *pixels).transpose(1, 2)
    return parts.reshape((n, channels * pixels[0] * pixels[1]) if flat else (n, channels, *pixels))


def _imported(
    model: nn.Module, images: Tensor, path: Path, batch: int = 1, **options: Any
) -> tuple[Any, IntegerNetwork]:
    model.train()
    with torch.no_grad():
        for _ in range(3):
            model(images)
    export_qonnx(model.eval(), torch.zeros(batch, *images.shape[1:]), str(path), **{"dynamo": False} | options)
    qonnx = import_qonnx(path)
    return qonnx, to_integers(qonnx)


def _check(model: nn.Module, shape: tuple[int, ...], path: Path, **options: Any) -> IntegerNetwork:
    """Every integer equals QONNX's executor, every output PyTorch."""
    torch.manual_seed(0)
    images = torch.rand((3, *shape))
    qonnx, network = _imported(model, images, path, **options)
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
        found = network.to_network_output(name, got[tail.source])
        noise = 1e-5 * any(n.op_type in ("LSTM", "Softmax") for n in tail.nodes)  # summed in another order
        assert np.allclose(found, expected.numpy(), noise, noise), name
    return network


EXACT: dict[str, tuple[Tail, str]] = {
    "mean": (lambda m, x: m.dense(m.q(x.mean((2, 3)))), "SumPool MultiThreshold MatMul"),
    "mean and sum": (lambda m, x: (x.mean((2, 3), keepdim=True), x.sum((2, 3))), "SumPool SumPool"),
    "pooled, flattened": (lambda m, x: m.dense(m.q(F.adaptive_avg_pool2d(x, 1)).flatten(1)), ""),
    "mean straight to dense": (lambda m, x: m.dense(F.dropout(m.q(x), 0.5, m.training).mean((2, 3))), ""),
    "flat output": (lambda m, x: F.adaptive_max_pool2d(m.q(x), 1).flatten(1), ""),
    "image as output": (lambda m, x: (m.q(x), m.one(m.q(x)).flatten(1)), ""),
    "padded average": (lambda m, x: m.q(F.avg_pool2d(x, 3, 2, 1)), "SumPool MultiThreshold"),
    "zero padding, then a convolution": (lambda m, x: m.three(F.pad(m.q(x), (1, 2, 0, 1))), "MultiThreshold Conv"),
    "zero padding, then a max pool": (lambda m, x: m.one(F.max_pool2d(F.pad(m.u(x), (1, 0, 1, 0)), 3, 2)), ""),
    "label of biased logits, on the host": (lambda m, x: (x.mean((2, 3)) + 0.25).argmax(1), "SumPool"),
    "label, on chip": (lambda m, x: m.q(x.mean((2, 3))).argmax(1, keepdim=True), "SumPool MultiThreshold ArgMax"),
    "label of every pixel": (lambda m, x: x.argmax(1), "ArgMax"),
    "crop": (lambda m, x: m.one(m.q(x)[:, :, 1:]), "MultiThreshold Pad Conv"),
    "resize": (lambda m, x: m.one(F.interpolate(m.q(x), size=(16, 24))), "MultiThreshold Upsample Conv"),
    "linear resize": (
        lambda m, x: m.one(m.q(F.interpolate(m.q(x), scale_factor=2, mode="bilinear"))),
        "MultiThreshold Pad Upsample Pad Conv MultiThreshold Conv",
    ),
    "linear resize of sums, straight to a layer": (
        lambda m, x: m.one(F.interpolate(m.u(x), size=(32, 8), mode="bilinear")),
        "MultiThreshold Pad Upsample Pad Conv Conv",
    ),
    "signals resized": (
        lambda m, x: m.line(
            F.interpolate(F.interpolate(m.q(x).flatten(2), scale_factor=2), scale_factor=4, mode="linear")
        ),
        "",
    ),
    "linear resize by the host": (
        lambda m, x: F.interpolate(m.q(x), scale_factor=2, mode="bilinear"),
        "MultiThreshold",
    ),
    "padding of sums": (lambda m, x: m.one(m.q(F.pad(x, (1, 1, 1, 1)))), "Pad MultiThreshold Conv"),
    "wide padding": (lambda m, x: m.three(F.pad(m.q(x), (4, 4, 4, 4))), "MultiThreshold Pad Conv"),
    "depthwise": (lambda m, x: m.grouped(m.q(x)), "MultiThreshold Conv"),
    "depthwise, two sums a channel": (lambda m, x: m.twice(m.q(x)), "MultiThreshold Conv Conv Concat Gather"),
    "grouped": (lambda m, x: m.thirds(m.q(x)), "MultiThreshold Gather Conv Gather Conv Gather Conv Concat"),
    "dilated": (lambda m, x: m.dilated(m.q(x)), "MultiThreshold Conv"),
    "transposed": (lambda m, x: m.transposed(m.q(x)), "MultiThreshold Conv DepthToSpace"),
    "pixel shuffle": (
        lambda m, x: m.one(F.pixel_shuffle(torch.cat([m.q(x)] * 4, 1), 2)),
        "MultiThreshold Concat Gather DepthToSpace Conv",
    ),
    "moved output": (lambda m, x: x.permute(0, 2, 3, 1), ""),
    "quantized bias": (lambda m, x: m.bias8(m.q(x)), ""),
    "bias on the scale of the sums": (lambda m, x: m.bias16(m.qt(x)), ""),
    "accumulators added": (lambda m, x: x + F.relu(x), ""),
    "split and joined": (
        lambda m, x: m.one(_swapped(*m.q(x).split((2, 4), 1))),
        "MultiThreshold Gather Gather Concat Conv",
    ),
    "chunks": (lambda m, x: m.one(torch.cat(m.q(x).chunk(3, 1)[::-1], 1)), ""),
    "slices": (lambda m, x: m.one(torch.cat((m.q(x)[:, 1::2], F.max_pool2d(m.u(x), 3, 1, 1)[:, :3]), 1)), ""),
    "channels by number": (lambda m, x: m.one(m.q(x)[:, [5, 0, 2, 4, 1, 3]]), "MultiThreshold Gather Conv"),
    "shuffle": (lambda m, x: m.one(_shuffled(m.q(x), 3)), "MultiThreshold Gather Conv"),
    "shuffle of scaled values": (lambda m, x: m.one(_shuffled(m.q(x) * 0.5, 2)), "MultiThreshold Gather Conv"),
    "shuffle, flat": (
        lambda m, x: m.dense(_shuffled(m.q(x.mean((2, 3), keepdim=True)), 2, flat=True)),
        "SumPool MultiThreshold Gather MatMul",
    ),
    "shuffled output": (lambda m, x: _shuffled(m.q(x), 2), "MultiThreshold Gather"),
    "shuffled features": (
        lambda m, x: m.dense(_shuffled(m.q(x.mean((2, 3))), 2)),
        "SumPool MultiThreshold Gather MatMul",
    ),
    "shuffle of floats": (lambda m, x: m.q(_shuffled(x + 0.3, 2)), "Gather MultiThreshold"),
    "scales joined": (
        lambda m, x: m.one(_swapped(m.q(x)[:, :2], 0.25 * m.q(x)[:, 2:])),
        "MultiThreshold Gather Gather Mul Concat Conv",
    ),
    "a pool joined": (
        lambda m, x: m.one(torch.cat((F.avg_pool2d(m.q(x), 2)[:, :4], F.max_pool2d(m.q(x), 2)[:, 4:]), 1)),
        "",
    ),
    "joined on several scales, quantized": (
        lambda m, x: m.q(torch.cat((x * 0.75, F.relu(m.u(x))), 1)),
        "MultiThreshold Concat MultiThreshold",
    ),
    "relu of levels": (lambda m, x: m.one(F.relu(m.q(x))), "MultiThreshold MultiThreshold Conv"),
    "relu of levels, pooled": (
        lambda m, x: m.one(F.max_pool2d(F.hardtanh(m.q(x), -0.5, 0.5), 2)),
        "MultiThreshold MultiThreshold MaxPool Conv",
    ),
    "product of two": (lambda m, x: m.q(m.u(x) * m.q(x)), "MultiThreshold MultiThreshold Mul Add StepTable"),
    "larger of two": (lambda m, x: m.one(m.q(torch.maximum(m.u(x), -m.q(x)))), ""),
    "squeeze and excite": (lambda m, x: m.one(m.q(m.u(x) * m.q(torch.sigmoid(x.mean((2, 3), keepdim=True))))), ""),
    "product of 8 bits": (
        lambda m, x: m.q(m.eight(x) * m.eight(x + 1)),
        "MultiThreshold MultiThreshold Mul MultiThreshold",
    ),
    "difference of 8 bits": (
        lambda m, x: m.q(m.eight(x) - m.u(x)),
        "MultiThreshold MultiThreshold Mul Add MultiThreshold",
    ),
    "lesser of 8 bits": (
        lambda m, x: m.q(torch.minimum(m.eight(x), m.eight(2 * x))),
        "MultiThreshold MultiThreshold Min MultiThreshold",
    ),
    "gates by dense layers": (
        lambda m, x: m.one(m.q(m.eight(x) * m.eight(m.gates(m.q(x.mean((2, 3)))))[:, :, None, None])),
        "",
    ),
    "signals times a number for each channel": (
        lambda m, x: m.line(m.q(m.u(x).flatten(2) * m.q(torch.sigmoid(x.mean((2, 3), keepdim=True))).flatten(2))),
        "",
    ),
    "signal out of a map": (lambda m, x: m.line(m.q(x).flatten(2)), "MultiThreshold Reshape Reshape Conv"),
    "split of activated sums": (
        lambda m, x: m.one(_swapped(m.q(F.relu(x + 0.3)[:, :2]), m.q(F.silu(x - 0.1)[:, 2:]))),
        "Gather Gather MultiThreshold MultiThreshold Concat Conv",
    ),
    "flattened sums": (lambda m, x: m.dense(m.q(F.relu(F.max_pool2d(x, 8) + 0.1).flatten(1))), ""),
    "shuffled pixels of activated sums": (
        lambda m, x: m.q(F.pixel_shuffle(torch.cat((x, x[:, :2]), 1) + 0.3, 2)),
        "",
    ),
    "ceil mode without effect": (
        lambda m, x: (F.max_pool2d(m.q(x), 2, ceil_mode=True), F.avg_pool2d(m.q(x), 2, ceil_mode=True)),
        "MultiThreshold MaxPool SumPool",
    ),
    "ceil mode": (lambda m, x: m.one(F.max_pool2d(m.q(x), 3, 2, ceil_mode=True)), "MultiThreshold MaxPool Conv"),
    "zero padding, then a max pool of both signs": (
        lambda m, x: m.one(F.max_pool2d(F.pad(m.q(x), (1, 0, 1, 0)), 3, 2)),
        "MultiThreshold Pad MaxPool Conv",
    ),
    "padding wider than the kernel": (lambda m, x: m.wide(m.q(x)), "MultiThreshold Pad Conv"),
    "padded with +1": (
        lambda m, x: m.three(F.pad(m.sign(x), (1, 1, 1, 1), value=1.0)),
        "MultiThreshold Pad Conv",
    ),
    "padded with a level": (
        lambda m, x: m.three(F.pad(m.unit(x), (0, 1, 2, 0), value=-0.25)),
        "MultiThreshold Pad Conv",
    ),
    "truncating pool": (lambda m, x: m.one(m.trunc(m.qt(x))), "MultiThreshold SumPool MultiThreshold Conv"),
    "truncating pool, rounded": (lambda m, x: m.one(m.round(m.qt(x))), "MultiThreshold SumPool MultiThreshold Conv"),
    "uneven averages": (
        lambda m, x: m.q(F.avg_pool2d(x, (2, 3), (1, 2), (1, 1), count_include_pad=False)),
        "SumPool MultiThreshold",
    ),
    "padded with its own pixels": (
        lambda m, x: m.q(F.pad(F.pad(F.relu(x + 0.1), (2, 1, 0, 3), mode="reflect"), (0, 9, 1, 1), mode="replicate")),
        "Pad Pad MultiThreshold",
    ),
    "clipped between levels": (
        lambda m, x: m.one(m.unit(x).clamp(-0.375, 0.375)),
        "MultiThreshold MultiThreshold Conv",
    ),
    "greatest pixel": (lambda m, x: m.one(m.q(x).amax((2, 3), keepdim=True)), "MultiThreshold MaxPool Conv"),
    "greatest pixel, flat": (lambda m, x: m.dense(m.q(x).amax((2, 3))), "MultiThreshold MaxPool MatMul"),
    "ReLU of a sum": (
        lambda m, x: m.one(F.relu(m.q(x) + F.max_pool2d(m.q(x), 3, 1, 1))),
        "MultiThreshold MaxPool Add MultiThreshold Conv",
    ),
    "recurrent layer on the host": (lambda m, x: m.lstm(m.q(x).flatten(2).transpose(1, 2))[0][:, -1], "MultiThreshold"),
    "attention on the host": (lambda m, x: _attended(m.q(x).flatten(2).transpose(1, 2)).sum(1), "MultiThreshold"),
    "dense layer, then a map": (
        lambda m, x: m.next(m.q(F.relu(m.norm(m.grow(m.u(x.mean((2, 3)))).reshape(-1, 5, 4, 3))))),
        "SumPool MultiThreshold MatMul Reshape MultiThreshold Conv",
    ),
    "a pool added": (
        lambda m, x: m.q(F.avg_pool2d(m.q(x), 2) * 16.0 + F.max_pool2d(m.q(x), 2)),
        "MultiThreshold SumPool MaxPool Mul Add MultiThreshold",
    ),
}


@pytest.mark.parametrize("style", EXACT)
def test_exact(tmp_path: Path, style: str) -> None:
    tail, ops = EXACT[style]
    network = _check(_Styles(tail), (3, 8, 8), tmp_path / "net.onnx")
    made = " ".join(n.op_type for n in network.model.graph.node if n.op_type != "Flatten")
    assert not ops or made == f"Conv {ops}"


LISTED: dict[str, tuple[Tail, list[str]]] = {
    "several": (
        lambda m, x: (m.q(m.grown(m.q(x))), m.one(F.interpolate(m.q(x), scale_factor=1.5))),
        ["grown: a grouped transposed convolution (group=3)", "/Resize: a resize from (1, 6, 8, 8) to (1, 6, 12, 12)"],
    ),
    "join of floats": (lambda m, x: torch.cat((m.q(x), F.relu(x)), 1), ["/Concat: an operand of the concat"]),
    "join of rows": (lambda m, x: m.q(torch.cat((m.q(x), m.q(x)), 2)), ["/Concat: a concat of other dimensions"]),
    "smooth resize": (
        lambda m, x: m.one(F.interpolate(m.q(x), scale_factor=2, mode="bilinear", align_corners=True)),
        ["/Resize: a resize that neither repeats pixels as blocks nor is linear between their centres"],
    ),
    "thirds of pixels": (
        lambda m, x: m.one(F.interpolate(m.q(x), scale_factor=(1, 3), mode="bilinear")),
        ["/Resize: linear interpolation, 1 times as high and 3 times as wide"],
    ),
    "padding of signs": (
        lambda m, x: m.three(F.pad(m.sign(x), (4, 4, 4, 4))),
        ["three: zero padding of values that are -1 or +1"],
    ),
    "product as output": (lambda m, x: m.q(x) * m.u(x), ["22: this output joins two tensors"]),
    "float weights": (lambda m, x: m.q(m.float_conv(m.q(x))), ["float_conv: the weights are not quantized"]),
    "other padding": (
        lambda m, x: m.three(F.pad(m.q(x), (1, 1, 1, 1), value=0.3)),
        ["/Pad: padding with 0.3, no level of the tensor's quantizer"],
    ),
    "movement inside": (lambda m, x: m.one(m.q(x).permute(0, 1, 3, 2)), ["/Transpose: a transpose"]),
    "recurrent layer inside": (
        lambda m, x: m.q(m.lstm(m.q(x).flatten(2).transpose(1, 2))[0]),
        ["lstm: op LSTM has no hardware"],
    ),
    "group norm": (lambda m, x: m.q(m.groups(m.q(x))), ["groups: op InstanceNormalization has no hardware"]),
    "dense layer for each place": (
        lambda m, x: m.dense(m.q(x).flatten(2).transpose(1, 2)),
        ["/Transpose: a transpose", "dense: a dense layer on a tensor of shape (1, 64, 6)"],
    ),
    "counted padding, and windows past it": (
        lambda m, x: m.q(F.avg_pool2d(x, 3, 2, 1, ceil_mode=True)),
        ["/AveragePool: an average pool whose padding counts, and windows of which pass it"],
    ),
    "windows of many sizes": (
        lambda m, x: m.q(F.avg_pool2d(x, 8, 1, 4, count_include_pad=False)),
        ["/AveragePool: sums beyond 2^24"],
    ),
}


@pytest.mark.parametrize("style", LISTED)
def test_listed_with_a_cure(tmp_path: Path, style: str) -> None:
    tail, wanted = LISTED[style]
    _, network = _imported(_Styles(tail), torch.rand((3, 3, 8, 8)), tmp_path / "net.onnx")
    assert len(network.problems) == len(wanted), network.problems
    for problem, start in zip(network.problems, wanted, strict=True):
        assert str(problem).startswith(start) and problem.cure


@pytest.mark.parametrize("quantizer", [QuantReLU, QuantSigmoid])
@pytest.mark.parametrize("place", ["image", "inside"])
def test_one_bit_that_is_exported_as_another_network_is_refused(tmp_path: Path, quantizer: type, place: str) -> None:
    """0 and 1 in PyTorch, +1 alone in the file."""
    one_bit = quantizer(Uint8ActPerTensorFixedPoint, bit_width=1)
    layers = [one_bit, _conv(3, 4, 1)] if place == "image" else [_signed(8), _conv(3, 4, 1), one_bit]
    model = nn.Sequential(*layers, _signed(), _conv(4, 2, 1))
    _, network = _imported(model, torch.rand((3, 3, 8, 8)), tmp_path / "net.onnx")
    assert "a BipolarQuant of what is never negative" in str(network.problems[0])


@pytest.mark.parametrize(
    "options",
    [
        {"opset_version": 11}, {"opset_version": 13}, {"opset_version": 18}, {"dynamo": True}, {"batch": 4},
        {"keep_initializers_as_inputs": True}, {"input_names": ["x"], "dynamic_axes": {"x": {0: "N"}}},
    ],
    ids=str,
)  # fmt: skip
def test_exporters(tmp_path: Path, options: dict[str, Any]) -> None:
    model = _Styles(lambda m, x: m.dense(m.q(F.adaptive_avg_pool2d(x, 1)).view(x.shape[0], -1)))
    _check(model, (3, 8, 8), tmp_path / "net.onnx", **options)


@pytest.mark.parametrize(
    "options", [{"opset_version": 11}, {"opset_version": 13}, {"opset_version": 18}, {"dynamo": True}]
)
def test_exporters_of_channel_moves(tmp_path: Path, options: dict[str, Any]) -> None:
    def tail(m: nn.Module, x: Tensor) -> Tensor:
        a, b = m.q(x).split((2, 4), 1)
        return m.one(_shuffled(torch.cat((b, a[:, 1:], m.q(x)[:, ::6]), 1), 3))

    _check(_Styles(tail), (3, 8, 8), tmp_path / "net.onnx", **options)


@pytest.mark.parametrize(("weights", "activations", "pixels"), [(1, 1, 1), (1, 2, 8), (2, 2, 2)])
def test_brevitas_own_dense_networks(tmp_path: Path, weights: int, activations: int, pixels: int) -> None:
    """TFC of brevitas_examples: the host flattens the image."""
    torch.manual_seed(1)
    model = FC(10, weights, activations, pixels, 1, [64, 64, 64])
    del model.features[-1]  # TensorNorm: PyTorch's x ** 0.5 is not the nearest float
    _check(model, (1, 28, 28), tmp_path / "fc.onnx")
