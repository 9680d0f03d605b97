"""FoldConstants: what depends on constants alone becomes a constant, in one sweep over the graph.

qonnx's pass of this name infers all shapes anew after every single node that it folds: minutes for deep networks.
"""

from __future__ import annotations

from collections.abc import Collection
from math import prod

import numpy as np
from onnx import NodeProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_node
from qonnx.transformation.base import Transformation

from finn_build.frontend.door import MOST_WEIGHTS
from finn_build.frontend.integers.layer_names import layer_name


class FoldConstants(Transformation):
    """Replaces every node without dynamic inputs by an initializer; nodes are in topological order, shapes inferred.

    Before: `Shape -> Gather -> Reshape`. After: Reshape with the numbers.
    """

    def __init__(self, exclude_op_types: Collection[str] = ("Quant", "BipolarQuant")):
        """Args: `exclude_op_types`, ops that stay, such as quantizers of weights."""
        super().__init__()
        self.excluded = frozenset(exclude_op_types)

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """One sweep is enough."""
        graph = model.graph
        constants = {i.name: i for i in graph.initializer}
        shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in graph.value_info}
        opset = next(o.version for o in model.model.opset_import if o.domain in ("", "ai.onnx"))
        kept, folded, ends = [], 0, {output.name for output in graph.output}
        for node in graph.node:
            dynamic = ends & set(node.output) or any(i and i not in constants for i in node.input)
            if node.op_type in self.excluded or dynamic:
                kept.append(node)
                continue
            given = {i: numpy_helper.to_array(constants[i]) for i in node.input if i}
            values = _evaluate(model, node, given, shapes, opset)
            for name, value in values.items():
                constants[name] = numpy_helper.from_array(value, name)
            graph.initializer.extend(constants[name] for name in values)
            folded += 1
        if folded:
            del graph.node[:]
            graph.node.extend(kept)
        return model, False


def _evaluate(
    model: ModelWrapper, node: NodeProto, context: dict[str, np.ndarray], shapes: dict[str, list[int]], opset: int
) -> dict[str, np.ndarray]:
    """Outputs of a node by name."""
    if node.op_type == "Constant" and node.attribute[0].name == "value":
        return {node.output[0]: numpy_helper.to_array(helper.get_attribute_value(node.attribute[0]))}
    sizes: list[float] = [prod(shapes.get(name, ())) for name in node.output]
    if node.op_type == "Range":
        start, limit, step = (float(context[name]) for name in node.input)
        sizes = [(limit - start) / step] if step else []
    if any(size > MOST_WEIGHTS for size in sizes):
        raise ValueError(f"{layer_name(node)} ({node.op_type}) makes a constant of more than {MOST_WEIGHTS:,} values")
    if "" in node.input:  # which qonnx' executor takes for a tensor
        made = ReferenceEvaluator(node, opsets={"": opset}).run(None, context)
        return {name: np.asarray(value) for name, value in zip(node.output, made, strict=True) if name}
    for name in node.output:  # the executor checks the shape of what it replaces
        if name in shapes:
            context[name] = np.zeros(shapes[name], np.float32)
    execute_node(node, context, model.graph, opset)
    return {name: np.asarray(context[name]) for name in node.output if name}
