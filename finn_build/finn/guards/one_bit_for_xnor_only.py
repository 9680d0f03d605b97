"""One-bit -1/+1 streams only where FINN's hardware reads them right."""

from collections.abc import Iterator

from onnx import NodeProto
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.base import Transformation
from qonnx.transformation.infer_datatypes import InferDataTypes

from finn_build.finn.guards._three_valued import VALUE_PRESERVING, bipolar_source, widen_source


class OneBitForXnorOnly(Transformation):
    """Make every BIPOLAR stream TERNARY that anything but one single MatMul computes with.

    Two things go wrong in FINN otherwise. ConvertBipolarMatMulToXnorPopcount turns the MultiThreshold in
    front of a MatMul from -1/+1 into 0/1 for all its readers, a residual Add too. And the HLS of an
    elementwise op or a sum over a window takes BIPOLAR for `ap_int<1>`, which holds 0 and -1; Python
    execution hides it.

    Run it after LowerConvsToMatMul and PadBipolarExact, before ConvertBipolarMatMulToXnorPopcount.

    Shapes: unchanged. Skipped: streams read by one MatMul, and those that only leave the graph.

    Raises:
        UnsupportedModelError: The -1/+1 values come neither from a MultiThreshold nor from the input.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Widen the sources that qualify."""
        bipolar = DataType["BIPOLAR"]
        read = {name for node in model.graph.node for name in node.input}
        streams = [t for t in sorted(read) if model.get_initializer(t) is None]
        sources = {bipolar_source(model, t) for t in streams if model.get_tensor_datatype(t) == bipolar}
        wide = sorted(s for s in sources if not _is_safe(list(_readers(model, s))))
        for source in wide:
            widen_source(model, source)
        return (model.transform(InferDataTypes()) if wide else model), False


def _is_safe(readers: list[NodeProto | None]) -> bool:
    one_matmul = len(readers) == 1 and readers[0] is not None and readers[0].op_type == "MatMul"
    return one_matmul or all(reader is None for reader in readers)


def _readers(model: ModelWrapper, tensor: str) -> Iterator[NodeProto | None]:
    """What finally reads the values of a tensor: nodes that compute, and None for a graph output."""
    if tensor in {output.name for output in model.graph.output}:
        yield None
    for node in model.find_consumers(tensor):
        if node.op_type in VALUE_PRESERVING:
            yield from _readers(model, node.output[0])
        else:
            yield node
