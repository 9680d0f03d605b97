"""A -1/+1 tensor with several readers, exact under FINN's XNOR conversion."""

from collections.abc import Iterator

from onnx import NodeProto
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.base import Transformation
from qonnx.transformation.infer_datatypes import InferDataTypes

from finn_build.passes._three_valued import VALUE_PRESERVING, bipolar_source, widen_source


class ForkBipolarExact(Transformation):
    """Keep XNOR re-encoding away from -1/+1 values that something else reads too.

    FINN's ConvertBipolarMatMulToXnorPopcount turns the MultiThreshold in front of a MatMul from -1/+1 into
    0/1 for all its readers: a residual Add then adds 0/1. Here every BIPOLAR source whose values reach
    anything besides one MatMul with BIPOLAR weights becomes TERNARY, which that conversion leaves alone.

    Run it after LowerConvsToMatMul and PadBipolarExact, before ConvertBipolarMatMulToXnorPopcount.

    Shapes: unchanged. Skipped: sources read by one MatMul only.

    Raises:
        UnsupportedModelError: The -1/+1 values come neither from a MultiThreshold nor from the input.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Widen the sources of all XNOR candidates that fork."""
        candidates = [n.input[0] for n in model.graph.node if _is_bipolar_matmul(model, n)]
        sources = {bipolar_source(model, t) for t in candidates}
        forked = sorted(s for s in sources if len(list(_readers(model, s))) > 1)
        for source in forked:
            widen_source(model, source)
        if forked:
            model = model.transform(InferDataTypes())
        return model, False


def _is_bipolar_matmul(model: ModelWrapper, node: NodeProto) -> bool:
    bipolar = DataType["BIPOLAR"]
    return node.op_type == "MatMul" and all(model.get_tensor_datatype(t) == bipolar for t in node.input)


def _readers(model: ModelWrapper, tensor: str) -> Iterator[str]:
    """Names of what finally reads the values of a tensor: nodes that compute, and graph outputs."""
    if tensor in {output.name for output in model.graph.output}:
        yield tensor
    for node in model.find_consumers(tensor):
        if node.op_type in VALUE_PRESERVING:
            yield from _readers(model, node.output[0])
        else:
            yield node.name
