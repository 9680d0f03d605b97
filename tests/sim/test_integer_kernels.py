"""Kernels of the integer model against PyTorch in float64, for shapes that fill no vector and no word."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from sim._integer_kernels import BinaryConv, IntegerConv, MaxPool, Steps, StepTable

# maps [N, C, H, W], channels out, kernel, stride, pads
SHAPES = [
    ((2, 3, 7, 5), 5, 3, 1, (1, 1, 1, 1)),
    ((1, 24, 6, 6), 24, 3, 2, (1, 0, 0, 1)),
    ((3, 33, 3, 3), 50, 1, 1, (0, 0, 0, 0)),
    ((1, 1, 11, 12), 24, 9, 2, (4, 4, 4, 4)),
    ((2, 70, 4, 9), 8, 1, 2, (0, 0, 0, 0)),
    ((1, 5, 2, 2), 100, 5, 1, (2, 2, 2, 2)),
]


@pytest.mark.parametrize(("shape", "channels", "kernel", "stride", "pads"), SHAPES)
@pytest.mark.parametrize("binary", [True, False])
def test_convolutions(shape, channels, kernel, stride, pads, binary) -> None:
    rng, weights = np.random.default_rng(shape[1]), (channels, shape[1], kernel, kernel)
    x, w = (
        torch.from_numpy((2 * rng.integers(0, 2, s) - 1 if binary else rng.integers(low, high, s)).astype(np.float32))
        for s, low, high in ((shape, -(2**15), 2**15), (weights, -64, 64))
    )
    top, left, bottom, right = pads
    wanted = functional.conv2d(functional.pad(x.double(), (left, right, top, bottom)), w.double(), stride=stride)
    assert torch.equal((BinaryConv if binary else IntegerConv)(w, pads, stride)(x).double(), wanted.float().double())


@pytest.mark.parametrize(("shape", "_", "kernel", "stride", "pads"), SHAPES)
def test_pools(shape, _, kernel, stride, pads) -> None:
    x = torch.from_numpy(np.random.default_rng(0).integers(-99, 9, shape).astype(np.float32))
    top, left, bottom, right = pads
    padded = functional.pad(x, (left, right, top, bottom), value=-torch.inf)
    pool = MaxPool((kernel, kernel), (stride, stride), pads)
    assert torch.equal(pool(x), functional.max_pool2d(padded, kernel, stride))


@pytest.mark.parametrize("shape", [(2, 9), (3, 10, 7), (2, 24, 5, 5), (70, 3, 2, 1)])
@pytest.mark.parametrize("steps", [1, 6])
def test_steps(shape, steps) -> None:
    rng = np.random.default_rng(steps)
    x = torch.from_numpy(rng.integers(-20, 20, shape).astype(np.float32))
    thresholds = torch.from_numpy(np.sort(rng.integers(-20, 20, (shape[1], steps)), axis=1).astype(np.float32))
    table = torch.from_numpy(rng.integers(-8, 8, (shape[1], steps + 1)).astype(np.float32))
    rows = x.movedim(1, 0).reshape(shape[1], -1)
    counts = (rows[:, :, None] >= thresholds[:, None]).sum(2)
    for kernel, wanted in (
        (Steps(thresholds, 2, -3), 2.0 * counts - 3),
        (StepTable(thresholds, table), table.gather(1, counts)),
    ):
        assert torch.equal(kernel(x).movedim(1, 0).reshape(shape[1], -1), wanted)
