"""Forks whose paths join again, in C simulation: short windows, borders, and FIFOs no deeper than they must be."""

from pathlib import Path

import numpy as np
from qonnx.core.datatype import DataType
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.general import GiveUniqueNodeNames

from finn_build.config import load_board
from finn_build.dataflow.graph import transformed
from finn_build.dataflow.passes.insert_fifos import InsertFIFOs
from finn_build.hls.design import write_hls
from finn_build.hls.testbench import write_testbench
from finn_build.proof.levels import stream_values
from sim.csim import simulate_cpp
from tests.dataflow.test_skip_depths import Chain, forked

FRAMES = 2
WAYS: list[tuple[Chain, Chain]] = [
    ([("pool", 1)], []),
    ([("pool", 3)], []),
    ([("border", 3)], []),
    ([("border", 5)], []),
    ([("pool", 1)], [("pool", 5)]),  # windows of one place go ahead of those of 25
    ([("border", 3)], [("pool", 5)]),
    ([("pool", 1), ("border", 5)], [("pool", 1)]),
]


def test_no_way_stalls(tmp_path: Path) -> None:
    for number, (path, skip) in enumerate(WAYS):
        lanes = (4, 1)[number % 2]
        model = transformed(forked(path, skip, lanes), InsertFIFOs(1), GiveUniqueNodeNames())
        for node in model.graph.node:
            op = getCustomOp(node)
            for name, stream in zip(node.output, op.streams_out(), strict=True):
                model.set_tensor_shape(name, stream.shape)
                model.set_tensor_datatype(name, stream.dtype)
            if node.op_type == "StreamFIFO_rtl" and op.attr("leastDepth"):
                op.set_nodeattr("depth", max(2, op.attr("leastDepth")))
        low, high = (int(bound) for bound in (DataType["INT4"].min(), DataType["INT4"].max()))
        shape = getCustomOp(model.graph.node[0]).streams_in()[0].shape[1:]
        frames = np.random.default_rng(number).integers(low, high + 1, (FRAMES, *shape))
        values = stream_values(model, np.moveaxis(frames, -1, 1), lambda fraction: None)
        design = write_hls(model, tmp_path / str(number), load_board("pynq-z2"))
        result = simulate_cpp(design, write_testbench(design, values, FRAMES), FRAMES, strict=True)
        assert result.passed, (path, skip)
