"""Zero padding of -1/+1 activations, exact."""

from onnx import NodeProto
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation
from qonnx.transformation.infer_datatypes import InferDataTypes
from qonnx.util.basic import get_by_name

from finn_build.finn.guards._three_valued import bipolar_source, widen_source


class PadBipolarExact(Transformation):
    """Make the stream into every zero-padded window of BIPOLAR values three-valued.

    FINN's ConvertBipolarMatMulToXnorPopcount re-encodes -1/+1 as 0/1 and ignores the padding in front of it:
    a padded 0 then counts as -1, and every border pixel is wrong. Here the tensor that feeds the padding
    becomes TERNARY (two bits), so the 0 is a 0 and the MatMul stays an ordinary one with 1-bit weights.

    Run it before ConvertBipolarMatMulToXnorPopcount, before or after LowerConvsToMatMul.

    Shapes: unchanged. Skipped: windows without padding, and inputs that are not BIPOLAR.

    Raises:
        UnsupportedModelError: The -1/+1 values come neither from a MultiThreshold nor from the input.

    Source: FINN_NOTES.md, silent bug 1.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Widen the sources of all padded BIPOLAR windows."""
        bipolar = DataType["BIPOLAR"]
        padded = [n.input[0] for n in model.graph.node if _pads(n)]
        sources = {bipolar_source(model, t) for t in padded if model.get_tensor_datatype(t) == bipolar}
        for source in sorted(sources):
            widen_source(model, source)
        if sources:
            model = model.transform(InferDataTypes())
        return model, False


def _pads(node: NodeProto) -> bool:
    """Whether a node puts zeros around its input; max pools pad with the minimum, not with zero."""
    if node.op_type == "Im2Col":
        return any(getCustomOp(node).get_nodeattr("pad_amount"))
    if node.op_type != "Conv":
        return node.op_type == "Pad"
    auto_pad = get_by_name(node.attribute, "auto_pad")
    pads = get_by_name(node.attribute, "pads")
    return (auto_pad is not None and auto_pad.s.startswith(b"SAME")) or (pads is not None and any(pads.ints))
