"""Accumulator of a sum over a window, wide enough for its sign."""

import numpy as np
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation
from qonnx.transformation.infer_datatypes import InferDataTypes


class WidenPoolAccumulator(Transformation):
    """Give every accumulating Pool an output type that holds its smallest and its largest sum.

    FINN's MinimizeAccumulatorWidth looks at the larger magnitude only, and takes the upper bound where both
    are equal: a sum of -1/+1 or -1/0/+1 becomes unsigned. Python execution hides it until thresholds are
    clipped.

    Run it after MinimizeAccumulatorWidth and before RoundAndClipThresholds.

    Shapes: unchanged. Skipped: max pools and quantized average pools, types that are wide enough.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Widen the output types that are too narrow."""
        changed = False
        for node in model.graph.node:
            if not node.op_type.startswith("Pool") or getCustomOp(node).get_nodeattr("Function") != "AccPool":
                continue
            pool = getCustomOp(node)
            count = int(np.prod(pool.get_nodeattr("KernelSize")))
            low, high = (int(v) * count for v in (pool.get_input_datatype().min(), pool.get_input_datatype().max()))
            if pool.get_output_datatype().allowed(low) and pool.get_output_datatype().allowed(high):
                continue
            wide = DataType.get_smallest_possible(min(low, -high - 1) if low < 0 else high)
            pool.set_nodeattr("OutputDataType", wide.name)
            pool.set_nodeattr("AccumBits", wide.bitwidth())
            changed = True
        return (model.transform(InferDataTypes()) if changed else model), False
