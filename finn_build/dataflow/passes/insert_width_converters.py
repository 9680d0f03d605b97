"""InsertWidthConverters: a StreamDWC wherever producer and consumer of a stream differ in lanes."""

from __future__ import annotations

from math import lcm

from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

from finn_build.dataflow.ops.base import DOMAIN, Trait, traits_of
from finn_build.dataflow.ops.finn_op import chip_of


class InsertWidthConverters(Transformation):
    """Before: 4 lanes into 6. After: `4 -> StreamDWC_rtl -> 12 -> StreamDWC_rtl -> 6`, by the least common multiple.

    Where one number divides the other, one converter. Comes after folding.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Convert the first mismatch found; repeated until there is none."""
        for node in model.graph.node:
            if Trait.CONVERTS in traits_of(node):
                continue
            for port, stream in enumerate(getCustomOp(node).streams_in()):
                producer = model.find_producer(node.input[port])
                if producer is None:
                    continue
                source = getCustomOp(producer).streams_out()[list(producer.output).index(node.input[port])]
                if source.lanes != stream.lanes:
                    _convert(model, node, port, source.lanes, stream.lanes)
                    return model, True
        return model, False


def _convert(model: ModelWrapper, node: NodeProto, port: int, lanes_in: int, lanes_out: int) -> None:
    stream = getCustomOp(node).streams_in()[port]
    wide = lcm(lanes_in, lanes_out)
    hops = [(lanes_in, lanes_out)] if wide in (lanes_in, lanes_out) else [(lanes_in, wide), (wide, lanes_out)]
    for a, b in hops:
        tensor, count = node.input[port], sum(Trait.CONVERTS in traits_of(n) for n in model.graph.node)
        converted = f"{tensor}_x{b}"
        converter = helper.make_node(
            "StreamDWC_rtl", [tensor], [converted], name=f"DWC_{count}", domain=DOMAIN, backend="fpgadataflow",
        **chip_of(getCustomOp(node)),
            shape=list(stream.shape), inLanes=a, outLanes=b, dataType=stream.dtype.name,
        )  # fmt: skip
        converter.doc_string = node.doc_string
        model.set_tensor_shape(converted, list(stream.shape))
        model.set_tensor_datatype(converted, stream.dtype)
        model.graph.node.insert(list(model.graph.node).index(node), converter)
        node.input[port] = converted
