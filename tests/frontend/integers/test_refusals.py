"""What cannot be built, by its own words, and what is just within the limits."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto

from tests.frontend.integers.by_hand import (
    FOUR,
    MAP,
    SQUARE,
    STEP,
    Constants,
    compiled,
    indices,
    op,
    quantizer,
    sign,
    signs,
    whole,
)


def sums(weight: int, rest: int, count: int) -> np.ndarray:
    """Weights of so many equal ones and a rest."""
    return np.array([[weight]] * count + [[rest]], np.float32) * STEP


Case = tuple[list[NodeProto], Constants, Sequence[int], int]  # nodes, constants, shape and bits of the image
EIGHT = {"eight": np.float32(8)}
DENSE = [quantizer("w", "wq", "eight", signed=0), op("MatMul", "q", "wq")]
DOUBLED = [
    DENSE[0], op("Conv", "q", "wq", to="a"), op("MaxPool", "q", kernel_shape=[1, 1], to="b"),
    op("Conv", "b", "wq", to="c"), op("Add", "a", "c"),
]  # fmt: skip
REFUSED: dict[str, list[Case]] = {
    "a SpaceToDepth of blocks of 2x2 on an image of 2x3 pixels": [
        ([op("SpaceToDepth", "q", blocksize=2)], {}, (1, 1, 2, 3), 2),
    ],
    "a DepthToSpace of 6 channels to blocks of 2x2 pixels": [
        ([op("DepthToSpace", "q", blocksize=2)], {}, (1, 6, 2, 2), 2),
    ],
    "the input of the Conv (a) is not quantized": [
        ([op("Sigmoid", "q", to="a"), op("Conv", "a", "w")], {"w": signs(1, 2, 1, 1)}, MAP, 2),
    ],
    "a slice of dimension 2": [
        (
            [op("Slice", "q", "z", "e", "a", "s")],
            {"z": indices(0), "e": indices(2), "a": indices(2), "s": indices(2)}, MAP, 2,
        ),
    ],
    "a gather whose indices are no list of different channels": [
        ([op("Gather", "q", "i", axis=1)], {"i": indices(0, -2)}, MAP, 2),
        ([op("Gather", "q", "i", axis=1)], {"i": np.array([[0, 1]])}, MAP, 2),
    ],
    "a gather of other dimensions than the channels": [
        ([op("Gather", "q", "i", axis=2)], {"i": indices(0, 1)}, MAP, 2),
    ],
    "a split of other dimensions than the channels": [
        ([op("Split", "q", to="y z", axis=2)], {}, MAP, 2),
    ],
    "a concat of other dimensions than the channels": [
        ([op("Concat", "q", "q", axis=2)], {}, MAP, 2),
    ],
    "a concat of averages over different windows": [
        (
            [op("GlobalAveragePool", "q", to="a"), op("GlobalMaxPool", "q", to="b"),
             op("Concat", "a", "b", axis=1, to="c"), quantizer("c", "y", "four")],
            FOUR, (1, 2, 1, 3), 2,
        ),
    ],
    "a convolution over 3 dimensions": [
        ([op("Conv", "q", "w")], {"w": signs(1, 1, 1, 1, 1)}, (1, 1, 2, 2, 2), 2),
    ],
    "the weights are not quantized": [
        ([op("Conv", "q", "w")], {"w": np.zeros((1, 2, 1, 1), np.float32)}, MAP, 2),
        ([op("Conv", "q", "w")], {"w": np.array([[[[0.5]], [[0.25]]]], np.float32)}, MAP, 2),
    ],
    "this output is a constant": [
        ([op("MaxPool", "q", kernel_shape=[2, 1], to="y0"), op("Relu", "w", to="y1")], {"w": signs(1, 2)}, MAP, 2),
    ],
    "a slice, split or gather of no channels": [
        ([op("Slice", "q", "a", "b", "c")], {"a": indices(-1), "b": indices(-9), "c": indices(1)}, MAP, 2),
    ],
    "a window of [2] on an image of [1] pixels, padded by [0, 0]": [
        (
            [op("GlobalAveragePool", "q", to="a"), op("AveragePool", "a", kernel_shape=[2], strides=[2])],
            {}, (1, 2, 4), 2,
        ),
        ([op("AveragePool", "q", kernel_shape=[2], strides=[2])], {}, (1, 2, 1), 2),
        ([op("MaxPool", "q", kernel_shape=[2], strides=[2])], {}, (1, 2, 1), 2),
    ],
    "a window of [1, 2] on an image of [1, 1] pixels, padded by [0, 0, 0, 0]": [
        ([op("Conv", "q", "w", strides=[2])], {"w": signs(1, 2, 2)}, (1, 2, 1), 2),
    ],
    "padding [0, -1, 0, 0] by mode edge of an image of 2x2 pixels": [
        ([op("Pad", "q", "p", mode="edge")], {"p": indices(0, 0, 0, -1, 0, 0, 0, 0)}, MAP, 2),
    ],
    "padding [-1, 0, 0, 0] by mode reflect of an image of 2x2 pixels": [
        ([op("Pad", "q", "p", mode="reflect")], {"p": indices(0, 0, -1, 0, 0, 0, 0, 0)}, MAP, 2),
    ],
    "padding [0, 0, 2, 0] by mode reflect of an image of 2x2 pixels": [
        ([op("Pad", "q", "p", mode="reflect")], {"p": indices(0, 0, 0, 0, 0, 0, 2, 0)}, MAP, 2),
    ],
    "an operand of the add (x) is not quantized": [
        ([op("Add", "x", "q", to="a"), quantizer("a", "y", "four")], FOUR, MAP, 2),
    ],
    "shape of a is unknown ((1, 2, 0, 2))": [
        (
            [op("Compress", "q", "some", to="a", axis=2), op("Conv", "a", "w", to="b"),
             op("MaxPool", "b", kernel_shape=[1, 1])],
            {"some": np.array([True, False]), "w": signs(1, 2, 1, 1)}, MAP, 2,
        ),
    ],
    "weights of shape (2, 2, 1, 1) with quantizer parameters of shape (2,)": [
        (
            [quantizer("w", "wq", "four", step="steps"), op("Conv", "q", "wq")],
            {"w": whole(2, 2, 1, 1), "steps": np.array([0.25, 0.5], np.float32), **FOUR}, MAP, 2,
        ),
    ],
    "weights with scales of shape (1, 2, 1, 1)": [
        (
            [quantizer("w", "wq", "four", step="steps"), op("Conv", "q", "wq")],
            {"w": whole(2, 2, 1, 1), "steps": np.array([0.25, 0.5], np.float32).reshape(1, 2, 1, 1), **FOUR}, MAP, 2,
        ),
    ],
    "weights wider than 8 bits": [
        (
            [quantizer("w", "wq", "nine"), op("Conv", "q", "wq")],
            {"w": np.full((1, 2, 1, 1), -256 * STEP, np.float32), "nine": np.float32(9)}, MAP, 2,
        ),
    ],
    "an input with one scale per channel": [
        (
            [op("Mul", "q", "by", to="a"), op("Conv", "a", "w")],
            {"w": signs(1, 2, 1, 1), "by": np.array([1, 2], np.float32).reshape(1, 2, 1, 1)}, MAP, 2,
        ),
    ],
    "a Gemm with alpha, beta or transA": [
        ([op("Flatten", "q", to="a"), op("Gemm", "a", "w", alpha=2.0)], {"w": signs(8, 3)}, MAP, 2),
    ],
    "a dense layer on a tensor of shape (1, 2, 2, 2)": [
        ([op("MatMul", "q", "w")], {"w": signs(2, 2)}, MAP, 2),
    ],
    "an arg max that is not over the classes of (N, classes) or (N, classes, H, W)": [
        ([op("ArgMax", "q", axis=2)], {}, MAP, 2),
        ([op("ArgMax", "q", axis=1, select_last_index=1)], {}, MAP, 2),
    ],
    "ReduceMean over other axes than the pixels": [
        ([op("ReduceMean", "q", axes=[1, 2, 3])], {}, MAP, 2),
        ([op("ReduceMean", "q", axes=[1, 3])], {}, MAP, 2),
        ([op("ReduceMean", "q")], {}, MAP, 2),
        ([op("ReduceMean", "q", axes=[1])], {}, (1, 4), 2),
    ],
    "padding of other dimensions than height and width": [
        ([op("Pad", "q", "p")], {"p": indices(0, 1, 0, 0, 0, 0, 0, 0)}, MAP, 2),
        ([op("Pad", "q", "p")], {"p": indices(0, 0, 0, 0, 0, 1, 0, 0)}, MAP, 2),
        ([op("Pad", "q", "p")], {"p": indices(0, 0, 0, 1)}, (1, 4), 2),
    ],
    "padding with a level of 2, beyond INT2": [
        ([op("Pad", "q", "p", "v")], {"p": indices(0, 0, 0, 0, 0, 0, 1, 0), "v": np.float32(2 * STEP)}, MAP, 2),
    ],
    "padding with 0.125, no level of the tensor's quantizer": [
        ([op("Pad", "q", "p", "v")], {"p": indices(0, 0, 0, 0, 0, 0, 1, 0), "v": np.float32(0.5 * STEP)}, MAP, 2),
    ],
    "sums beyond 2^30": [(DENSE, {"w": sums(255, 128, 32896), **EIGHT}, (1, 32897), 8)],
    "sums beyond 2^24, where float32 is no longer exact": [
        ([op("GlobalAveragePool", "q")], {}, (1, 1, 256, 512), 8),
        (
            [*DOUBLED, quantizer("y", "y0", "eight")],
            {"w": sums(255, 1, 257).reshape(1, -1, 1, 1), **EIGHT}, (1, 258, 1, 1), 8,
        ),
    ],
    "a Max of tensors on two scales": [
        (
            [op("Mul", "q", "by", to="a"), op("MaxPool", "q", kernel_shape=[1, 1], to="b"), op(*operands)],
            {"by": np.array([1, 2], np.float32).reshape(1, 2, 1, 1)}, MAP, 2,
        )
        for operands in (("Max", "a", "b"), ("Max", "b", "a"))
    ],
    "a Mul of shapes (1, 2, 2, 2) and (1, 2, 1, 2)": [
        ([op("MaxPool", "q", kernel_shape=[2, 1], to="a"), op("Mul", "q", "a")], {}, MAP, 2),
    ],
    "a Div of two tensors of 256 and 16 levels": [
        ([quantizer("q", "a", "four"), op("Div", "q", "a")], FOUR, MAP, 8),
    ],
    "a transpose": [
        ([op("Transpose", "q", perm=[0, 1, 3, 2], to="a"), op("Conv", "a", "w")], {"w": signs(1, 2, 1, 1)}, MAP, 2),
    ],
    "a resize from (1, 2, 2, 2) to (1, 2, 3, 2) that does not repeat pixels": [
        ([op("Resize", "q", "", "s", mode="linear")], {"s": np.array([1, 1, 1.5, 1], np.float32)}, MAP, 2),
    ],
    "a resize from (1, 2, 2, 2) to (1, 4, 2, 2)": [
        ([op("Resize", "q", "", "s", mode="nearest")], {"s": np.array([1, 2, 1, 1], np.float32)}, MAP, 2),
    ],
    "a resize that neither repeats pixels as blocks nor is linear between their centres": [
        (
            [op("Resize", "q", "", "s", mode="linear", coordinate_transformation_mode="align_corners")],
            {"s": np.array([1, 1, 2, 2], np.float32)}, MAP, 2,
        ),
    ],
    "a grouped transposed convolution (group=2)": [
        ([op("ConvTranspose", "q", "w", group=2)], {"w": signs(2, 1, 2, 2)}, MAP, 2),
    ],
    "a dilated transposed convolution ([2, 1])": [
        ([op("ConvTranspose", "q", "w", dilations=[2, 1])], {"w": signs(2, 1, 2, 2)}, MAP, 2),
    ],
    "a transposed convolution with auto_pad or output_shape": [
        ([op("ConvTranspose", "q", "w", auto_pad="SAME_UPPER")], {"w": signs(2, 1, 2, 2)}, MAP, 2),
    ],
    "padding [2, 0, 0, 0] that is not smaller than the kernel": [
        ([op("ConvTranspose", "q", "w", pads=[2, 0, 0, 0])], {"w": signs(1, 1, 2, 2)}, SQUARE, 2),
    ],
    "a grouped convolution from 2 channels of 6 in 3 groups to 4": [
        ([op("Conv", "q", "w", group=3)], {"w": signs(4, 2, 1, 1)}, (1, 6, 1, 1), 2),
    ],
    "the image passes through a second quantizer, other than q": [
        ([quantizer("x", "r", "four", signed=0), op("Add", "q", "r")], FOUR, MAP, 2),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("why", "case"), [(why, case) for why, cases in REFUSED.items() for case in cases])
def test_what_is_refused(why: str, case: Case, tmp_path: Path) -> None:
    nodes, constants, shape, bits = case
    _, network = compiled(tmp_path, shape, nodes, constants, bits, 1)
    assert [p.why for p in network.problems] == [why] and network.problems[0].cure


@pytest.mark.parametrize("function", ["Relu", "Softplus", "Neg"])
def test_signs_of_an_image_that_is_never_negative_are_refused(function: str, tmp_path: Path) -> None:
    head = [op(function, "x", to="r"), sign("r", "q")]
    _, network = compiled(tmp_path, MAP, [op("Conv", "q", "w")], {"w": signs(1, 2, 1, 1)}, 2, 1, head)
    assert ["never negative" in p.why for p in network.problems] == [True] * (function != "Neg")


@pytest.mark.parametrize(("inputs", "refused"), [(("Relu", "a"), True), (("Add", "a", "large"), False)])
def test_signs_of_sums_that_are_never_negative_are_refused(
    inputs: tuple[str, ...], refused: bool, tmp_path: Path
) -> None:
    """Where it is a shift that makes them all +1 it is the network's own."""
    nodes = [op("Conv", "q", "w", to="a"), op(*inputs, to="b"), sign("b", "y")]
    _, network = compiled(tmp_path, MAP, nodes, {"w": signs(1, 2, 1, 1), "large": np.float32(9)}, 2, 1)
    assert ["never negative" in p.why for p in network.problems] == [True] * refused


