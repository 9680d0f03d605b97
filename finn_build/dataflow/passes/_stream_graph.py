"""A graph of streams as it grows: its nodes, its parameters, and where each tensor's channels are."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.ops.base import DOMAIN
from finn_build.dataflow.passes._placement import Carrier, Placement
from finn_build.errors import UnsupportedModelError

_FOLLOWING = ("Conv", "MatMul", "MultiThreshold", "StepTable", "MaxPool", "SumPool")  # their channels can change places


class StreamGraph:
    """Streams for the tensors of an integer graph, made one op at a time."""

    def __init__(self, model: ModelWrapper):
        self.source = model
        self.nodes: list[NodeProto] = []
        self.parameters: dict[str, np.ndarray] = {}
        self.placement = Placement()
        self.factor: dict[str, tuple[str, int]] = {}  # tensor -> (operand, integer factor)
        self.origin: dict[str, NodeProto] = {}  # tensor -> node of the integer graph
        self.count: Counter[str] = Counter()
        self.readers = Counter(i for n in model.graph.node for i in n.input)
        self.readers.update(o.name for o in model.graph.output)

    def emit(
        self, op: str, inputs: list[str], output: str, origin: NodeProto, order: list[int] | None = None,
        **attributes: Any,
    ) -> None:  # fmt: skip
        """Add a node; `order` is that of its output's channels, natural if it is not given."""
        wires = [self.placement.carriers[i].wire if i in self.placement.carriers else i for i in inputs]
        node = self.node(op, wires, [output], origin, **attributes)
        self.nodes.append(node)
        stream = getCustomOp(node).streams_out()[0]
        natural = list(range(stream.shape[-1]))
        self.placement.add(output, Carrier(output, order or natural, list(stream.shape[:-1]), stream.dtype.name))

    def node(self, op: str, inputs: list[str], outputs: list[str], origin: NodeProto, **attributes: Any) -> NodeProto:
        """A node of a name of its own, not in the graph yet."""
        name = f"{op.removeprefix('Bit').removeprefix('Step').removeprefix('Stream')}_{self.count[op]}"
        self.count[op] += 1
        node = helper.make_node(
            f"{op}_rtl", inputs, outputs, name=name, domain=DOMAIN, backend="fpgadataflow", **attributes
        )
        node.doc_string = origin.doc_string
        return node

    def read(self, tensor: str) -> tuple[str, list[int]]:
        """The stream that carries just a tensor, made where there is none, and the logical channel at each position."""
        found = self.placement.whole(tensor)
        if found is not None:
            return found
        join = self.placement.join(tensor, self.origin[tensor])
        if len(join.streams) == 1 and join.factors == [1]:
            self.placement.put(tensor, join.streams[0], join.order)
            return join.streams[0], join.order
        types = [self.dtype(s) for s in join.streams]
        self.emit(
            "StreamConcat", join.streams, tensor, self.origin[tensor], join.order, Selection=join.selection, PE=1,
            numInputVectors=self.vectors(tensor), inputDataTypes=types, Factors=join.factors,
        )  # fmt: skip
        return tensor, join.order

    def natural(self, tensor: str, layer: str) -> str:
        """The stream of a tensor, its channels in their own order."""
        stream, order = self.read(tensor)
        natural, own = sorted(order), self.placement.carriers[stream].order
        wanted = [own[place.position] for place in self.placement.places[tensor]]
        if order != natural and self.readers[tensor] == 1 and self.follow(stream, wanted):
            self.placement.put(tensor, stream, natural)
        elif order != natural:
            raise UnsupportedModelError(
                f"{layer}: the channels of {tensor} stream in another order than the network gives them; end it in a "
                "convolution or dense layer, quantize before it is flattened, or leave out a shuffle before the output"
            )
        return stream

    def follow(self, stream: str, order: list[int]) -> bool:
        """Have a tensor's own stream carry its channels in `order`, by columns of weights and rows of steps.

        Returns:
            False, and nothing has changed, where something else reads it, or its channels have fixed places.
        """
        made = self.origin.get(stream)
        if made is None or self.readers[stream] > 1 or made.op_type not in _FOLLOWING:
            return False
        by_column = made.op_type == "MatMul" or (made.op_type == "Conv" and attribute(made, "group") == 1)
        if not by_column and not (self.read(made.input[0])[0] == made.input[0] and self.follow(made.input[0], order)):
            return False
        position = {channel: k for k, channel in enumerate(self.placement.carriers[stream].order)}
        moved = [position[channel] for channel in order]
        for name in made.input[1:]:
            values = self.parameters[name]
            if by_column:
                self.parameters[name] = values[:, moved]
            elif len(values) > 1:
                self.parameters[name] = values[moved]
        self.placement.set_order(stream, order)
        return True

    def shape(self, tensor: str) -> tuple[int, ...]:
        """Shape of a tensor of the integer graph."""
        return tuple(self.source.get_tensor_shape(tensor))

    def vectors(self, tensor: str) -> list[int]:
        """Its shape as a stream's, without the channels."""
        return list(channels_last(self.shape(tensor))[:-1])

    def dtype(self, stream: str) -> str:
        """Type of a stream, which may be wider than its tensor's."""
        return self.placement.carriers[stream].dtype

    def annotated(self, tensor: str) -> str:
        """Name of its type."""
        return str(self.source.get_tensor_datatype(tensor).name)


def channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    """(N, C, ...) as (N, ..., C)."""
    return (shape[0], *shape[2:], shape[1])


def attribute(node: NodeProto, name: str, default: Any = None) -> Any:
    """Value of a node's attribute, `default` where it is not set."""
    return next((helper.get_attribute_value(a) for a in node.attribute if a.name == name), default)
