from pathlib import Path

import numpy as np
from onnx import helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.ops.base import DOMAIN
from finn_build.dataflow.passes.insert_duplicates import InsertDuplicates
from finn_build.dataflow.passes.lower_to_streams import LowerToStreams
from tests.dataflow.passes.streams import execute, frame, integer_network


def test_every_stream_has_one_reader_and_values_stay(tmp_path: Path) -> None:
    before = integer_network(tmp_path).model.transform(LowerToStreams())
    after = before.transform(InsertDuplicates())
    assert len(before.get_nodes_by_op_type("DuplicateStreams_rtl")) == 0
    assert len(after.get_nodes_by_op_type("DuplicateStreams_rtl")) == 1
    for node in after.graph.node:
        for output in node.output:
            assert len(after.find_consumers(output) or []) + (output in [o.name for o in after.graph.output]) == 1
    assert np.array_equal(execute(before, frame()), execute(after, frame()))


def test_an_output_that_is_read_too_keeps_its_name(tmp_path: Path) -> None:
    model = integer_network(tmp_path).model.transform(LowerToStreams())
    inner = model.get_nodes_by_op_type("StreamAdd_rtl")[0].output[0]
    info = model.get_tensor_valueinfo(inner)
    model.graph.output.append(info)
    model.graph.value_info.remove(info)
    after = model.transform(InsertDuplicates())
    producer = after.find_producer(inner)
    assert producer.op_type == "DuplicateStreams_rtl" and list(producer.input) == [f"{inner}_single"]


def test_what_reads_the_image_twice_comes_behind_its_copies() -> None:
    attributes = {"domain": DOMAIN, "backend": "fpgadataflow", "inputDataType": "INT4", "NumChannels": 2}
    nodes = [
        helper.make_node("Upsample_rtl", ["x"], [y], name=y, IFMDim=[2, 2], Scale=[2, 2], **attributes) for y in "ab"
    ]
    ends = [helper.make_tensor_value_info(n, 1, [1, s, s, 2]) for n, s in (("x", 2), ("a", 4), ("b", 4))]
    model = ModelWrapper(qonnx_make_model(helper.make_graph(nodes, "fork", ends[:1], ends[1:])))
    model.set_tensor_datatype("x", DataType["INT4"])
    made = [n.op_type for n in model.transform(InsertDuplicates()).graph.node]
    assert made == ["DuplicateStreams_rtl", "Upsample_rtl", "Upsample_rtl"]
