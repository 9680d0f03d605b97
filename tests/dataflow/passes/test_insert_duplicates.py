from pathlib import Path

import numpy as np

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
