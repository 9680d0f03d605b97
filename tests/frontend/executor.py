"""QONNX's executor, node by node."""

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_node
from qonnx.util.basic import get_preferred_qonnx_opset

from finn_build.proof.levels import surroundings


def execute(model: ModelWrapper, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every tensor of a graph; as `qonnx.core.onnx_exec.execute_onnx`, which looks through all tensors for each."""
    context = model.make_empty_exec_context()
    assert all(context[name].shape == value.shape for name, value in feeds.items())
    context |= feeds
    known = {value.name: value for value in (*model.graph.input, *model.graph.output, *model.graph.value_info)}
    opsets = model.get_opset_imports()
    for node in model.graph.node:
        execute_node(node, context, surroundings(node, known), opsets.get(node.domain, get_preferred_qonnx_opset()))
    return context
