"""QCDQ files equal ONNX Runtime: at every tensor node by node, and in the outputs of the file as a whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnxruntime.quantization import QuantType

from finn_build.frontend import network as networks
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import IntegerNetwork, to_integers
from finn_build.proof import levels
from sim.golden import IntegerModel
from tests.builds.pipeline_runs import run_steps, start_build
from tests.frontend.qcdq_files import (
    Gated,
    brevitas_file,
    by_onnxruntime,
    made_by_hand,
    onnxruntime_file,
    pytorch_file,
    pytorch_graph_file,
)

FILES: dict[str, Callable[[Path], Path]] = {
    "brevitas": brevitas_file,
    "brevitas, zero points": lambda path: brevitas_file(path, shifted=True),
    "onnxruntime": lambda path: onnxruntime_file(path, False, QuantType.QInt8, QuantType.QInt8),
    "onnxruntime, per channel": lambda path: onnxruntime_file(path, True, QuantType.QUInt8, QuantType.QInt8),
    "onnxruntime, unsigned": lambda path: onnxruntime_file(path, False, QuantType.QUInt8, QuantType.QUInt8),
    "onnxruntime, gated": lambda path: onnxruntime_file(path, True, QuantType.QUInt8, QuantType.QInt8, Gated),
    "pytorch": pytorch_file,
    "pytorch, integer modules": lambda path: pytorch_graph_file(path, converted=True),
    "pytorch, exported": lambda path: pytorch_graph_file(path, converted=False),
}


def _check(path: Path, images: np.ndarray, noise: float = 0.0) -> IntegerNetwork:
    """Every tensor equals ONNX Runtime's, node by node; the file as a whole sums scales that round in its own order."""
    qonnx = import_qonnx(path)
    network = to_integers(qonnx)
    assert not network.problems, network.problems
    inner = list(network.tensors)[1:]
    got = IntegerModel(network.model).run(network.quantize_images(images), inner)
    reference = levels.qonnx_values(qonnx, network, images, lambda fraction: None)
    compared = [name for name in inner if name in reference]
    assert compared
    for name in compared:
        assert np.array_equal(levels.channels_last(got[name]), reference[name]), name
    for (name, tail), wanted in zip(network.tails.items(), by_onnxruntime(path, images), strict=True):
        found = network.to_network_output(name, got[tail.source])
        assert np.abs(found - wanted).max() <= noise * np.abs(wanted).max(), name
    return network


@pytest.mark.parametrize("kind", FILES)
def test_files_of_three_tools(tmp_path: Path, kind: str) -> None:
    images = np.random.default_rng(1).integers(0, 256, (4, 1, 8, 8)).astype(np.float32) / 256
    _check(FILES[kind](tmp_path / "net.onnx"), images, noise=1e-6)


def test_pixels_that_enter_as_bytes(tmp_path: Path) -> None:
    """A camera's file: what quantizes the image is left out, and the input is of uint8."""
    given = onnxruntime_file(tmp_path / "net.onnx", True, QuantType.QUInt8, QuantType.QInt8)
    model = onnx.load(given)
    graph = model.graph
    first = next(n for n in graph.node if n.op_type == "QuantizeLinear" and n.input[0] == graph.input[0].name)
    graph.input[0].name, graph.input[0].type.tensor_type.elem_type = first.output[0], TensorProto.UINT8
    graph.node.remove(first)
    onnx.save(model, given)
    pixels = np.random.default_rng(1).integers(0, 256, (4, 1, 8, 8), dtype=np.uint8)
    network = to_integers(import_qonnx(given))
    ints = network.quantize_images(pixels.astype(np.float32) / 256)
    assert len(np.unique(ints)) > 100
    got = IntegerModel(network.model).run(ints)
    for (name, tail), wanted in zip(network.tails.items(), by_onnxruntime(given, pixels), strict=True):
        assert np.allclose(network.to_network_output(name, got[tail.source]), wanted, 1e-5, 1e-6)