SLICED = op("Slice", "q", "z", "e", "a", "s", to="b")
JOINED = [op("Concat", "d", "d", axis=3, to="f"), op("Conv", "f", "v")]
PLACES = {"z": indices(0), "e": indices(2), "a": indices(2), "s": indices(2), "v": signs(1, 1, 1, 1)}
WEIGHTS = {"w": signs(1, 2, 1, 1), **PLACES}
JOIN = "a concat of other dimensions than the channels"
FAULTS: list[tuple[list[NodeProto], Constants, list[str]]] = [
    ([SLICED, op("Conv", "b", "w", to="d"), *JOINED], WEIGHTS, ["a slice of dimension 2", JOIN]),
    (
        [SLICED, op("Relu", "b", to="c"), op("Conv", "c", "w", to="d"), *JOINED],
        WEIGHTS, ["a slice of dimension 2", JOIN],
    ),
    (  # what reads weights that cannot be had cannot be told, nor what follows
        [quantizer("w", "wq", "most"), op("Conv", "q", "wq", to="d"), *JOINED],
        {**WEIGHTS, "most": np.float32(33)}, ["a quantizer of 33 bits"],
    ),
    (  # nor what follows one number
        [op("Conv", "q", "w", to="a"), quantizer("a", "r", "bits"),
         op("Einsum", "q", "r", to="e", equation="nchw,nchw->n"), op("Add", "e", "step")],
        {"w": signs(2, 2, 1, 1)}, ["op Einsum has no hardware"],
    ),
    (
        [op("Gather", "q", "twice", axis=1, to="g"), op("Conv", "g", "w", to="d"), *JOINED],
        {**WEIGHTS, "twice": indices(0, -2)}, ["a gather whose indices are no list of different channels", JOIN],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("nodes", "constants", "whys"), FAULTS)
def test_every_fault_is_listed_once_and_what_is_behind_one_is_looked_at(
    nodes: list[NodeProto], constants: Constants, whys: list[str], tmp_path: Path
) -> None:
    _, network = compiled(tmp_path, MAP, nodes, constants, 2, 1)
    assert [p.why for p in network.problems] == whys


TAKEN: list[Case] = [
    ([op("MaxPool", "q", kernel_shape=[2, 1], dilations=[1, 5])], {}, SQUARE, 2),
    (DENSE, {"w": sums(255, 127, 32896), **EIGHT}, (1, 32897), 8),
    ([op("GlobalAveragePool", "q")], {}, (1, 1, 255, 514), 8),
    (DOUBLED, {"w": sums(255, 0, 257).reshape(1, -1, 1, 1), **EIGHT}, (1, 258, 1, 1), 8),
    (
        [op("AveragePool", "q", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, count_include_pad=1)],
        {}, (1, 1, 4, 4), 2,
    ),
    (
        [quantizer("w", "wq", "eight", signed=0), op("Conv", "q", "wq")],
        {"w": np.full((1, 2, 1, 1), 255 * STEP, np.float32), **EIGHT}, MAP, 2,
    ),
    (
        [quantizer("w", "wq", "nine"), op("Conv", "q", "wq")],
        {"w": np.full((1, 2, 1, 1), -255 * STEP, np.float32), "nine": np.float32(9)}, MAP, 2,
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_just_taken(case: Case, tmp_path: Path) -> None:
    nodes, constants, shape, bits = case
    _, network = compiled(tmp_path, shape, nodes, constants, bits, 1)
    assert not network.problems, network.problems
