"""Sums on scales that are no powers of two: the integers are the same whatever order floats are added in."""

from pathlib import Path

import numpy as np
import pytest

from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import to_integers
from finn_build.proof import levels
from sim.golden import IntegerModel
from tests.builds.random_networks import random_network


@pytest.mark.parametrize("seed", [37, *range(39, 46)])  # 38 has a 1-bit ReLU, which Brevitas exports as another network
def test_sums_on_float_scales_do_not_depend_on_their_order(tmp_path: Path, seed: int) -> None:
    """A third of the values of seed 37 lie on the edge of two levels, where rounding noise would decide."""
    network = random_network(seed, frames=2, exact=False)
    qonnx = import_qonnx(network.export(tmp_path / "net.onnx", dynamo=False))
    integers = to_integers(qonnx)
    assert not integers.problems, integers.problems
    got = IntegerModel(integers.model).run(integers.quantize_images(network.images), list(integers.tensors)[1:])
    reference = levels.qonnx_values(qonnx, integers, network.images, lambda fraction: None)
    for name in set(got) & set(reference):
        assert np.array_equal(levels.channels_last(got[name]), reference[name]), name
