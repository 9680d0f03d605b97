import copy

import numpy as np
import pytest
from finn.transformation.fpgadataflow.convert_to_hw.label_select import InferLabelSelectLayer

from finn_build.finn.guards.arg_max_to_top_k import ArgMaxToTopK
from tests.finn.guards.graphs import IntegerGraph, run


@pytest.mark.parametrize("logits", [[1, 5, 5, 2], [3, 3, 3, 3], [-4, -2, -7, -2], [0, 1, 2, 3]])
def test_label_with_ties(logits: list[int]) -> None:
    graph = IntegerGraph([1, 4], "INT4", seed=0)
    model = graph.model(graph.node("ArgMax", ["x"], axis=1, keepdims=1))
    top = copy.deepcopy(model).transform(ArgMaxToTopK())
    hardware = copy.deepcopy(top).transform(InferLabelSelectLayer())
    assert [n.op_type for n in hardware.graph.node] == ["LabelSelect"]
    x = np.array([logits], np.float32)
    for result in (top, hardware):
        np.testing.assert_array_equal(run(result, x)[0], [[int(np.argmax(logits))]])


@pytest.mark.parametrize("attributes", [{"axis": 0, "keepdims": 1}, {"axis": 1, "keepdims": 0}])
def test_other_forms_are_skipped(attributes: dict) -> None:
    graph = IntegerGraph([1, 4], "INT4", seed=0)
    model = graph.model(graph.node("ArgMax", ["x"], **attributes)).transform(ArgMaxToTopK())
    assert [n.op_type for n in model.graph.node] == ["ArgMax"]
