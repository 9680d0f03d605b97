"""Thresholds with a -1/+1 output that no MVAU takes in."""

from onnx import helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation


class InferBipolarThresholding(Transformation):
    """MultiThreshold `2 * (x >= t) - 1`, channels last, BIPOLAR -> FINN's Thresholding.

    FINN's InferThresholdingLayer refuses any output scale but 1; the layer itself reads its one bit as -1/+1.

    Run it after the MVAUs are inferred and before InferThresholdingLayer.

    Shapes: [..., C], unchanged. Skipped: other outputs, channels-first layouts.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Replace every MultiThreshold that qualifies."""
        for node in [n for n in model.graph.node if n.op_type == "MultiThreshold"]:
            step = getCustomOp(node)
            form = (
                step.get_nodeattr("out_dtype"),
                step.get_nodeattr("out_scale"),
                step.get_nodeattr("out_bias"),
            )
            shape = model.get_tensor_shape(node.input[0])
            channels_last = len(shape) == 2 or step.get_nodeattr("data_layout") == "NHWC"
            if form != ("BIPOLAR", 2.0, -1.0) or not channels_last:
                continue
            unit = helper.make_node(
                "Thresholding",
                list(node.input),
                list(node.output),
                name=f"Thresholding_{node.name}",
                domain="finn.custom_op.fpgadataflow",
                backend="fpgadataflow",
                NumChannels=shape[-1],
                PE=1,
                numSteps=1,
                inputDataType=model.get_tensor_datatype(node.input[0]).name,
                weightDataType=model.get_tensor_datatype(node.input[1]).name,
                outputDataType=DataType["BIPOLAR"].name,
                numInputVectors=list(shape[:-1]),
                ActVal=0,
            )
            index = list(model.graph.node).index(node)
            model.graph.node.remove(node)
            model.graph.node.insert(index, unit)
        return model, False
