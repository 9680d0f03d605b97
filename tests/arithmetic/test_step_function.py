"""Step functions equal the function they were compiled from, on every integer of every channel's range."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from brevitas_models.layers.activations import BatchNorm2d, RPReLU, RSign, RSiLU
from brevitas_models.layers.quantizers import act_quantizer
from finn_build.arithmetic import step_function
from finn_build.arithmetic.step_function import compile_steps

CHANNELS = 6


def _random_affine() -> nn.Module:
    norm = BatchNorm2d(CHANNELS)
    with torch.no_grad():
        norm.weight.copy_(torch.randn(CHANNELS))  # negative scales too
        norm.bias.copy_(torch.randn(CHANNELS))
        norm.running_mean.copy_(torch.randn(CHANNELS) * 10)
        norm.running_var.copy_(torch.rand(CHANNELS) * 400 + 1)
    return norm


def _randomized(module: nn.Module, spread: float) -> nn.Module:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter) * spread)
    return module


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "none": nn.Identity,
    "relu": nn.ReLU,
    "hardtanh": nn.Hardtanh,
    "rsign_shift": lambda: _randomized(RSign(CHANNELS), 0.5),
    "rprelu_any_slope": lambda: _randomized(RPReLU(CHANNELS), 1.0),  # negative slopes too
    "rsilu_dips": lambda: _randomized(RSiLU(CHANNELS), 1.5),
    "rprelu_then_rsilu": lambda: nn.Sequential(_randomized(RPReLU(CHANNELS), 1.0), _randomized(RSiLU(CHANNELS), 1.0)),
}


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_exhaustive_over_the_accumulator_range(activation: str, signed: bool, bits: int) -> None:
    torch.manual_seed(bits * 2 + signed)
    quantizer = act_quantizer(bits, signed)
    chain = nn.Sequential(_random_affine(), ACTIVATIONS[activation](), quantizer).eval()
    low, high = np.array([-300, -150, -1, 0, -77, 5]), np.array([300, 260, 0, 511, -70, 5])

    @torch.inference_mode()
    def values(ints: np.ndarray) -> np.ndarray:
        out = chain(torch.from_numpy(ints.astype(np.float32))[:, :, None, None])
        return getattr(out, "value", out).numpy()[:, :, 0, 0]

    every = np.arange(-300, 512)[:, None]
    floats = values(np.clip(every, low, high))
    scale = np.abs(floats[floats != 0]).min() if np.any(floats) else np.float32(1)

    def levels(ints: np.ndarray) -> np.ndarray:
        return np.rint(values(ints) / scale).astype(np.int64)

    steps = compile_steps(levels, low, high)
    assert np.array_equal(steps(np.clip(every, low, high)), np.rint(floats / scale).astype(np.int64))
    assert np.all(np.diff(steps.thresholds, axis=1) >= 0), "thresholds are sorted"


def test_monotone_functions_need_no_table() -> None:
    steps = compile_steps(lambda x: np.clip(x // 10, -2, 5), np.full(3, -100), np.full(3, 100))
    assert steps.table is None and steps.bias == -2 and steps.thresholds.shape == (1, 7)
    assert steps.thresholds.tolist() == [[-10, 0, 10, 20, 30, 40, 50]]


def test_a_dip_becomes_breakpoints_and_a_table() -> None:
    steps = compile_steps(lambda x: np.abs(x) // 4, np.full(2, -9), np.full(2, 9))
    assert steps.table is not None and steps.levels == (0, 2)
    assert steps.thresholds.tolist() == [[-7, -3, 4, 8]] and steps.table.tolist() == [[2, 1, 0, 1, 2]]


def test_levels_that_skip_stay_exact() -> None:
    steps = compile_steps(lambda x: np.where(x >= 3, 200, 0), np.zeros(1, int), np.full(1, 10))
    assert steps(np.arange(11)[:, None]).ravel().tolist() == [0] * 3 + [200] * 8
    assert steps.steps == 1, "one breakpoint and a table, not 200 equal thresholds"


def test_ranges_longer_than_one_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finn_build.arithmetic.step_function._CHUNK_ELEMENTS", 16)
    steps = compile_steps(lambda x: x // 7, np.array([-50, 3]), np.array([50, 90]))
    x = np.clip(np.arange(-50, 91)[:, None], [-50, 3], [50, 90])
    assert np.array_equal(steps(x), x // 7)


@pytest.mark.parametrize(("height", "tabled"), [(1, False), (2, False), (3, True)])
def test_steps_of_up_to_two_levels_need_no_table(height: int, tabled: bool) -> None:
    steps = compile_steps(lambda x: height * np.clip(x, 0, 3), np.array([-4]), np.array([6]))
    assert (steps.table is not None) == tabled and steps.steps == (3 if tabled else 3 * height)


def test_a_constant_has_one_threshold_that_nothing_reaches() -> None:
    steps = compile_steps(lambda x: np.full(x.shape, 5), np.array([-4]), np.array([6]))
    assert steps.thresholds.tolist() == [[8]] and steps.levels == (5, 6)


def test_parts_of_a_range_are_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    low, high = np.array([-20, -9]), np.array([30, 12])

    def found() -> list[list[list[int]]]:
        steps = compile_steps(lambda x: np.array([1, -1]) * (x // 4), low, high)
        assert steps.table is not None
        return [steps.thresholds.tolist(), steps.table.tolist()]

    whole = found()
    monkeypatch.setattr(step_function, "_CHUNK_ELEMENTS", 6)
    assert found() == whole
