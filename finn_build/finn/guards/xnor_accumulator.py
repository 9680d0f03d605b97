"""Accumulator of an XNOR MVAU, wide enough for its popcount."""

from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation
from qonnx.transformation.infer_datatypes import InferDataTypes


class WidenXnorAccumulator(Transformation):
    """Set the accumulator of every MVAU in XNOR mode to the smallest unsigned type that holds 0..MW.

    FINN's MinimizeAccumulatorWidth takes -1/+1 weights over a 0/1 input, but the unit counts matches: MW=9
    gets INT4, and the count reaches 9. Python execution does not wrap and hides it, until
    RoundAndClipThresholds clips thresholds to that range.

    Run it after MinimizeAccumulatorWidth and before RoundAndClipThresholds.

    Shapes: unchanged. Without activation the output type follows the accumulator; a type that is wide enough
    already (the last node's is rounded up to bytes) is kept.

    Source: FINN_NOTES.md, silent bug 2.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Widen the accumulators that cannot hold their popcount."""
        changed = False
        for node in model.graph.node:
            if not node.op_type.startswith("MVAU"):
                continue
            mvau = getCustomOp(node)
            count = mvau.get_nodeattr("MW")
            if not mvau.get_nodeattr("binaryXnorMode") or mvau.get_accumulator_datatype().allowed(count):
                continue
            wide = DataType.get_smallest_possible(count)
            if mvau.get_nodeattr("noActivation"):
                if not model.find_direct_successors(node):  # FINN wants whole bytes at the output
                    wide = DataType[f"UINT{-(-wide.bitwidth() // 8) * 8}"]
                mvau.set_nodeattr("outputDataType", wide.name)
            mvau.set_nodeattr("accDataType", wide.name)
            changed = True
        return (model.transform(InferDataTypes()) if changed else model), False