def _pair(x: str, out: str, scale: str, zero: str, clip: tuple[str, str] | None = None, **axis: Any) -> list[Any]:
    """QuantizeLinear, maybe Clip, DequantizeLinear."""
    middle = [helper.make_node("Clip", [f"{out}_q", *clip], [f"{out}_c"])] if clip else []
    return [
        helper.make_node("QuantizeLinear", [x, scale, zero], [f"{out}_q"], **axis),
        *middle,
        helper.make_node("DequantizeLinear", [f"{out}_c" if clip else f"{out}_q", scale, zero], [out], **axis),
    ]


def _by_hand(path: Path, zero: int, kind: type, bits: int, weights: str) -> Path:
    """A padded convolution of pixels, of `bits` bits, whose sums are quantized again: every scale a power of two."""
    rng = np.random.default_rng(bits)
    low = 0 if kind is np.uint8 else -(1 << bits - 1)
    channels = np.asarray([0.25, 0.5, 0.125, 1], np.float32)
    constants: dict[str, Any] = {
        "sx": np.float32(2**-4), "zx": kind(zero), "low": kind(low), "high": kind(low + (1 << bits) - 1),
        "w": rng.integers(-7, 8, (4, 3, 3, 3)).astype(np.int8), "sw": np.float32(0.25), "zw": np.int8(0),
        "b": rng.integers(-99, 99, 4).astype(np.int32), "sb": np.float32(2**-6), "sy": np.float32(0.5),
        "zy": np.uint8(9),
    }  # fmt: skip
    if weights == "channel":
        constants |= {"sw": channels, "zw": np.zeros(4, np.int8), "sb": channels * np.float32(2**-4)}
    if weights == "zero points":
        constants |= {"w": rng.integers(0, 256, (4, 3, 3, 3)).astype(np.uint8), "zw": np.uint8(77)}
    along: dict[str, Any] = {"axis": 0} if weights == "channel" else {}
    nodes = [
        *_pair("x", "xd", "sx", "zx", ("low", "high") if bits < 8 else None),
        helper.make_node("DequantizeLinear", ["w", "sw", "zw"], ["wd"], **along),
        helper.make_node("DequantizeLinear", ["b", "sb"], ["bd"], axis=0),
        helper.make_node("Conv", ["xd", "wd", "bd"], ["sums"], pads=[1, 1, 1, 1], strides=[1, 2]),
        *_pair("sums", "y", "sy", "zy"),
    ]
    return made_by_hand(path, nodes, constants, (3, 5, 6))


@pytest.mark.parametrize("weights", ["tensor", "channel", "zero points"])
@pytest.mark.parametrize(
    ("kind", "zero", "bits"),
    [(np.uint8, 0, 8), (np.uint8, 131, 8), (np.int8, 0, 8), (np.int8, -5, 8), (np.int8, 0, 2), (np.uint8, 3, 3)],
)
def test_zero_points_and_ties(tmp_path: Path, kind: type, zero: int, bits: int, weights: str) -> None:
    """Scales are powers of two: equal to the last bit, with pixels on the ties between two levels."""
    images = np.random.default_rng(3).integers(-300, 600, (3, 3, 5, 6)).astype(np.float32) / 32
    network = _check(_by_hand(tmp_path / "net.onnx", zero, kind, bits, weights), images)
    assert (np.abs(images * 16 % 1) == 0.5).mean() > 0.4  # ties
    entering = next(iter(network.tensors.values()))
    low = 0 if kind is np.uint8 else -(1 << bits - 1)
    assert (entering.low.min(), entering.high.max()) == (low - zero, low - zero + (1 << bits) - 1)


