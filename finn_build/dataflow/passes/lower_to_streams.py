"""LowerToStreams: the integer graph (NCHW) becomes a dataflow graph of hardware ops (channels last).

Replaces: Conv by SWG (unless 1x1, stride 1) and BitMVAU, a depthwise one by StreamVVAU; MatMul by BitMVAU;
MultiThreshold and StepTable by StepThresholding; MaxPool and SumPool by StreamPool, other factors by StreamWeigh; Add
(with the factors before it) by StreamAdd; ArgMax by LabelSelect; Upsample, DepthToSpace and Pad by the ops of those
names, Pad with an image's own pixels by StreamBorder. Tensor names stay. Every op starts unfolded to one lane;
SetFolding comes later.

Flatten, Reshape, Gather (slices and shuffles of channels) and Concat emit nothing: they only note where each channel
travels. What reads a tensor that is no stream makes it one, by StreamSplit of the streams that it takes parts of, and
StreamConcat. A stream may carry its channels in another order than its tensor has them: rows of weights, thresholds and
tables follow that order, and where two orders meet in an Add, the rows and columns of what one operand comes from. The
order of such streams, and of the parts that a StreamSplit gives, is recorded in the graph (`CHANNEL_ORDER`).

Raises UnsupportedModelError where orders meet that cannot be made equal, or an output is out of order.
"""

from __future__ import annotations

import json

import numpy as np
from onnx import TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.ops.base import DOMAIN
from finn_build.dataflow.passes._lower_layers import Layers
from finn_build.dataflow.passes._placement import Carrier
from finn_build.dataflow.passes._stream_graph import channels_last

CHANNEL_ORDER = "signflow.channel_order"
"""Metadata: JSON {stream: [logical channel at each position]}, of streams whose channels are not 0, 1, 2, ..."""


class LowerToStreams(Transformation):
    """See the module's text. Not skipped for any node: ToIntegers emits nothing else.

    Before: `Conv (NCHW) -> MultiThreshold`. After: `SWG_rtl -> BitMVAU_rtl -> StepThresholding_rtl`, channels last, one
    lane each.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Build the dataflow graph; one application is enough."""
        return _Lowering(model).run(), False


class _Lowering(Layers):
    def run(self) -> ModelWrapper:
        image = self.source.graph.input[0].name
        dtype = str(self.source.get_tensor_datatype(image).name)
        channels = list(range(self.shape(image)[1]))
        self.placement.add(image, Carrier(image, channels, self.vectors(image), dtype))
        for node in self.source.graph.node:
            self.origin[node.output[0]] = node
            self.lower(node)
        outputs = [self._output(o.name) for o in self.source.graph.output]
        self._drop_unread(set(outputs))
        self._insert_splits()
        return self._graph(outputs)

    def _output(self, tensor: str) -> str:
        """Name of a graph output's stream: the tensor's own, but for a flattened map."""
        stream = self.natural(tensor, tensor)
        carrier = self.placement.carriers[stream]
        if stream != tensor and self.origin[tensor].op_type != "Flatten":
            self.emit(
                "StreamConcat", [stream], tensor, self.origin[tensor], Selection=[0] * len(carrier.order), PE=1,
                numInputVectors=carrier.vectors, inputDataTypes=[carrier.dtype], Factors=[1],
            )  # fmt: skip
            return tensor
        return carrier.wire

    def _drop_unread(self, wanted: set[str]) -> None:
        """Drop ops that only made channels which no slice takes."""
        source = {p.name: c.wire for c in self.placement.carriers.values() for p in c.parts}
        kept = []
        for node in reversed(self.nodes):
            if wanted & set(node.output):
                kept.append(node)
                read = list(node.input)
                for name in read:
                    read += [source[name]] if name in source else []
                wanted |= set(read)
        self.nodes = kept[::-1]

    def _insert_splits(self) -> None:
        """Each stream that is read in parts goes through a StreamSplit, directly behind the op that makes it."""
        carriers = list(self.placement.carriers.values())
        read = {i for n in self.nodes for i in n.input}
        for carrier in reversed(carriers):  # parts of parts come last
            if any(p.name in read for p in carrier.parts):
                read.add(carrier.wire)
        for carrier in carriers:
            for selection, parts in carrier.selections(read):
                split = self.node(
                    "StreamSplit", [carrier.wire], [p.name for p in parts], parts[0].origin, Selection=selection, PE=1,
                    numInputVectors=carrier.vectors, inputDataType=carrier.dtype,
                )  # fmt: skip
                made = [k for k, n in enumerate(self.nodes) if carrier.wire in n.output]
                self.nodes.insert(made[0] + 1 if made else 0, split)

    def _graph(self, outputs: list[str]) -> ModelWrapper:
        image = self.source.graph.input[0].name
        shape = {name: channels_last(self.shape(name)) for name in (image, *outputs)}
        info = {n: helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shape.items()}
        graph = helper.make_graph(self.nodes, "streams", [info[image]], [info[o] for o in outputs])
        proto = qonnx_make_model(graph)
        proto.opset_import.append(helper.make_opsetid(DOMAIN, 1))
        model = ModelWrapper(proto)
        used = {i for n in self.nodes for i in n.input}
        for name, value in self.parameters.items():
            if name in used:
                model.set_initializer(name, value.astype(np.float32))
                model.set_tensor_datatype(name, self.source.get_tensor_datatype(name))
        model.set_tensor_datatype(image, self.source.get_tensor_datatype(image))
        _annotate_streams(model)
        made = {o for n in self.nodes for o in n.output}
        orders = {n: c.order for n, c in self.placement.carriers.items() if n in made}
        moved = {name: order for name, order in orders.items() if order != list(range(len(order)))}
        if moved:
            model.set_metadata_prop(CHANNEL_ORDER, json.dumps(moved))
        return model


def _annotate_streams(model: ModelWrapper) -> None:
    """Set shape and type of every op's outputs, as the ops state them."""
    for node in model.graph.node:
        op = getCustomOp(node)
        for name, stream in zip(node.output, op.streams_out(), strict=True):
            model.set_tensor_shape(name, list(stream.shape))
            model.set_tensor_datatype(name, DataType[stream.dtype.name])
