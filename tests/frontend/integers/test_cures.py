"""Networks that are refused, what they are told, and the network that does as it is told: built exactly."""

from __future__ import annotations

import logging
from pathlib import Path

import onnx
import pytest
import torch
from onnx import helper
from onnxruntime.quantization import quantize_dynamic
from torch import Tensor, nn
from torch.nn import functional as F

from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import to_integers
from tests.frontend.integers.brevitas_styles import Styles, Tail, check, imported


def _grown(x: Tensor, times: float, **options: bool) -> Tensor:
    return F.interpolate(x, scale_factor=times, mode="bilinear", **options)


def _turned(x: Tensor) -> Tensor:
    return x.flatten(2).transpose(1, 2)


CURED: dict[str, tuple[Tail, str, Tail]] = {
    "sums of channels on scales of their own": (
        lambda m, x: m.q(m.by_channel(m.q(x)) + m.q(x)),
        "an add of tensors with one scale per channel. Cure: quantize each of them on one scale before it.",
        lambda m, x: m.q(m.q(m.by_channel(m.q(x))) + m.q(x)),
    ),
    "bilinear between corners": (
        lambda m, x: m.one(m.q(_grown(x, 2, align_corners=True))),
        "Cure: resize height and width, mode nearest, or by 2, 4 or 8 linear with align_corners=False.",
        lambda m, x: m.one(m.q(_grown(x, 4))),
    ),
    "bilinear by a fraction": (
        lambda m, x: m.one(m.q(_grown(x, 1.5))),
        "Cure: resize height and width, mode nearest, or by 2, 4 or 8 linear with align_corners=False.",
        lambda m, x: m.one(m.q(F.interpolate(x, scale_factor=1.5))),
    ),
    "dense layer for each place": (
        lambda m, x: m.q(m.grow(_turned(m.q(x)))).amax(1),
        "Cure: for each place by itself use a convolution of kernel 1 on (N, C, L), channels in dimension 1.",
        lambda m, x: m.q(m.pointwise(m.q(x).flatten(2))).amax(2),
    ),
}


@pytest.mark.parametrize("kind", CURED)
def test_the_cure_works(tmp_path: Path, kind: str) -> None:
    refused, told, cured = CURED[kind]
    _, network = imported(Styles(refused), torch.rand((3, 3, 8, 8)), tmp_path / "refused.onnx")
    assert any(told in str(problem) for problem in network.problems), network.problems
    check(Styles(cured), (3, 8, 8), tmp_path / "cured.onnx")


def _float_file(path: Path) -> Path:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 5))
    torch.onnx.export(model, (torch.zeros(1, 1, 4, 4),), str(path), dynamo=False)
    return path


def _problems(path: Path) -> list[str]:
    return [str(problem) for problem in to_integers(import_qonnx(path)).problems]


def test_a_network_in_float_is_told_once(tmp_path: Path) -> None:
    (problem,) = _problems(_float_file(tmp_path / "net.onnx"))
    assert problem.startswith(
        "0, 3: no quantizer is in this network. Cure: quantize the image, weights and activations"
    )


def test_every_node_that_is_quantized_at_run_time_is_listed(tmp_path: Path) -> None:
    given, path = _float_file(tmp_path / "float.onnx"), tmp_path / "net.onnx"
    logging.disable(logging.WARNING)
    quantize_dynamic(str(given), str(path))
    logging.disable(logging.NOTSET)
    wanted = [n.op_type for n in onnx.load(path).graph.node if "Integer" in n.op_type or "Dynamic" in n.op_type]
    found = _problems(path)
    assert len(wanted) == 4
    for kind, problem in zip(wanted, found, strict=True):
        assert (
            f"op {kind} has no hardware. Cure: quantize statically, and with quant_format=QuantFormat.QDQ." in problem
        )


def test_a_file_that_was_converted_is_told_so(tmp_path: Path) -> None:
    """As qonnx writes thresholds for FINN."""
    path = _float_file(tmp_path / "net.onnx")
    model = onnx.load(path)
    node = next(n for n in model.graph.node if n.op_type == "Relu")
    steps = helper.make_tensor("steps", onnx.TensorProto.FLOAT, [1, 2], [0.5, 1.5])
    model.graph.initializer.append(steps)
    node.input.append("steps")
    node.op_type, node.domain, node.name = "MultiThreshold", "qonnx.custom_op.general", "steps_of_1"
    model.opset_import.append(helper.make_opsetid(node.domain, 1))
    onnx.save(model, path)
    told = (
        "op MultiThreshold has no hardware. Cure: take the file as Brevitas exports it, before qonnx or FINN converts"
    )
    assert _problems(path) == [f"steps_of_1: {told} it."]
