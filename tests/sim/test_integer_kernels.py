"""Kernels of the integer model against PyTorch in float64, for shapes that fill no vector and no word."""

import numpy as np
import pytest
import torch
from onnx import helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from torch.nn import functional

from finn_build.errors import SimulationError
from sim._integer_kernels import BinaryConv, IntegerConv, MaxPool, Steps, StepTable
from sim.golden import IntegerModel

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


@pytest.mark.parametrize("group", [1, 2])  # by a kernel, and by PyTorch
def test_sums_that_float32_may_round_are_refused(group: int) -> None:
    names = {"x": (1, 4, 1, 1), "w": (2, 4 // group, 1, 1), "sums": (1, 2, 1, 1)}
    x, w, sums = (helper.make_tensor_value_info(name, 1, shape) for name, shape in names.items())
    node = helper.make_node(
        "Conv", ["x", "w"], ["sums"], group=group, kernel_shape=[1, 1], strides=[1, 1], pads=[0] * 4, dilations=[1, 1]
    )
    model = ModelWrapper(helper.make_model(helper.make_graph([node], "wide", [x, w], [sums])))
    model.set_initializer("w", np.full(names["w"], 2**12, np.float32))
    for name, dtype in (("x", "INT16"), ("w", "INT14"), ("sums", "INT31")):
        model.set_tensor_datatype(name, DataType[dtype])
    integers, most = IntegerModel(model), 2**12 * group // 4
    image = np.full((1, 4, 1, 1), most)
    image[0, ::2] -= 1
    assert np.array_equal(integers.run(image)["sums"].ravel(), [2**12 * image[0, : 4 // group].sum()] * 2)
    with pytest.raises(SimulationError, match=r"^sums: a frame makes it 2\^24 or larger"):
        integers.run(np.full((1, 4, 1, 1), most))
