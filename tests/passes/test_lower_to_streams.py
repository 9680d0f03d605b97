from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from qonnx.core.onnx_exec import execute_onnx
from qonnx.custom_op.registry import getCustomOp

from finn_build.passes.lower_to_streams import LowerToStreams
from tests.passes.streams import execute, frame, integer_network


@pytest.mark.parametrize("bits", [1, 4])
def test_ops_and_values(tmp_path: Path, bits: int) -> None:
    integers = integer_network(tmp_path, bits).model
    streams = integers.transform(LowerToStreams())
    count = Counter(n.op_type for n in streams.graph.node)
    assert count["SWG_rtl"] == 3 and count["BitMVAU_rtl"] == 4 and count["StreamAdd_rtl"] == 1
    assert count["StreamPool_rtl"] == 1 and "Flatten" not in {n.op_type for n in streams.graph.node}
    image = frame()
    wanted = execute_onnx(integers, {integers.graph.input[0].name: np.moveaxis(image, -1, 1).astype(np.float32)})
    assert np.array_equal(execute(streams, image), next(iter(wanted.values())))


def test_padded_bipolar_windows_are_three_valued(tmp_path: Path) -> None:
    streams = integer_network(tmp_path, bits=1).model.transform(LowerToStreams())
    window = getCustomOp(streams.get_nodes_by_op_type("SWG_rtl")[1])
    assert (window.streams_in()[0].dtype.name, window.streams_out()[0].dtype.name) == ("BIPOLAR", "TERNARY")


def test_layers_keep_their_names(tmp_path: Path) -> None:
    streams = integer_network(tmp_path).model.transform(LowerToStreams())
    assert [n.doc_string for n in streams.get_nodes_by_op_type("BitMVAU_rtl")] == ["first", "second", "third", "dense"]
