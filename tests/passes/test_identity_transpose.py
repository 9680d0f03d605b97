import copy

import pytest
from finn.transformation.streamline.remove import RemoveIdentityTranspose
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.infer_shapes import InferShapes

from finn_build.passes.identity_transpose import RemoveIdentityTransposes
from tests.passes.graphs import IntegerGraph, same


def with_identity() -> tuple[IntegerGraph, ModelWrapper]:
    graph = IntegerGraph([1, 2, 5, 5], "INT4", seed=0)
    return graph, graph.model(graph.conv(graph.transpose(graph.max_pool("x"), [0, 1, 2, 3]), 2, 2, k=1))


def test_finn_alone_raises_type_error_without_shapes() -> None:
    _, model = with_identity()
    del model.graph.value_info[:]
    with pytest.raises(TypeError):
        model.transform(RemoveIdentityTranspose())


@pytest.mark.parametrize("shapes", [True, False])
def test_removed(shapes: bool) -> None:
    graph, model = with_identity()
    cleaned = copy.deepcopy(model)
    if not shapes:
        del cleaned.graph.value_info[:]
    cleaned = cleaned.transform(RemoveIdentityTransposes())
    assert [n.op_type for n in cleaned.graph.node] == ["MaxPool", "Conv"]
    assert same(cleaned.transform(InferShapes()), model, graph.sample())


def test_chain_and_fork_of_identities() -> None:
    graph = IntegerGraph([1, 2, 5, 5], "INT4", seed=0)
    first = graph.transpose("x", [0, 1, 2, 3])
    second = graph.transpose(first, [0, 1, 2, 3])
    model = graph.model(graph.add(first, second))
    cleaned = copy.deepcopy(model).transform(RemoveIdentityTransposes())
    assert [n.op_type for n in cleaned.graph.node] == ["Add"]
    assert same(cleaned, model, graph.sample())


@pytest.mark.parametrize("perm", [[0, 2, 3, 1], None])
def test_real_transposes_stay(perm: list[int] | None) -> None:
    graph = IntegerGraph([1, 2, 5, 5], "INT4", seed=0)
    moved = graph.node("Transpose", ["x"], **({"perm": perm} if perm else {}))
    model = graph.model(graph.max_pool(moved))
    assert model.transform(RemoveIdentityTransposes()).get_nodes_by_op_type("Transpose")


def test_graph_output_keeps_its_name() -> None:
    graph = IntegerGraph([1, 2, 5, 5], "INT4", seed=0)
    model = graph.model(graph.transpose(graph.max_pool("x"), [0, 1, 2, 3]))
    assert same(copy.deepcopy(model).transform(RemoveIdentityTransposes()), model, graph.sample())
