"""One bit for a -1/+1 weight."""

import numpy as np
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

_UNITS = frozenset({"MVAU", "MVAU_hls", "VVAU", "VVAU_hls"})


class KeepBipolarWeights(Transformation):
    """Store weights that are all -1 or +1 as BIPOLAR, one bit each.

    FINN's MinimizeWeightBitWidth looks at minimum and maximum only and gives {-1, +1} the type INT2, which
    doubles the weight memory. Run it after that pass.

    Shapes: unchanged. Skipped: XNOR mode (0/1 weights already), dynamic weights, weights written at run time,
    and the RTL units of FINN, which need two bits or more.

    Source: FINN_NOTES.md, silent bug 3.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Retype the weights of every unit that qualifies."""
        for node in model.graph.node:
            if node.op_type not in _UNITS:
                continue
            unit = getCustomOp(node)
            weights = model.get_initializer(node.input[1])
            if weights is None or unit.get_nodeattr("runtime_writeable_weights"):
                continue
            if np.all(np.abs(weights) == 1) and unit.get_nodeattr("weightDataType") != "BINARY":
                unit.set_nodeattr("weightDataType", "BIPOLAR")
                model.set_tensor_datatype(node.input[1], DataType["BIPOLAR"])
        return model, False
