"""InsertDuplicates: a tensor with several readers goes through a DuplicateStreams, one copy for each."""

from __future__ import annotations

from collections import defaultdict

from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

from finn_build.dataflow.ops.base import DOMAIN
from finn_build.dataflow.ops.finn_op import chip_of
from finn_build.dataflow.stream import Stream


class InsertDuplicates(Transformation):
    """Before: two ops read t. After: `t -> DuplicateStreams_rtl`, and reader k reads `t_copy{k}`.

    A graph output keeps the name t, its source becomes `t_single`.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Split every fork; one application is enough."""
        graph = model.graph
        outputs = {o.name for o in graph.output}
        readers: dict[str, list[tuple[NodeProto, int]]] = defaultdict(list)
        for node in graph.node:
            for port, name in enumerate(node.input):
                readers[name].append((node, port))
        streams = [i.name for i in graph.input] + [o for n in graph.node for o in n.output]
        for tensor in streams:
            if len(readers[tensor]) + (tensor in outputs) > 1:
                _split(model, tensor, readers[tensor], tensor in outputs)
        return model, False


def _split(model: ModelWrapper, tensor: str, readers: list, is_output: bool) -> None:
    reader, port = readers[0]
    stream: Stream = getCustomOp(reader).streams_in()[port]
    shape, dtype = model.get_tensor_shape(tensor), model.get_tensor_datatype(tensor)
    copies = [f"{tensor}_copy{k}" for k in range(len(readers))]
    for (node, k), copy in zip(readers, copies, strict=True):
        node.input[k] = copy
    source, producer = tensor, model.find_producer(tensor)
    if is_output:
        source = f"{tensor}_single"
        assert producer is not None, "a graph output that is the graph input has no accelerator"
        producer.output[list(producer.output).index(tensor)] = source
        copies.append(tensor)
    for name in (source, *copies):
        model.set_tensor_shape(name, shape)
        model.set_tensor_datatype(name, dtype)
    count = sum(n.name.startswith("Duplicate_") for n in model.graph.node)
    node = helper.make_node(
        "DuplicateStreams_rtl", [source], copies, name=f"Duplicate_{count}", domain=DOMAIN, backend="fpgadataflow",
        **chip_of(getCustomOp(reader)),
        NumChannels=shape[-1], PE=1, NumOutputStreams=len(copies), inputDataType=stream.dtype.name,
        numInputVectors=list(shape[:-1]), outFIFODepths=[2] * len(copies),
    )  # fmt: skip
    node.doc_string = producer.doc_string if producer is not None else "input"
    position = 0 if producer is None else list(model.graph.node).index(producer) + 1
    model.graph.node.insert(position, node)
