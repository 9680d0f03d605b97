"""Pools with `ceil_mode`: windows that would begin in the padding are left out, and averages have one meaning."""

from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from torch.nn import functional

from finn_build.errors import UnsupportedModelError
from finn_build.frontend.ceil_pools import count_pixels_only
from finn_build.frontend.import_qonnx import import_qonnx
from sim.golden import IntegerModel
from tests.frontend.integers.by_hand import compiled, images_of, op


@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize(
    ("image", "kernel", "stride", "pad"),
    [((9, 8), 2, 2, 1), ((5, 5), 3, 3, 1), ((7, 4), 1, 3, 0), ((7, 7), 2, 2, 0), ((6, 9), 2, 2, 1)],
)
def test_windows_are_those_of_pytorch(
    image: tuple[int, int], kernel: int, stride: int, pad: int, kind: str, tmp_path: Path
) -> None:
    how = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [pad] * 4, "ceil_mode": 1}
    nodes = [op(kind, "q", to="a", **how), op("MaxPool", "a", kernel_shape=[1, 1], strides=[2, 2], ceil_mode=1)]
    _, network = compiled(tmp_path, (1, 2, *image), nodes, {}, 2, 0)
    assert not network.problems, network.problems
    images = images_of((1, 2, *image), 2, 0)
    (found,) = IntegerModel(network.model).run(network.quantize_images(images), [network.tails["y"].source]).values()
    pixels = torch.from_numpy(images)
    if kind == "MaxPool":
        pooled = functional.max_pool2d(pixels, kernel, stride, pad, ceil_mode=True)
    else:
        pooled = functional.avg_pool2d(pixels, kernel, stride, pad, ceil_mode=True, count_include_pad=False)
    wanted = functional.max_pool2d(pooled, 1, 2, ceil_mode=True).numpy()
    np.testing.assert_allclose(network.to_network_output("y", found), wanted, rtol=1e-6)


def test_an_average_that_leaves_windows_out_along_one_dimension_is_refused(tmp_path: Path) -> None:
    how = {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [1, 0, 1, 0], "ceil_mode": 1}
    with pytest.raises(UnsupportedModelError, match="windows pass the edge along one dimension alone"):
        compiled(tmp_path, (1, 1, 9, 7), [op("AveragePool", "q", **how)], {}, 2, 0)


@pytest.mark.parametrize(("opset", "counts", "refused"), [(13, 1, True), (13, 0, False), (19, 1, False)])
def test_of_onnx_runtimes_averages_those_of_two_meanings_are_refused(
    opset: int, counts: int, refused: bool, tmp_path: Path
) -> None:
    how = {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1, "count_include_pad": counts}
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", (1, 1, 5, 5)), ("y", None))]
    graph = helper.make_graph([op("AveragePool", "x", **how)], "average", ends[:1], ends[1:])
    path = tmp_path / "net.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    if refused:
        with pytest.raises(UnsupportedModelError, match=r"use count_include_pad=False or ceil_mode=False"):
            import_qonnx(path)
    else:
        count_pixels_only(import_qonnx(path), path)
