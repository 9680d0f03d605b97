"""0/1 activations in front of FINN's HLS matrix unit."""

from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation
from qonnx.transformation.infer_datatypes import InferDataTypes

from finn_build.finn.guards._three_valued import bipolar_source


class WidenBinaryInputs(Transformation):
    """BINARY inputs of a MatMul become UINT2, their values unchanged.

    FINN's MVAU_hls refuses unsigned one-bit inputs ("True binary (non-bipolar) inputs not yet supported").

    Run it after ConvertBipolarMatMulToXnorPopcount, whose own 0/1 inputs are not those of a MatMul any more.

    Shapes: unchanged. Skipped: 0/1 values that come from another op than a MultiThreshold or the graph input.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Retype the sources."""
        binary = DataType["BINARY"]
        matmuls = [n for n in model.graph.node if n.op_type == "MatMul"]
        sources = {
            bipolar_source(model, n.input[0]) for n in matmuls if model.get_tensor_datatype(n.input[0]) == binary
        }
        for source in sources:
            producer = model.find_producer(source)
            if producer is None:
                model.set_tensor_datatype(source, DataType["UINT2"])
            elif producer.op_type == "MultiThreshold":
                getCustomOp(producer).set_nodeattr("out_dtype", "UINT2")
        return (model.transform(InferDataTypes()) if sources else model), False
