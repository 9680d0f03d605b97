"""A PyTorch module on float scales beside level 1: what differs is named, but for what float32 sums round."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from brevitas.core.scaling import ScalingImplType
from brevitas.nn import QuantConv2d, QuantIdentity
from brevitas.quant import Int8ActPerTensorFloat, SignedBinaryWeightPerTensorConst
from torch import nn

from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import to_integers
from finn_build.proof import levels
from finn_build.proof.gate import Tap, Verdict, compare
from finn_build.proof.whole_module import module_values

_SCALE, _WEIGHT = 0.0123, 0.37


def _quantizer(scale: float) -> QuantIdentity:
    return QuantIdentity(Int8ActPerTensorFloat, scaling_impl_type=ScalingImplType.CONST, scaling_init=scale * 127)


def _module(step: int) -> nn.Sequential:
    """Sums of 12 pixels, a quantizer, sums of those: of the first, one in 2 * step lies between two levels."""
    torch.manual_seed(0)
    binary = {"weight_quant": SignedBinaryWeightPerTensorConst, "weight_scaling_init": _WEIGHT, "bias": False}
    first, last = QuantConv2d(3, 4, 2, **binary), QuantConv2d(4, 2, 1, **binary)
    return nn.Sequential(_quantizer(_SCALE), first, _quantizer(2 * step * _SCALE * _WEIGHT), last).eval()


def _beside_level_1(folder: Path, step: int, changed: int | None = None) -> tuple[Verdict, str]:
    model = _module(step)
    qonnx = import_qonnx(export_qonnx(model, folder / "net.onnx", (1, 3, 9, 9)))
    network = to_integers(qonnx)
    assert not network.problems, network.problems
    images = np.random.default_rng(0).normal(0, 0.4, (4, 3, 9, 9)).astype(np.float32)
    reference = levels.qonnx_values(qonnx, network, images, lambda fraction: None)
    if changed is not None:
        model[changed].weight.data[1, 2, 0, 0] *= -1
    values, said = module_values(model, network, images, reference)
    taps = [Tap(name, "", "") for name in network.tensors] + levels.output_taps(network)
    return compare(taps, {0: values, 1: reference}), said


def test_sums_that_float32_rounds_to_another_level_are_told_and_all_else_is_equal(tmp_path: Path) -> None:
    verdict, said = _beside_level_1(tmp_path, 60)
    assert verdict.passed and verdict.levels == (0, 1)
    assert said.startswith("level 0 (PyTorch): ") and 0 < int(said.split()[3]) < 12, said


def test_many_of_them_are_no_accident(tmp_path: Path) -> None:
    verdict, said = _beside_level_1(tmp_path, 2)
    assert verdict.first_difference is not None and not said


@pytest.mark.parametrize("changed", [1, 3])
def test_a_module_that_computes_something_else_is_named(tmp_path: Path, changed: int) -> None:
    """As if the export had written another weight than the module has."""
    difference = _beside_level_1(tmp_path, 60, changed)[0].first_difference
    assert difference is not None and (difference.channel, difference.reference_level, difference.level) == (1, 0, 1)