def test_the_same_pair_twice_and_one_that_changes_nothing_cost_nothing(tmp_path: Path) -> None:
    nodes = [
        *_pair("x", "a", "s", "z"),
        *_pair("x", "b", "s", "z"),  # the same again
        *_pair("a", "c", "s", "z"),  # of levels that are there
        helper.make_node("Add", ["b", "c"], ["sum"]),  # of one tensor with itself
        *_pair("sum", "y", "s", "z"),
    ]
    path = made_by_hand(tmp_path / "net.onnx", nodes, {"s": np.float32(0.5), "z": np.int8(0)}, (2, 3, 3))
    images = np.random.default_rng(3).normal(0, 20, (3, 2, 3, 3)).astype(np.float32)
    assert [n.op_type for n in _check(path, images).model.graph.node] == ["MultiThreshold"]


def test_bytes_less_a_zero_point_joined_with_their_negatives(tmp_path: Path) -> None:
    """Nine bits, as the bytes themselves: -250 to 5 beside -5 to 250."""
    nodes = [
        *_pair("x", "a", "s", "z"), helper.make_node("Neg", ["a"], ["n"]),
        helper.make_node("Concat", ["a", "n"], ["both"], axis=1), helper.make_node("Relu", ["both"], ["r"]),
        *_pair("r", "y", "s", "z"),
    ]  # fmt: skip
    path = made_by_hand(tmp_path / "net.onnx", nodes, {"s": np.float32(0.3), "z": np.uint8(5)}, (2, 4, 4))
    _check(path, np.random.default_rng(3).normal(20, 30, (3, 2, 4, 4)).astype(np.float32))


def test_activations_with_a_scale_per_channel(tmp_path: Path) -> None:
    nodes = [
        *_pair("x", "a", "s", "z"),
        helper.make_node("Mul", ["a", "m"], ["scaled"]),
        *_pair("scaled", "b", "sc", "zc", axis=1),
        helper.make_node("MaxPool", ["b"], ["pooled"], kernel_shape=[2, 2]),
        *_pair("pooled", "y", "s", "z"),
    ]
    constants: dict[str, Any] = {
        "s": np.float32(0.5), "z": np.int8(0), "m": np.array([[[1.5]], [[-0.5]]], np.float32),
        "sc": np.array([0.3, 0.7], np.float32), "zc": np.array([3, 40], np.uint8),
    }  # fmt: skip
    path = made_by_hand(tmp_path / "net.onnx", nodes, constants, (2, 4, 4))
    _check(path, np.random.default_rng(3).normal(0, 20, (3, 2, 4, 4)).astype(np.float32))


@pytest.mark.parametrize("function", ["Max", "Min"])
@pytest.mark.parametrize(("one", "other"), [(0.0123, 0.0179), (0.031, 0.0021), (0.02, 0.02)])
def test_the_greater_of_two_on_two_scales(tmp_path: Path, function: str, one: float, other: float) -> None:
    """Activations of 256 levels each, whose scales are no multiples of each other: as all pairs of floats compare."""
    rng = np.random.default_rng(3)
    constants: dict[str, Any] = {
        "s": np.float32(1 / 255), "z": np.uint8(0), "sb": np.float32(one), "sc": np.float32(other), "zc": np.uint8(77),
        "v": rng.integers(-9, 9, (3, 2, 1, 1)).astype(np.int8), "w": rng.integers(-9, 9, (3, 2, 1, 1)).astype(np.int8),
        "sw": np.float32(0.0321), "zw": np.int8(0), "sy": np.float32(0.0137),
    }  # fmt: skip
    nodes = [
        *_pair("x", "a", "s", "z"),
        *(helper.make_node("DequantizeLinear", [name, "sw", "zw"], [f"{name}d"]) for name in "vw"),
        *(helper.make_node("Conv", ["a", f"{name}d"], [f"{name}_sums"]) for name in "vw"),
        *_pair("v_sums", "b", "sb", "zc"),
        *_pair("w_sums", "c", "sc", "zc"),
        helper.make_node(function, ["b", "c"], ["either"]),
        *_pair("either", "y", "sy", "zc"),
    ]
    path = made_by_hand(tmp_path / "net.onnx", nodes, constants, (2, 7, 6))
    network = _check(path, rng.random((3, 2, 7, 6)).astype(np.float32))
    assert (network.tensors["either"].points is None) == (one == other)


