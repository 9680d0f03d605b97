from pathlib import Path

import numpy as np
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.passes.insert_width_converters import InsertWidthConverters
from tests.dataflow.passes.streams import execute, frame, lowered


def test_unequal_lanes_are_bridged_through_their_least_common_multiple(tmp_path: Path) -> None:
    model = lowered(tmp_path)
    second = model.get_nodes_by_op_type("BitMVAU_rtl")[1]
    getCustomOp(second).set_nodeattr("PE", 3)
    reader = model.find_consumers(second.output[0])[0]
    getCustomOp(reader).set_nodeattr("PE", 2)
    expected = execute(model, frame())
    after = model.transform(InsertWidthConverters())
    hops = [getCustomOp(n) for n in after.get_nodes_by_op_type("StreamDWC_rtl")][:2]
    assert [(h.attr("inLanes"), h.attr("outLanes")) for h in hops] == [(3, 6), (6, 2)]
    for node in after.graph.node:
        for port, stream in enumerate(getCustomOp(node).streams_in()):
            producer = after.find_producer(node.input[port])
            if producer is not None:
                source = getCustomOp(producer).streams_out()[list(producer.output).index(node.input[port])]
                assert source.carries(stream), node.name
    assert np.array_equal(execute(after, frame()), expected)


def test_equal_lanes_need_none(tmp_path: Path) -> None:
    assert not lowered(tmp_path).transform(InsertWidthConverters()).get_nodes_by_op_type("StreamDWC_rtl")
