"""Quantizers of QONNX behind what has no hardware are computed by the host; no parameter passes that none may have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import NodeProto

from finn_build.proof import levels
from sim.golden import IntegerModel
from tests.frontend.integers.by_hand import FOUR, compiled, images_of, op, quantizer, sign, signs, whole, wide

IMAGE = (1, 2, 4, 4)


def _nodes(last: NodeProto) -> list[NodeProto]:
    """A convolution, what has no hardware, a quantizer, and a layer of few products: all behind `a` is the host's."""
    return [
        op("Conv", "q", "large", to="sums"), op("GlobalAveragePool", "sums", to="mean"),
        op("Softmax", "mean", to="shares", axis=1), last, wide(), op("Conv", "levels", "wq"),
    ]  # fmt: skip


def _compiled(folder: Path, last: NodeProto, **changed: Any) -> tuple[Any, Any]:
    constants = {"large": signs(6, 2, 3, 3), "w": whole(3, 6, 1, 1), "small": np.float32(2**-4), **FOUR, **changed}
    return compiled(folder, IMAGE, _nodes(last), constants, 4, 1)


def _last(bits: str = "four", **attributes: Any) -> NodeProto:
    return quantizer("shares", "levels", bits, step="small", **attributes)


@pytest.mark.parametrize("rounding", ["ROUND", "half_even", "FLOOR", "CEIL"])
@pytest.mark.parametrize(("signed", "narrow", "bits"), [(1, 0, 4), (1, 1, 3), (0, 0, 1), (0, 1, 2)])
def test_the_host_computes_it(tmp_path: Path, rounding: str, signed: int, narrow: int, bits: int) -> None:
    last = _last("width", signed=signed, narrow=narrow, rounding_mode=rounding)
    qonnx, network = _compiled(tmp_path, last, width=np.float32(bits))
    assert not network.problems and "op Softmax has no hardware" in network.of_the_host
    images = images_of(IMAGE, 4, 1)
    (tail,) = network.tails.values()
    got = IntegerModel(network.model).run(network.quantize_images(images))
    wanted = levels.network_output(levels.qonnx_values(qonnx, network, images, lambda fraction: None), tail.output)
    found = network.to_network_output(tail.output, got[tail.source])
    assert np.allclose(found, wanted, 1e-5, 1e-6) and len(np.unique(found)) > 1


@pytest.mark.parametrize(
    ("changed", "attributes", "said"),
    [
        ({"four": np.float32(0)}, {}, "a quantizer of 0 bits"),
        ({"four": np.float32(9)}, {}, "a quantizer of 9 bits"),
        ({"four": np.float32(3.5)}, {}, "the quantizer's bit width is not one integer"),
        ({"small": np.float32(0)}, {}, "the quantizer's scale is not positive"),
        ({"small": np.float32(-0.5)}, {}, "the quantizer's scale is not positive"),
        ({"small": np.ones((1, 1, 1, 1, 1), np.float32)}, {}, "with quantizer parameters of shape (1, 1, 1, 1, 1)"),
        ({"small": np.ones((1, 5, 1, 1), np.float32)}, {}, "with quantizer parameters of shape (1, 5, 1, 1)"),
        ({}, {"rounding_mode": "AT_RANDOM"}, "rounding mode AT_RANDOM"),
        ({}, {"rounding_mode": "DPU"}, "op Softmax has no hardware"),
        ({"four": np.float32(1)}, {"signed": 0, "narrow": 1}, "a quantizer of 1 bit that can only give 0"),
        ({"four": np.float32(1)}, {}, "op Softmax has no hardware"),
    ],
)
def test_parameters_that_none_may_have_are_refused(
    tmp_path: Path, changed: dict[str, Any], attributes: dict[str, Any], said: str
) -> None:
    weights = {"wide": np.float32(4)}
    constants = {"large": signs(6, 2, 3, 3), "w": whole(3, 6, 1, 1), "small": np.float32(2**-4), **FOUR}
    nodes = _nodes(_last(**attributes))
    nodes[4] = quantizer("w", "wq", "wide")
    _, network = compiled(tmp_path, IMAGE, nodes, constants | weights | changed, 4, 1)
    assert any(said in str(problem) for problem in network.problems), network.problems


def test_a_zero_point_that_is_no_integer_is_refused(tmp_path: Path) -> None:
    last = _last()
    last.input[2] = "half"
    _, network = _compiled(tmp_path, last, half=np.float32(0.5))
    assert any("zero point is no integer" in str(problem) for problem in network.problems)


def test_signs_stay_the_accelerators(tmp_path: Path) -> None:
    """Brevitas writes a quantizer of 0 and 1 as one of -1 and +1."""
    _, network = _compiled(tmp_path, sign("shares", "levels"))
    assert any("op Softmax has no hardware" in str(problem) for problem in network.problems)


def test_names_that_are_taken_are_not_read_instead(tmp_path: Path) -> None:
    nodes = _nodes(_last())
    nodes[2] = op("Softmax", "levels shifted", to="shares", axis=1)
    nodes[1].output[0] = "levels shifted"
    constants = {"large": signs(6, 2, 3, 3), "w": whole(3, 6, 1, 1), "small": np.float32(2**-4), **FOUR}
    _, network = compiled(tmp_path, IMAGE, nodes, constants, 4, 1)
    assert any("op Softmax has no hardware" in str(problem) for problem in network.problems)
