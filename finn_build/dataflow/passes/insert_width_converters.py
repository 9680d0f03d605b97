"""InsertWidthConverters: a StreamDWC wherever producer and consumer of a stream differ in lanes."""

from __future__ import annotations

from math import lcm

from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

from finn_build.dataflow.graph import Links
from finn_build.dataflow.ops.base import DOMAIN, Trait, traits_of
from finn_build.dataflow.ops.finn_op import chip_of


class InsertWidthConverters(Transformation):
    """Before: 4 lanes into 6. After: `4 -> StreamDWC_rtl -> 12 -> StreamDWC_rtl -> 6`, by the least common multiple.

    Where one number divides the other, one converter. Comes after folding.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Convert every mismatch; one application is enough."""
        links = Links(model)
        count = sum(Trait.CONVERTS in traits_of(node) for node in links.nodes)
        for node in links.nodes:
            if Trait.CONVERTS in traits_of(node):
                continue
            for port, stream in enumerate(getCustomOp(node).streams_in()):
                producer = links.producer(node.input[port])
                if producer is None:
                    continue
                given = getCustomOp(producer).streams_out()[links.port(node.input[port])].lanes
                for hop in _hops(given, stream.lanes):
                    _convert(links, node, port, hop, count)
                    count += 1
        links.finish()
        return model, False


def _hops(given: int, taken: int) -> list[tuple[int, int]]:
    """Lanes on both sides of each converter from so many to so many."""
    wide = lcm(given, taken)
    if given == taken:
        return []
    return [(given, taken)] if wide in (given, taken) else [(given, wide), (wide, taken)]


def _convert(links: Links, node: NodeProto, port: int, hop: tuple[int, int], number: int) -> None:
    stream, tensor = getCustomOp(node).streams_in()[port], node.input[port]
    converter = helper.make_node(
        "StreamDWC_rtl", [tensor], [f"{tensor}_x{hop[1]}"], name=f"DWC_{number}", domain=DOMAIN, backend="fpgadataflow",
        **chip_of(getCustomOp(node)),
        shape=list(stream.shape), inLanes=hop[0], outLanes=hop[1], dataType=stream.dtype.name,
    )  # fmt: skip
    converter.doc_string = node.doc_string
    links.insert(converter, node, port, stream.shape, stream.dtype)