def test_sums_on_two_scales_that_float32_cannot_keep_in_order(tmp_path: Path) -> None:
    """46 steps of one are 55 of the other but for float32's rounding: such sums are one integer, with two floats."""
    constants = {
        "s": np.float32(0.004796482),
        "z": np.uint8(3),
        "t": np.float32(0.004011604),
        "u": np.float32(0.0057141),
    }
    nodes = [
        *_pair("x", "a", "s", "z"),
        *_pair("a", "c", "t", "z"),
        helper.make_node("Add", ["a", "c"], ["sum"]),
        *_pair("sum", "y", "u", "z"),
    ]
    path = made_by_hand(tmp_path / "net.onnx", nodes, constants, (2, 7, 6))
    network = _check(path, np.random.default_rng(3).random((3, 2, 7, 6)).astype(np.float32))
    points = network.tensors["sum"].points
    assert points is not None and (points[1] != points[2]).any()


def _averages(path: Path, kernel: int, scale: float, ceil_mode: int, most: int = 255) -> Path:
    nodes = [
        *_pair("x", "a", "s", "z", ("z", "most")),
        helper.make_node(
            "AveragePool", ["a"], ["mean"], kernel_shape=[kernel] * 2, strides=[kernel] * 2, ceil_mode=ceil_mode
        ),
        *_pair("mean", "y", "s", "z"),
    ]
    constants = {"s": np.float32(scale), "z": np.uint8(0), "most": np.uint8(most)}
    return made_by_hand(path, nodes, constants, (3, 9 - ceil_mode, 9 - ceil_mode))


AVERAGED = [(3, 0.0123, 0, 255), (2, 0.0625, 0, 255), (2, 0.65625, 1, 255), (3, 0.5, 1, 255), (2, 0.0123, 0, 1)]


@pytest.mark.parametrize(("kernel", "scale", "ceil_mode", "most"), AVERAGED)
def test_averages_on_the_scale_of_what_is_averaged(
    tmp_path: Path, kernel: int, scale: float, ceil_mode: int, most: int
) -> None:
    """Of nine pixels none lies between two levels; of few bits, of pixels or scale, sums are exact: ties go to even."""
    path = _averages(tmp_path / "net.onnx", kernel, scale, ceil_mode, most)
    _check(
        path,
        np.random.default_rng(3).uniform(0, 255 * scale, (3, 3, 9, 9))[..., ceil_mode:, ceil_mode:].astype(np.float32),
    )


@pytest.mark.parametrize("ceil_mode", [0, 1])
def test_averages_between_two_levels_that_float32_sums_decide_are_refused(tmp_path: Path, ceil_mode: int) -> None:
    """ONNX Runtime quantizes an average so; of two pixels in a hundred its float32 sums go another way than the sum."""
    path = _averages(tmp_path / "net.onnx", 2, 0.0123, ceil_mode)
    (problem,) = to_integers(import_qonnx(path)).problems
    assert "halfway between two levels" in problem.why and "nodes_to_exclude" in problem.cure
    assert "write an average as a depthwise convolution" in problem.cure


