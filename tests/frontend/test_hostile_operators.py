"""Operators that lie, anywhere in a network: refused with a line, or computed as ONNX Runtime computes them."""

import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from finn_build.frontend.integers import to_integers
from finn_build.frontend.network import from_qonnx
from tests.frontend.test_hostile_files import SEED, _refusal, honest

TENSORS = ("image", "pixels", "sums", "scaled", "acts", "pooled", "flat", "logits")
Constants = dict[str, np.ndarray]
SHAPES = ([0, 0, 0, 0, 0], [-1, -1], [1, 7], [2**31, 2**31], [-2, 4], [], [2**62, 4])
PADS = (
    [0, 0, -9, 0, 0, 0, 0, 0],
    [0] * 7,
    [1, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 2**31, 0, 0, 0, 0, 0],
    [0, -2, *[0] * 6],
    [0, -9, *[0] * 6],
)
ORDERS = ([0, 0, 1, 2], [0, 1, 2], [0, 1, 2, 9], [-1, 0, 1, 2], [2**40, 0, 0, 0])
LIES = {  # operator: constants that it reads, each one of several; attributes, each one of several
    "Reshape": ({"shape": SHAPES}, {}),
    "Pad": ({"pads": PADS}, {"mode": ["constant", "sideways"]}),
    "Transpose": ({}, {"perm": ORDERS}),
    "Gather": ({"indices": [[9999], [-9999], [2**40], [0, 5000]]}, {"axis": [1, -1, 9, -9]}),
    "Concat": ({}, {"axis": [5, -9, 2**31]}),
    "Cast": ({}, {"to": [0, 8, 14, 20, 99]}),
    "Softmax": ({}, {"axis": [9, -9, 2**31]}),
    "LeakyRelu": ({}, {"alpha": [np.nan, np.inf, -np.inf]}),
    "Elu": ({}, {"alpha": [np.nan, np.inf, -np.inf]}),
    "DepthToSpace": ({}, {"blocksize": [3, 0, -2, 5, 2**31]}),
    "Div": ({"by": [[1e300], [[1.0] * 7, [2.0] * 7]]}, {}),
    "Flatten": ({}, {"axis": [9, -9, 2**31]}),
}


def _lying(operator: str, rng: random.Random) -> onnx.ModelProto:
    """The honest network with a lying operator between a tensor and what reads it."""
    model, at = honest(), rng.choice(TENSORS)
    constants, attributes = LIES[operator]
    for name, values in constants.items():
        kind = np.float64 if operator == "Div" else np.int64
        model.graph.initializer.append(numpy_helper.from_array(np.array(rng.choice(values), kind), name))
    for node in model.graph.node:
        node.input[:] = ["lie" if name == at else name for name in node.input]
    for output in model.graph.output:
        output.name = "lie" if output.name == at else output.name
    chosen = {name: rng.choice(values) for name, values in attributes.items()}
    made = next((i + 1 for i, node in enumerate(model.graph.node) if at in node.output), 0)
    model.graph.node.insert(made, helper.make_node(operator, [at, *constants], ["lie"], name="lie", **chosen))
    return model


@pytest.mark.parametrize("operator", LIES)
def test_operators_that_lie_are_refused(operator: str, tmp_path: Path) -> None:
    rng, path = random.Random(f"{SEED} {operator}"), tmp_path / "net.onnx"
    for number in range(10):
        path.write_bytes(_lying(operator, rng).SerializeToString())
        said = _refusal(path)
        assert said and all(len(line) < 600 for line in said.splitlines()), f"{operator}, file {number}: {said}"


@pytest.mark.parametrize("zero", [0.3, 1e9, -1e30, 1 << 25])
def test_zero_points_without_measure_are_refused(zero: float, tmp_path: Path) -> None:
    model = honest()
    tensor = next(t for t in model.graph.initializer if t.name == "zero")
    tensor.CopyFrom(numpy_helper.from_array(np.float32(zero), "zero"))
    onnx.save(model, tmp_path / "net.onnx")
    assert "zero point is no integer of up to 24 bits" in _refusal(tmp_path / "net.onnx")


def test_a_name_as_long_as_a_book_is_cut(tmp_path: Path) -> None:
    model = honest()
    model.graph.node[2].name, model.graph.node[2].op_type = "n" * 10**6, "Convolute"
    onnx.save(model, tmp_path / "net.onnx")
    assert len(_refusal(tmp_path / "net.onnx")) < 5000


def test_what_the_host_can_do_is_left_to_it(tmp_path: Path) -> None:
    """The same operators with what is legal for them."""
    for operator, constants, attributes in (
        ("Gather", {"indices": [2, -3]}, {"axis": -1}),
        ("Softmax", {}, {"axis": -1}),
        ("Elu", {}, {"alpha": -3e38}),
    ):
        model = honest()
        for name, value in constants.items():
            model.graph.initializer.append(numpy_helper.from_array(np.array(value), name))
        model.graph.node.append(helper.make_node(operator, ["logits", *constants], ["end"], **attributes))
        model.graph.output[0].name = "end"
        onnx.save(model, tmp_path / "net.onnx")
        assert not to_integers(from_qonnx(tmp_path / "net.onnx").qonnx).problems, operator


@pytest.mark.parametrize("operator", ["Conv", "ConvTranspose"])
@pytest.mark.parametrize("squeezed", [True, False])
def test_convolutions_of_other_dimensions_than_their_weights_are_refused(
    operator: str, squeezed: bool, tmp_path: Path
) -> None:
    """ONNX's own shape inference would end the process."""
    model = honest()
    conv = next(node for node in model.graph.node if node.name == "conv")
    conv.op_type = operator
    if squeezed:
        model.graph.node.insert(2, helper.make_node("Squeeze", ["pixels"], ["flat_pixels"]))
        conv.input[0], said = "flat_pixels", "its shapes do not fit together"
    else:
        conv.input[1], said = "zero", "what it reads has 4 dimensions, its weights have 0"
    del conv.attribute[:]
    onnx.save(model, tmp_path / "net.onnx")
    assert said in _refusal(tmp_path / "net.onnx")


@pytest.mark.parametrize("flag", ["keepdims", "ceil_mode"])
def test_flags_that_are_neither_0_nor_1_are_refused(flag: str, tmp_path: Path) -> None:
    model = honest()
    pool = next(node for node in model.graph.node if node.name == "pool")
    if flag == "keepdims":
        pool.op_type = "ReduceMax"
        del pool.attribute[:]
    pool.attribute.append(helper.make_attribute(flag, 2))
    onnx.save(model, tmp_path / "net.onnx")
    assert f"{flag} is 2; legal: 0 or 1" in _refusal(tmp_path / "net.onnx")
