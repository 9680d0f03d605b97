"""Wide ranges are halved: the steps are those of evaluating every integer, of any operation; and they stay exact."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import NodeProto, TensorProto, helper, numpy_helper

from finn_build.frontend.integers import IntegerNetwork, quantizers
from finn_build.frontend.integers.tensor import in_float32
from tests.frontend.integers.by_hand import FOUR, Constants, compiled, op, quantizer, whole

_WEIGHTS = whole(9, 3)
_SLOPES = np.array([0.5, -0.5, 0.25], np.float32)
_AFFINE: Constants = {"by": np.array([0.11, -0.07, 0.3], np.float32), "off": np.array([0.3, 1, -2], np.float32)}
CHAINS: dict[str, list[NodeProto]] = {
    **{name: [op(name, "a", to="b")] for name in (
        "Abs", "Ceil", "Elu", "Erf", "Exp", "HardSigmoid", "Neg", "Relu", "Selu", "Sigmoid", "Sign", "Softplus",
        "Softsign", "Tanh",
    )},
    "PRelu": [op("PRelu", "a", "slopes", to="b")],
    "LeakyRelu": [op("LeakyRelu", "a", alpha=-0.3, to="b")],
    "SiLU": [op("Sigmoid", "a", to="s"), op("Mul", "a", "s", to="b")],
    "HardSwish": [op("HardSigmoid", "a", alpha=1 / 6, to="s"), op("Mul", "a", "s", to="b")],
    "SiLU in float64": [
        helper.make_node("Cast", ["a"], ["wide"], to=TensorProto.DOUBLE), op("Neg", "wide", to="n"),
        op("Exp", "n", to="e"), op("Add", "e", "one", to="d"),
        op("Div", "wide", "d", to="c"), helper.make_node("Cast", ["c"], ["b"], to=TensorProto.FLOAT),
    ],
    "a square": [op("Mul", "a", "a", to="b")],
    "a hyperbola": [op("Div", "ten", "a", to="c"), op("Clip", "c", "least", "most", to="b")],
    "the lesser": [op("Min", "a", "slopes", to="b")],
}  # fmt: skip


def _steps(folder: Path, name: str) -> tuple[IntegerNetwork, dict[str, np.ndarray]]:
    nodes = [
        quantizer("w", "wq", "four"), op("MatMul", "q", "wq", to="sums"),
        op("Mul", "sums", "by", to="scaled"), op("Add", "scaled", "off", to="a"), *CHAINS[name],
        quantizer("b", "y", "four"),
    ]  # fmt: skip
    constants: dict[str, Any] = {
        **FOUR, **_AFFINE, "w": _WEIGHTS, "slopes": _SLOPES, "one": np.float64(1), "ten": np.float32(10.37),
        "least": np.float32(-3), "most": np.float32(3),
    }  # fmt: skip
    _, network = compiled(folder, (1, 9), nodes, constants, 4, 1)
    assert not network.problems, network.problems
    return network, {i.name: numpy_helper.to_array(i) for i in network.model.graph.initializer}


@pytest.mark.parametrize("name", CHAINS)
def test_halving_finds_every_step(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, one_by_one = _steps(tmp_path, name)
    monkeypatch.setattr(quantizers, "_MOST_ONE_BY_ONE", 0)
    monkeypatch.setattr("finn_build.arithmetic.step_function._changes", None)  # not evaluated one by one
    _, halved = _steps(tmp_path, name)
    assert one_by_one.keys() == halved.keys()
    for key, values in one_by_one.items():
        assert np.array_equal(values, halved[key]), key


def test_sums_wider_than_float32_tells_apart(tmp_path: Path) -> None:
    """Sums of 27 bits, which nothing could evaluate one by one in time; steps lie beyond 2^24 too."""
    inputs, channels = 2500, 4
    weights = np.random.default_rng(0).choice([-128, -90, 110, 127], (inputs, channels)).astype(np.float32) / 128
    scales = np.random.default_rng(1).normal(0, 2**-9, channels).astype(np.float32)
    nodes = [
        quantizer("w", "wq", "eight", step="small"), op("MatMul", "q", "wq", to="sums"),
        op("Mul", "sums", "by", to="a"), op("Sigmoid", "a", to="b"),
        quantizer("b", "y", "eight", step="small", signed=0),
    ]  # fmt: skip
    constants = {"w": weights, "eight": np.float32(8), "small": np.float32(1 / 128), "by": scales}
    _, network = compiled(tmp_path, (1, inputs), nodes, constants, 8, 1)
    assert not network.problems, network.problems
    sums = network.tensors["sums"]
    assert sums.dtype.name == "INT27" and sums.low.min() < -(1 << 24)
    model = network.model
    thresholds = next(model.get_initializer(n.input[1]) for n in model.graph.node if n.op_type != "MatMul")
    assert (np.abs(thresholds) > 1 << 24).any() and np.array_equal(thresholds, thresholds.astype(np.float32))


def test_thresholds_that_float32_does_not_hold_part_the_same_integers() -> None:
    limits = np.array([-(1 << 24) - 3, -5, 1 << 24, (1 << 24) + 1, (1 << 25) + 3, 1 << 26])
    held = np.unique(np.concatenate([np.float32(limits + k).astype(np.int64) for k in range(-9, 10)]))
    assert np.array_equal(held[:, None] >= limits, held[:, None] >= in_float32(limits))
    assert np.array_equal(in_float32(limits), np.float32(in_float32(limits)))