@pytest.mark.parametrize(
    ("function", "layer", "told"),
    [
        ("Tanh", "Conv", "op_types_to_quantize=[*QDQRegistry, *QLinearOpsRegistry, 'Tanh']"),
        ("Tanh", "AveragePool", "of onnxruntime.quantization.registry, and p in nodes_to_exclude"),
        ("Sigmoid", "Conv", "static quantization as it is by default"),
    ],
)
def test_an_activation_that_is_not_quantized_is_named(tmp_path: Path, function: str, layer: str, told: str) -> None:
    read = ["t", "wd"] if layer == "Conv" else ["t"]
    window = {} if layer == "Conv" else {"kernel_shape": [2, 2]}
    nodes = [
        *_pair("x", "a", "s", "z"), helper.make_node(function, ["a"], ["t"]),
        helper.make_node("DequantizeLinear", ["w", "s"], ["wd"]), helper.make_node(layer, read, ["p"], "p", **window),
        helper.make_node("Conv", ["p", "wd"], ["y"]),
    ]  # fmt: skip
    constants = {"s": np.float32(0.3), "z": np.int8(0), "w": np.ones((2, 2, 2, 2), np.int8)}
    path = made_by_hand(tmp_path / "net.onnx", nodes, constants, (2, 4, 4))
    (problem,) = to_integers(import_qonnx(path)).problems
    assert told in problem.cure


