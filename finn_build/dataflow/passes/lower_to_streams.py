"""LowerToStreams: the integer graph (NCHW) becomes a dataflow graph of hardware ops (channels last).

Replaces: Conv by SWG (unless 1x1, stride 1) and BitMVAU, a depthwise one by StreamVVAU; MatMul by BitMVAU;
MultiThreshold and StepTable by StepThresholding; MaxPool and SumPool by StreamPool; Add (with the factors before it) by
StreamAdd; ArgMax by LabelSelect; Upsample, DepthToSpace and Pad by the ops of those names. Tensor names stay. Every op
starts unfolded to one lane; SetFolding comes later.

Flatten, Reshape, Gather (slices and shuffles of channels) and Concat emit nothing: they only note where each channel
travels. What reads a tensor that is no stream makes it one, by StreamSplit of the streams that it takes parts of, and
StreamConcat. A stream may carry its channels in another order than its tensor has them: rows of weights, thresholds and
tables follow that order, and where two orders meet in an Add, the rows and columns of what one operand comes from. The
order of such streams, and of the parts that a StreamSplit gives, is recorded in the graph (`CHANNEL_ORDER`).

Raises UnsupportedModelError where orders meet that cannot be made equal, or an output is out of order.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.ops.base import DOMAIN
from finn_build.dataflow.passes._placement import Carrier, Placement
from finn_build.errors import UnsupportedModelError

CHANNEL_ORDER = "signflow.channel_order"
"""Metadata: JSON {stream: [logical channel at each position]}, of streams whose channels are not 0, 1, 2, ..."""

_FOLLOWING = ("Conv", "MatMul", "MultiThreshold", "StepTable", "MaxPool", "SumPool")  # their channels can change places

_GEOMETRY = ("kernel_shape", "strides", "pads", "dilations")


class LowerToStreams(Transformation):
    """See the module's text. Not skipped for any node: ToIntegers emits nothing else.

    Before: `Conv (NCHW) -> MultiThreshold`. After: `SWG_rtl -> BitMVAU_rtl -> StepThresholding_rtl`, channels last, one
    lane each.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Build the dataflow graph; one application is enough."""
        return _Lowering(model).run(), False


class _Lowering:
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

    def run(self) -> ModelWrapper:
        lower: dict[str, Callable[[NodeProto], None]] = {
            "Conv": self._conv,
            "MatMul": self._dense,
            "MultiThreshold": self._steps,
            "StepTable": self._steps,
            "MaxPool": self._pool,
            "SumPool": self._pool,
            "Add": self._add,
            "Mul": self._mul,
            "Flatten": self._flatten,
            "Reshape": self._reshape,
            "Gather": self._gather,
            "Concat": self._concat,
            "ArgMax": self._arg_max,
            "Upsample": self._upsample,
            "DepthToSpace": self._depth_to_space,
            "Pad": self._pad,
        }
        image = self.source.graph.input[0].name
        dtype = str(self.source.get_tensor_datatype(image).name)
        channels = list(range(self._shape(image)[1]))
        self.placement.add(image, Carrier(image, channels, self._vectors(image), dtype))
        for node in self.source.graph.node:
            self.origin[node.output[0]] = node
            lower[node.op_type](node)
        outputs = [self._output(o.name) for o in self.source.graph.output]
        self._drop_unread(set(outputs))
        self._insert_splits()
        return self._graph(outputs)

    def _emit(
        self, op: str, inputs: list[str], output: str, origin: NodeProto, order: list[int] | None = None,
        **attributes: Any,
    ) -> None:  # fmt: skip
        """Add a node; `order` is that of its output's channels, natural if it is not given."""
        wires = [self.placement.carriers[i].wire if i in self.placement.carriers else i for i in inputs]
        node = self._node(op, wires, [output], origin, **attributes)
        self.nodes.append(node)
        stream = getCustomOp(node).streams_out()[0]
        natural = list(range(stream.shape[-1]))
        self.placement.add(output, Carrier(output, order or natural, list(stream.shape[:-1]), stream.dtype.name))

    def _node(self, op: str, inputs: list[str], outputs: list[str], origin: NodeProto, **attributes: Any) -> NodeProto:
        name = f"{op.removeprefix('Bit').removeprefix('Step').removeprefix('Stream')}_{self.count[op]}"
        self.count[op] += 1
        node = helper.make_node(
            f"{op}_rtl", inputs, outputs, name=name, domain=DOMAIN, backend="fpgadataflow", **attributes
        )
        node.doc_string = origin.doc_string
        return node

    def _read(self, tensor: str) -> tuple[str, list[int]]:
        """The stream that carries just a tensor, made where there is none, and the logical channel at each position."""
        found = self.placement.whole(tensor)
        if found is not None:
            return found
        join = self.placement.join(tensor, self.origin[tensor])
        if len(join.streams) == 1 and join.factors == [1]:
            self.placement.put(tensor, join.streams[0], join.order)
            return join.streams[0], join.order
        types = [self._dtype(s) for s in join.streams]
        self._emit(
            "StreamConcat", join.streams, tensor, self.origin[tensor], join.order, Selection=join.selection, PE=1,
            numInputVectors=self._vectors(tensor), inputDataTypes=types, Factors=join.factors,
        )  # fmt: skip
        return tensor, join.order

    def _conv(self, node: NodeProto) -> None:
        x, order = self._read(node.input[0])
        _, c, h, w = self._shape(node.input[0])
        weights, in_dtype = self.source.get_initializer(node.input[1]), self._dtype(x)
        kernel, stride, pads, dilation = (list(_attribute(node, a)) for a in _GEOMETRY)
        if _attribute(node, "group") > 1:
            self._depthwise(node, x, order)
            return
        weights = weights[:, order]
        _, out_c, out_h, out_w = self._shape(node.output[0])
        if kernel != [1, 1] or stride != [1, 1] or any(pads):
            window = f"{node.output[0]}_window"
            self._emit(
                "SWG", [x], window, node, IFMDim=[h, w], IFMChannels=c, KernelDim=kernel, Stride=stride,
                Padding=pads, Dilation=dilation, SIMD=1, inputDataType=in_dtype,
            )  # fmt: skip
            x = window
        rows = weights.transpose(2, 3, 1, 0).reshape(-1, out_c)
        self._mvau(node, x, rows, in_dtype, [1, out_h, out_w], c)

    def _depthwise(self, node: NodeProto, x: str, order: list[int]) -> None:
        _, c, h, w = self._shape(node.input[0])
        kernel, stride, pads, dilation = (list(_attribute(node, a)) for a in _GEOMETRY)
        weights, name = self.source.get_initializer(node.input[1]), node.input[1]
        self.parameters[name] = weights[order].reshape(c, -1)
        self._emit(
            "StreamVVAU", [x, name], node.output[0], node, order, IFMDim=[h, w], IFMChannels=c, KernelDim=kernel,
            Stride=stride, Padding=pads, Dilation=dilation, PE=1, inputDataType=self._dtype(x),
            weightDataType=self._annotated(name), outputDataType=self._annotated(node.output[0]),
            NarrowWeights=int(weights.min() > self.source.get_tensor_datatype(name).min()),
        )  # fmt: skip

    def _dense(self, node: NodeProto) -> None:
        x, order = self._read(node.input[0])
        self._mvau(node, x, self.source.get_initializer(node.input[1])[order], self._dtype(x), [1])

    def _mvau(
        self, node: NodeProto, x: str, weights: np.ndarray, in_dtype: str, vectors: list[int], channels: int = 0
    ) -> None:
        self.parameters[node.input[1]] = weights
        if in_dtype == "BIPOLAR" and any(_attribute(node, "pads", [0])):
            in_dtype = "TERNARY"
        dtype = self.source.get_tensor_datatype(node.input[1])
        narrow = int(weights.min() > dtype.min())  # never the one value without a negative: smaller slices
        self._emit(
            "BitMVAU", [x, node.input[1]], node.output[0], node, MW=weights.shape[0], MH=weights.shape[1], SIMD=1, PE=1,
            numInputVectors=vectors, inputDataType=in_dtype, weightDataType=self._annotated(node.input[1]),
            outputDataType=self._annotated(node.output[0]), PixelChannels=channels, NarrowWeights=narrow,
        )  # fmt: skip

    def _steps(self, node: NodeProto) -> None:
        (x, order), given = self._read(node.input[0]), {n: self.source.get_initializer(n) for n in node.input[1:]}
        self.parameters |= {name: rows[order] if len(rows) > 1 else rows for name, rows in given.items()}
        channels, thresholds = self._shape(node.input[0])[1], given[node.input[1]]
        tabled, bipolar = node.op_type == "StepTable", self._annotated(node.output[0]) == "BIPOLAR"
        self._emit(
            "StepThresholding", [x, *node.input[1:]], node.output[0], node, order,
            NumChannels=channels, PE=1, numSteps=thresholds.shape[1],
            numInputVectors=self._vectors(node.input[0]), inputDataType=self._dtype(x),
            outputDataType=self._annotated(node.output[0]), hasTable=int(tabled),
            sharedSteps=int(thresholds.shape[0] == 1 and channels > 1),
            outBias=0 if tabled or bipolar else int(_attribute(node, "out_bias")),
        )  # fmt: skip

    def _pool(self, node: NodeProto) -> None:
        (x, order), (_, c, h, w) = self._read(node.input[0]), self._shape(node.input[0])
        self._emit(
            "StreamPool", [x], node.output[0], node, order, IFMDim=[h, w], IFMChannels=c,
            KernelDim=list(_attribute(node, "kernel_shape")), Stride=list(_attribute(node, "strides")),
            Padding=list(_attribute(node, "pads", [0] * 4)), Dilation=list(_attribute(node, "dilations", [1, 1])), PE=1,
            inputDataType=self._dtype(x), Function="max" if node.op_type == "MaxPool" else "sum",
        )  # fmt: skip

    def _upsample(self, node: NodeProto) -> None:
        (x, order), (_, c, h, w) = self._read(node.input[0]), self._shape(node.input[0])
        self._emit(
            "Upsample", [x], node.output[0], node, order, IFMDim=[h, w], NumChannels=c,
            Scale=list(_attribute(node, "scale")), Function=_attribute(node, "function").decode(), PE=1,
            inputDataType=self._dtype(x),
        )  # fmt: skip

    def _depth_to_space(self, node: NodeProto) -> None:
        x, (_, c, h, w) = self._natural(node.input[0], node.doc_string), self._shape(node.input[0])
        size = _attribute(node, "blocksize")
        self._emit(
            "DepthToSpace", [x], node.output[0], node, IFMDim=[h, w], NumChannels=c // size**2, BlockSize=size, PE=1,
            inputDataType=self._dtype(x),
        )  # fmt: skip

    def _pad(self, node: NodeProto) -> None:
        (x, order), (_, c, h, w) = self._read(node.input[0]), self._shape(node.input[0])
        pads = [int(p) for p in self.source.get_initializer(node.input[1])]
        self._emit(
            "StreamPad", [x], node.output[0], node, order, IFMDim=[h, w], NumChannels=c, PE=1,
            Padding=[*pads[2:4], *pads[6:8]], inputDataType=self._dtype(x),
            Value=int(self.source.get_initializer(node.input[2])) if len(node.input) > 2 else 0,
        )  # fmt: skip

    def _mul(self, node: NodeProto) -> None:
        self.factor[node.output[0]] = (node.input[0], int(self.source.get_initializer(node.input[1]).item()))

    def _add(self, node: NodeProto) -> None:
        (a, fa), (b, fb) = (self.factor.get(i, (i, 1)) for i in node.input)
        (x, order), (y, other) = self._read(a), self._read(b)
        if order != other and not (y == b and self._follow(y, order)):
            if not (x == a and self._follow(x, other)):
                raise UnsupportedModelError(
                    f"{node.doc_string}: the add's operands stream their channels in different orders; shuffle "
                    "channels behind the add, or put a convolution directly before it"
                )
            order = other
        self._emit(
            "StreamAdd", [x, y], node.output[0], node, order, NumChannels=self._shape(a)[1], PE=1,
            numInputVectors=self._vectors(a), lhsDataType=self._dtype(x), rhsDataType=self._dtype(y),
            lhsScale=fa, rhsScale=fb,
        )  # fmt: skip

    def _follow(self, stream: str, order: list[int]) -> bool:
        """Have a tensor's own stream carry its channels in `order`, by columns of weights and rows of steps.

        Returns:
            False, and nothing has changed, where something else reads it, or its channels have fixed places.
        """
        made = self.origin.get(stream)
        if made is None or self.readers[stream] > 1 or made.op_type not in _FOLLOWING:
            return False
        by_column = made.op_type == "MatMul" or (made.op_type == "Conv" and _attribute(made, "group") == 1)
        if not by_column and not (self._read(made.input[0])[0] == made.input[0] and self._follow(made.input[0], order)):
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

    def _flatten(self, node: NodeProto) -> None:
        """A view of the map's stream: pixels first, and the channels of a pixel as they stream."""
        x, order = self._read(node.input[0])
        pixels = int(np.prod(self._shape(node.input[0])[2:]))
        features = [channel * pixels + pixel for pixel in range(pixels) for channel in order]
        self.placement.add(node.output[0], Carrier(self.placement.carriers[x].wire, features, [1], self._dtype(x)))

    def _reshape(self, node: NodeProto) -> None:
        """A signal as a map of height 1, or back: the same stream."""
        x, order = self._read(node.input[0])
        vectors = self._vectors(node.output[0])
        self.placement.add(node.output[0], Carrier(self.placement.carriers[x].wire, order, vectors, self._dtype(x)))

    def _gather(self, node: NodeProto) -> None:
        places = self.placement.places[node.input[0]]
        self.placement.places[node.output[0]] = [places[int(i)] for i in self.source.get_initializer(node.input[1])]

    def _concat(self, node: NodeProto) -> None:
        """Operands that take parts of streams become streams: what passes a unit by is buffered unit by unit."""
        joined = []
        for operand, factor in (self.factor.get(i, (i, 1)) for i in node.input):
            if self.placement.in_parts(operand):
                self._read(operand)
            joined += [replace(p, factor=p.factor * factor) for p in self.placement.places[operand]]
        self.placement.places[node.output[0]] = joined

    def _arg_max(self, node: NodeProto) -> None:
        x = self._natural(node.input[0], node.doc_string)
        self._emit(
            "LabelSelect", [x], node.output[0], node, Labels=self._shape(node.input[0])[1],
            PE=1, K=1, numInputVectors=self._vectors(node.input[0]), inputDataType=self._dtype(x),
            outputDataType=self._annotated(node.output[0]),
        )  # fmt: skip

    def _natural(self, tensor: str, layer: str) -> str:
        """The stream of a tensor, its channels in their own order."""
        stream, order = self._read(tensor)
        natural, own = sorted(order), self.placement.carriers[stream].order
        wanted = [own[place.position] for place in self.placement.places[tensor]]
        if order != natural and self.readers[tensor] == 1 and self._follow(stream, wanted):
            self.placement.put(tensor, stream, natural)
        elif order != natural:
            raise UnsupportedModelError(
                f"{layer}: the channels of {tensor} stream in another order than the network gives them; end it in a "
                "convolution or dense layer, or leave out the shuffle before the output"
            )
        return stream

    def _output(self, tensor: str) -> str:
        """Name of a graph output's stream: the tensor's own, but for a flattened map."""
        stream = self._natural(tensor, tensor)
        carrier = self.placement.carriers[stream]
        if stream != tensor and self.origin[tensor].op_type != "Flatten":
            self._emit(
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
                split = self._node(
                    "StreamSplit", [carrier.wire], [p.name for p in parts], parts[0].origin, Selection=selection, PE=1,
                    numInputVectors=carrier.vectors, inputDataType=carrier.dtype,
                )  # fmt: skip
                made = [k for k, n in enumerate(self.nodes) if carrier.wire in n.output]
                self.nodes.insert(made[0] + 1 if made else 0, split)

    def _graph(self, outputs: list[str]) -> ModelWrapper:
        image = self.source.graph.input[0].name
        shape = {name: _channels_last(self._shape(name)) for name in (image, *outputs)}
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
        annotate_streams(model)
        made = {o for n in self.nodes for o in n.output}
        orders = {n: c.order for n, c in self.placement.carriers.items() if n in made}
        moved = {name: order for name, order in orders.items() if order != list(range(len(order)))}
        if moved:
            model.set_metadata_prop(CHANNEL_ORDER, json.dumps(moved))
        return model

    def _shape(self, tensor: str) -> tuple[int, ...]:
        return tuple(self.source.get_tensor_shape(tensor))

    def _vectors(self, tensor: str) -> list[int]:
        return list(_channels_last(self._shape(tensor))[:-1])

    def _dtype(self, stream: str) -> str:
        """Type of a stream, which may be wider than its tensor's."""
        return self.placement.carriers[stream].dtype

    def _annotated(self, tensor: str) -> str:
        return str(self.source.get_tensor_datatype(tensor).name)


def annotate_streams(model: ModelWrapper) -> None:
    """Set shape and type of every op's outputs, as the ops state them."""
    for node in model.graph.node:
        op = getCustomOp(node)
        for name, stream in zip(node.output, op.streams_out(), strict=True):
            model.set_tensor_shape(name, list(stream.shape))
            model.set_tensor_datatype(name, DataType[stream.dtype.name])


def _channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0], *shape[2:], shape[1])


def _attribute(node: NodeProto, name: str, default: Any = None) -> Any:
    return next((helper.get_attribute_value(a) for a in node.attribute if a.name == name), default)
