"""The label on chip, in the form FINN recognises."""

import numpy as np
from onnx import TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.base import Transformation
from qonnx.util.basic import get_by_name


class ArgMaxToTopK(Transformation):
    """ArgMax over the classes of [1, classes] -> TopK with k = 1, which InferLabelSelectLayer takes.

    Both give the lowest index of equal maxima.

    Shapes: [1, classes] -> [1, 1]. Skipped: other ranks, axes or `keepdims=0`.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Replace every ArgMax that qualifies."""
        for node in [n for n in model.graph.node if n.op_type == "ArgMax"]:
            axis, keep = get_by_name(node.attribute, "axis"), get_by_name(node.attribute, "keepdims")
            if len(model.get_tensor_shape(node.input[0])) != 2 or axis is None or axis.i not in (1, -1):
                continue
            if keep is not None and keep.i == 0:
                continue
            index = list(model.graph.node).index(node)
            count = model.make_new_valueinfo_name()
            model.set_initializer(count, np.array([1], np.int64))
            best = helper.make_tensor_value_info(model.make_new_valueinfo_name(), TensorProto.FLOAT, [1, 1])
            model.graph.value_info.append(best)
            inputs, outputs = [node.input[0], count], [best.name, node.output[0]]
            top = helper.make_node("TopK", inputs, outputs, name=node.name, axis=-1, largest=1, sorted=1)
            model.graph.node.remove(node)
            model.graph.node.insert(index, top)
        return model, False