def _averages_before_a_layer(path: Path, channels: int) -> Path:
    """A convolution, averages of four pixels on the scale of these, and a dense layer of eight features for each."""
    rng = np.random.default_rng(7)
    constants: dict[str, Any] = {
        "s": np.float32(0.0123), "z": np.uint8(3), "sw": np.float32(0.011),
        "w": rng.integers(-99, 100, (4, 3, 3, 3), np.int8), "w2": rng.integers(-99, 100, (16, channels), np.int8),
    }  # fmt: skip
    nodes = [
        *_pair("x", "a", "s", "z"), helper.make_node("DequantizeLinear", ["w", "sw"], ["wd"]),
        helper.make_node("Conv", ["a", "wd"], ["sums"], name="conv"), *_pair("sums", "c", "s", "z"),
        helper.make_node("AveragePool", ["c"], ["mean"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        *_pair("mean", "m", "s", "z"), helper.make_node("Flatten", ["m"], ["f"]), *_pair("f", "g", "s", "z"),
        helper.make_node("DequantizeLinear", ["w2", "sw"], ["w2d"]),
        helper.make_node("MatMul", ["g", "w2d"], ["y"], name="dense"),
    ]  # fmt: skip
    return made_by_hand(path, nodes, constants, (3, 6, 6))


def test_what_float32_decides_is_the_hosts_with_the_layers_behind(tmp_path: Path) -> None:
    """Averages halfway between two levels go the way of ONNX Runtime's sums, to the bit, where it computes them."""
    images = np.random.default_rng(3).normal(1.5, 1, (9, 3, 6, 6)).astype(np.float32)
    network = _check(_averages_before_a_layer(tmp_path / "net.onnx", 8), images)
    assert network.of_the_host.startswith(
        "dense (6.9% of the products of quantized layers), which the host runs. pool: "
    )
    assert [n.op_type for n in network.model.graph.node] == ["Conv", "MultiThreshold"]


def test_no_more_than_a_quarter_of_the_products_is_left_to_the_host(tmp_path: Path) -> None:
    """4 * 3 * 9 * 16 = 1728 products in the convolution, 16 * 36 = 576 in the dense layer: a quarter."""
    assert not to_integers(import_qonnx(_averages_before_a_layer(tmp_path / "least.onnx", 36))).problems
    (problem,) = to_integers(import_qonnx(_averages_before_a_layer(tmp_path / "net.onnx", 37))).problems
    assert "halfway between two levels" in problem.why and "list pool in nodes_to_exclude" in problem.cure


def test_four_bit_types(tmp_path: Path) -> None:
    """INT4 weights and UINT4 activations, as ONNX has them since opset 21."""
    nodes = [
        *_pair("x", "a", "s", "z"),
        helper.make_node("DequantizeLinear", ["w", "s", "zw"], ["wd"]),
        helper.make_node("Conv", ["a", "wd"], ["y"]),
    ]
    four = {k: helper.tensor_dtype_to_np_dtype(t) for k, t in (("i", TensorProto.INT4), ("u", TensorProto.UINT4))}
    weights = np.random.default_rng(0).integers(-8, 8, (3, 2, 2, 2)).astype(four["i"])
    constants: dict[str, Any] = {
        "s": np.float32(0.5),
        "z": np.asarray(5, four["u"]),
        "w": weights,
        "zw": np.asarray(-1, four["i"]),
    }
    path = made_by_hand(tmp_path / "net.onnx", nodes, constants, (2, 4, 4))
    network = _check(path, np.random.default_rng(3).normal(0, 4, (3, 2, 4, 4)).astype(np.float32))
    assert next(iter(network.tensors.values())).dtype.name == "INT5"  # -5 to 10


REFUSED: dict[str, tuple[Callable[[], list[Any]], str]] = {
    "no QuantizeLinear": (
        lambda: [*_pair("x", "a", "s", "z"), helper.make_node("DequantizeLinear", ["a_q", "s", "z"], ["b"]),
                 helper.make_node("Cast", ["b"], ["c"], to=TensorProto.INT8),
                 helper.make_node("DequantizeLinear", ["c", "s", "z"], ["y"])],
        "a DequantizeLinear of what a Cast makes",
    ),
    "16 bits": (
        lambda: [helper.make_node("QuantizeLinear", ["x", "s"], ["q"], output_dtype=TensorProto.INT16),
                 helper.make_node("DequantizeLinear", ["q", "s"], ["y"])],
        "a QuantizeLinear to int16",
    ),
    "a norm before a layer": (
        lambda: [*_pair("x", "a", "s", "z"), helper.make_node("LayerNormalization", ["a", "g"], ["n"], name="n"),
                 *_pair("n", "b", "s", "z"), helper.make_node("DequantizeLinear", ["w", "s"], ["wd"]),
                 helper.make_node("Conv", ["b", "wd"], ["y"])],
        "op LayerNormalization has no hardware",
    ),
    "scale of the other axis": (
        lambda: [*_pair("x", "a", "s", "z"), helper.make_node("DequantizeLinear", ["w", "sw"], ["wd"], axis=1),
                 helper.make_node("Conv", ["a", "wd"], ["y"])],
        "weights with scales of shape (1, 2, 1, 1)",
    ),
    **{
        why: (
            lambda read=read, stated=stated: [
                *_pair("x", "a", "s", "z"), helper.make_node("DequantizeLinear", ["w", *read], ["wd"], **stated),
                helper.make_node("Conv", ["a", "wd"], ["y"]),
            ],
            why,
        )
        for why, read, stated in (
            ("scales along dimension 4 of 4", ["sw"], {"axis": 4}),
            ("scales along dimension -5 of 4", ["sw"], {"axis": -5}),
            ("2 scales with 1 zero points", ["sw", "z"], {}),
            ("quantization by blocks", ["s"], {"block_size": 2}),
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_by_name(tmp_path: Path, case: str) -> None:
    made, why = REFUSED[case]
    constants: dict[str, Any] = {
        "s": np.float32(0.5), "z": np.int8(0), "sw": np.array([0.5, 0.25], np.float32),
        "w": np.ones((3, 2, 2, 2), np.int8), "g": np.ones(4, np.float32),
    }  # fmt: skip
    path = made_by_hand(tmp_path / "net.onnx", made(), constants, (2, 4, 4))
    (problem,) = to_integers(import_qonnx(path)).problems
    assert why in problem.why and problem.cure
    assert ("nodes_to_exclude" in problem.cure) == ("Norm" in why)  # what the host can do


@pytest.mark.parametrize("kind", ["brevitas, zero points", "onnxruntime, gated", "pytorch, integer modules"])
def test_through_the_gate(tmp_path: Path, kind: str) -> None:
    """Nine bits enter, nine-bit weights multiply: levels 0, which is ONNX Runtime on the whole file, to 4."""
    network = networks.from_qonnx(FILES[kind](tmp_path / "net.onnx"))
    build = run_steps(start_build(network, tmp_path))
    assert build.verdict is not None and build.verdict.passed, build.verdict
    assert build.verdict.levels == (0, 1, 2, 3, 4)
