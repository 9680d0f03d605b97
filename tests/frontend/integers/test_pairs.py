"""Two tensors of few levels, joined element by element, whatever reads the result."""

from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto
from qonnx.core.onnx_exec import execute_onnx

from sim.golden import IntegerModel
from tests.frontend.integers.by_hand import FOUR, MAP, compiled, images_of, op, quantizer, signs

ENDS: dict[str, list[NodeProto]] = {
    "an output": [],
    "a convolution": [op("Conv", "m", "w", to="y")],
    "a quantizer": [quantizer("m", "y", "four")],
    "a function and a quantizer": [op("Relu", "m", to="r"), quantizer("r", "y", "four")],
    "an add": [op("Add", "m", "b", to="s"), quantizer("s", "y", "four")],
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("kind", ["Max", "Min", "Mul"])
def test_it_is_exact(kind: str, end: str, tmp_path: Path) -> None:
    branches = [op("Conv", "q", "v", to="a0"), quantizer("a0", "a", "four"), quantizer("q", "b", "four")]
    nodes = [*branches, op(kind, "a", "b", to="m" if ENDS[end] else "y"), *ENDS[end]]
    qonnx, network = compiled(tmp_path, MAP, nodes, {"v": signs(2, 2, 1, 1), "w": signs(3, 2, 1, 1), **FOUR}, 3, 1)
    assert not network.problems, network.problems
    images = images_of(MAP, 3, 1)
    source = network.tails["y"].source
    values = IntegerModel(network.model).run(network.quantize_images(images), [source])
    found = network.to_network_output("y", values[source])
    for frame in range(4):
        assert np.array_equal(found[frame : frame + 1], execute_onnx(qonnx, {"x": images[frame : frame + 1]})["y"])
