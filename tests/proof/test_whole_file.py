"""The whole of an ONNX file in ONNX Runtime beside level 1: what differs is named, but for what float32 sums round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import to_integers
from finn_build.proof import levels
from finn_build.proof.gate import Tap, Verdict, compare
from finn_build.proof.whole_file import whole_file_values
from tests.frontend.qcdq_files import made_by_hand


def _pair(x: str, out: str, scale: str) -> list[Any]:
    return [
        helper.make_node("QuantizeLinear", [x, scale, "z"], [f"{out}_q"]),
        helper.make_node("DequantizeLinear", [f"{out}_q", scale, "z"], [out]),
    ]


def _sums(path: Path, step: int) -> Path:
    """Sums of 12 pixels, a quantizer, sums of those: of the first, one in 2 * step lies between two levels."""
    scale, weight = np.float32(0.0123), np.float32(0.37)
    constants: dict[str, Any] = {
        "s": scale, "z": np.int8(0),
        "w": np.random.default_rng(0).choice([-1, 1], (4, 3, 2, 2)).astype(np.int8),
        "sw": weight, "v": np.ones((2, 4, 1, 1), np.int8),
        "sy": np.float32(2 * step * scale * weight), "zw": np.int8(0),
    }  # fmt: skip
    nodes = [
        *_pair("x", "a", "s"),
        *(helper.make_node("DequantizeLinear", [name, "sw", "zw"], [f"{name}d"]) for name in "wv"),
        helper.make_node("Conv", ["a", "wd"], ["sums"]),
        *_pair("sums", "b", "sy"),
        helper.make_node("Conv", ["b", "vd"], ["y"]),
    ]
    return made_by_hand(path, nodes, constants, (3, 9, 9))


def _beside_level_1(path: Path, whole: Path | None = None) -> tuple[Verdict, str]:
    qonnx = import_qonnx(path)
    network = to_integers(qonnx)
    images = np.random.default_rng(0).normal(0, 0.4, (4, 3, 9, 9)).astype(np.float32)
    reference = levels.qonnx_values(qonnx, network, images, lambda fraction: None)
    values, said = whole_file_values(whole or path, network, images, reference)
    taps = [Tap(name, "", "") for name in network.tensors] + levels.output_taps(network)
    return compare(taps, {0: values, 1: reference}), said


def test_sums_that_float32_rounds_to_another_level_are_told_and_all_else_is_equal(tmp_path: Path) -> None:
    verdict, said = _beside_level_1(_sums(tmp_path / "net.onnx", 60))
    assert verdict.passed and verdict.comparisons == 5 and verdict.levels == (0, 1)
    assert 0 < int(said.split()[8]) < 12, said


def test_many_of_them_are_no_accident(tmp_path: Path) -> None:
    verdict, _ = _beside_level_1(_sums(tmp_path / "net.onnx", 2))
    assert verdict.first_difference is not None and verdict.first_difference.tensor == "b"


@pytest.mark.parametrize(("constant", "tensor"), [("w", "sums"), ("v", "y")])
def test_a_file_that_computes_something_else_is_named(tmp_path: Path, constant: str, tensor: str) -> None:
    """As if the import had taken another weight for one that stands in the file."""
    path, other = _sums(tmp_path / "net.onnx", 60), tmp_path / "other.onnx"
    model = onnx.load(path)
    weights = next(i for i in model.graph.initializer if i.name == constant)
    values = numpy_helper.to_array(weights).copy()
    values[1, 2, 0, 0] += 1
    weights.CopyFrom(numpy_helper.from_array(values, constant))
    onnx.save(model, other)
    difference = _beside_level_1(path, other)[0].first_difference
    assert difference is not None
    assert (difference.tensor, difference.channel, difference.reference_level, difference.level) == (tensor, 1, 0, 1)
