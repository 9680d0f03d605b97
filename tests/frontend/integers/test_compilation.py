"""The integer graph equals QONNX's executor and PyTorch at every tensor, and the fast integer model equals it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from brevitas.nn import QuantConv2d, QuantIdentity
from brevitas_examples.bnn_pynq.models.CNV import CNV
from qonnx.core.datatype import DataType
from torch import nn

from brevitas_models.layers.activations import BatchNorm2d
from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import IntegerNetwork, to_integers
from finn_build.frontend.integers.quantizers import _dtype_of
from finn_build.proof import levels
from finn_build.proof.whole_module import module_values
from sim.golden import IntegerModel
from tests.builds.networks import PlainBrevitas, SmallResidual, plain_export, randomize
from tests.frontend.executor import execute


def _check(path: Path, images: np.ndarray, model: nn.Module | None) -> IntegerNetwork:
    qonnx = import_qonnx(path)
    network = to_integers(qonnx)
    assert not network.problems, network.problems
    reference = levels.qonnx_values(qonnx, network, images, lambda fraction: None)
    ints = network.quantize_images(images)
    graph_input = network.model.graph.input[0].name
    names = [n for n in network.tensors if n != graph_input]
    batch = IntegerModel(network.model).run(ints, names)
    for frame in range(len(images)):
        context = execute(network.model, {graph_input: ints[frame : frame + 1].astype(np.float32)})
        for name in names:
            assert np.array_equal(context[name], batch[name][frame : frame + 1]), name
    for name in set(names) & set(reference):
        assert np.array_equal(levels.channels_last(batch[name]), reference[name]), name
    if model is not None:
        for name, values in module_values(model, network, images, reference)[0].items():
            assert np.array_equal(values, reference[name]), name
    for name, tail in network.tails.items():
        with torch.inference_mode():
            expected = model(torch.from_numpy(images)).numpy() if model else None
        got = network.to_network_output(name, batch[tail.source])
        assert expected is None or np.array_equal(got, expected)
    return network


@pytest.mark.parametrize("kind", ["rprelu", "rsilu", "relu", "hardtanh"])
@pytest.mark.parametrize(("bits", "signed"), [(1, True), (1, False), (2, True), (4, False), (8, True)])
def test_our_networks(tmp_path: Path, bits: int, signed: bool, kind: str) -> None:
    torch.manual_seed(3)
    model = randomize(SmallResidual(bits, signed, kind, kernel=5 if bits == 2 else 3), seed=bits)
    path = export_qonnx(model, tmp_path / "net.onnx", (1, 1, 11, 9))
    images = np.random.default_rng(bits).integers(0, 256, (2, 1, 11, 9)).astype(np.float32) / 256
    _check(path, images, model)


@pytest.mark.parametrize("bits", [1, 2])
def test_brevitas_own_cnv(tmp_path: Path, bits: int) -> None:
    torch.manual_seed(5)
    model = randomize(CNV(10, 1, bits, 8, 3), seed=9)
    images = np.random.default_rng(0).random((1, 3, 32, 32), dtype=np.float32)
    qonnx = import_qonnx(plain_export(model, tmp_path / "cnv.onnx", (1, 3, 32, 32)))
    network = to_integers(qonnx)
    ints = network.quantize_images(images)
    (name, tail), values = next(iter(network.tails.items())), IntegerModel(network.model).run(ints)
    with torch.inference_mode():
        expected = model(torch.from_numpy(images)).numpy()
    assert np.array_equal(network.to_network_output(name, values[tail.source]), expected)


@pytest.mark.parametrize("label", [False, True])
def test_a_users_network(tmp_path: Path, label: bool) -> None:
    torch.manual_seed(1)
    model = randomize(PlainBrevitas(label), seed=2)
    path = plain_export(model, tmp_path / "plain.onnx", (1, 3, 8, 8))
    images = np.random.default_rng(4).random((2, 3, 8, 8), dtype=np.float32)
    qonnx = import_qonnx(path)
    network = to_integers(qonnx)
    assert not network.problems, network.problems
    name, tail = next(iter(network.tails.items()))
    values = IntegerModel(network.model).run(network.quantize_images(images))
    with torch.inference_mode():
        expected = model(torch.from_numpy(images)).numpy()
    assert np.array_equal(network.to_network_output(name, values[tail.source]), expected)


class _Unbuildable(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inp = QuantIdentity(bit_width=8)
        self.float_conv = nn.Conv2d(1, 4, 3)
        self.act = QuantIdentity(bit_width=4)
        self.second = nn.Conv2d(4, 4, 3)
        self.last = QuantConv2d(4, 4, 3, weight_bit_width=4, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.act(self.float_conv(self.inp(x)))
        return self.last(self.act(self.second(x).relu())) + 1


def test_pre_flight_lists_the_offenders_with_their_cure(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = _Unbuildable().eval()
    network = to_integers(import_qonnx(plain_export(model, tmp_path / "bad.onnx", (1, 1, 12, 12))))
    assert [str(p) for p in network.problems] == [
        f"{name}: the weights are not quantized. Cure: use QuantConv2d / QuantLinear with a weight quantizer."
        for name in ("float_conv", "second")
    ]


class _FloatPool(nn.Module):
    """Max pool of float values, then (optionally) something that falls, then the quantizer."""

    def __init__(self, falls: bool) -> None:
        super().__init__()
        self.inp, self.falls = pixel_quantizer(), falls
        self.conv = QuantConv2d(1, 6, 3, bias=False, **weight_quantizer(1))
        self.norm, self.after, self.pool = BatchNorm2d(6), BatchNorm2d(6), nn.MaxPool2d(2)
        self.act = act_quantizer(4, signed=True, max_value=1.0)
        self.last = QuantConv2d(6, 3, 1, bias=False, **weight_quantizer(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(self.norm(self.conv(self.inp(x))))
        return self.last(self.act(self.after(x) if self.falls else x))


def test_a_quantizer_moves_before_a_float_max_pool(tmp_path: Path) -> None:
    model = randomize(_FloatPool(falls=False), seed=1)
    path = export_qonnx(model, tmp_path / "net.onnx", (1, 1, 10, 10))
    images = np.random.default_rng(0).integers(0, 256, (2, 1, 10, 10)).astype(np.float32) / 256
    ops = [n.op_type for n in _check(path, images, model).model.graph.node]
    assert ops == ["Conv", "MultiThreshold", "MaxPool", "Conv"] or ops == ["Conv", "StepTable", "MaxPool", "Conv"]


def test_a_falling_chain_behind_a_float_max_pool_is_refused(tmp_path: Path) -> None:
    model = randomize(_FloatPool(falls=True), seed=1)
    network = to_integers(import_qonnx(export_qonnx(model, tmp_path / "net.onnx", (1, 1, 10, 10))))
    assert [str(p) for p in network.problems] == [
        "act: what lies between the max pool and its quantizer falls somewhere. "
        "Cure: put the quantizer directly before the max pool."
    ]


class _Patches(nn.Module):
    """Four patches of the image beside each other: in the batch, or where they may be."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.inp, self.where = pixel_quantizer(), where
        self.conv = QuantConv2d(1 if where != "channels" else 4, 3, 3, bias=False, **weight_quantizer(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.where == "behind":
            x = self.inp(x)
        patches = x.reshape(1, 1, 2, 6, 2, 6).permute(0, 2, 4, 1, 3, 5)
        x = patches.reshape(1, 4, 6, 6) if self.where == "channels" else patches.reshape(-1, 1, 6, 6)
        return self.conv(x if self.where == "behind" else self.inp(x))


@pytest.mark.parametrize("where", ["before", "behind"])
def test_parts_of_a_frame_in_the_batch_are_refused(tmp_path: Path, where: str) -> None:
    path = plain_export(_Patches(where).eval(), tmp_path / "net.onnx", (1, 1, 12, 12))
    (problem,) = to_integers(import_qonnx(path)).problems
    if where == "before":
        assert problem.why == "Reshape makes a batch of 4 of one frame's parts" and "keep frames apart" in problem.cure


def test_parts_of_a_frame_in_the_channels_are_built(tmp_path: Path) -> None:
    path = plain_export(_Patches("channels").eval(), tmp_path / "net.onnx", (1, 1, 12, 12))
    assert not to_integers(import_qonnx(path)).problems


class Lifted(nn.Module):
    """A padded convolution of levels that are never 0: what is padded is."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels, self.levels = pixel_quantizer(), act_quantizer(4, signed=False)
        self.conv = QuantConv2d(1, 4, 3, padding=1, bias=False, **weight_quantizer(2))
        self.last = act_quantizer(8, signed=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.levels(self.pixels(x) + 1)
        return self.last(self.conv(x))


def test_padding_is_part_of_the_range(tmp_path: Path) -> None:
    torch.manual_seed(2)
    model = Lifted().eval()
    with torch.no_grad():
        model.conv.weight.abs_()  # sums that padding alone makes smaller
    images = np.random.default_rng(1).integers(0, 256, (1, 1, 4, 4)).astype(np.float32) / 256
    network = _check(export_qonnx(model, tmp_path / "net.onnx", (1, 1, 4, 4)), images, model)
    conv = next(n for n in network.model.graph.node if n.op_type == "Conv")
    low = min(int(t.low.min()) for t in network.tensors.values() if t.name == conv.output[0])
    sums = IntegerModel(network.model).run(network.quantize_images(images), [conv.output[0]])[conv.output[0]]
    assert low <= sums.min()


@pytest.mark.parametrize("value", [-129, -128, -2, -1, 0, 1, 2, 127, 128, 255])
def test_the_type_of_thresholds_holds_them(value: int) -> None:
    assert DataType[_dtype_of(np.array([[0, value]]))].allowed(value)
