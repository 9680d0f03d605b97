"""What each op of an integer graph becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import NodeProto

from finn_build.dataflow.passes._placement import Carrier
from finn_build.dataflow.passes._stream_graph import StreamGraph, attribute
from finn_build.errors import UnsupportedModelError

_GEOMETRY = {"KernelDim": "kernel_shape", "Stride": "strides", "Padding": "pads", "Dilation": "dilations"}
_NO_MOVE = {"pads": [0] * 4, "dilations": [1, 1]}  # where a pool does not say


class Layers(StreamGraph):
    """A stream graph that takes ops one by one."""

    def lower(self, node: NodeProto) -> None:
        """Add what a node becomes."""
        by_op: dict[str, Callable[[NodeProto], None]] = {
            "Conv": self._conv,
            "MatMul": self._dense,
            "MultiThreshold": self._steps,
            "StepTable": self._steps,
            "MaxPool": self._pool,
            "SumPool": self._pool,
            "Add": self._add,
            "Mul": self._mul,
            "Max": self._eltwise,
            "Min": self._eltwise,
            "Flatten": self._flatten,
            "Reshape": self._reshape,
            "Gather": self._gather,
            "Concat": self._concat,
            "ArgMax": self._arg_max,
            "Upsample": self._upsample,
            "Expand": self._expand,
            "DepthToSpace": self._depth_to_space,
            "Pad": self._pad,
        }
        by_op[node.op_type](node)

    def _window(self, node: NodeProto) -> dict[str, Any]:
        """Attributes of an op with a window."""
        _, channels, *image = self.shape(node.input[0])
        geometry = {ours: list(attribute(node, name, _NO_MOVE.get(name))) for ours, name in _GEOMETRY.items()}
        return {"IFMDim": image, "IFMChannels": channels, **geometry}

    def _conv(self, node: NodeProto) -> None:
        x, order = self.read(node.input[0])
        if attribute(node, "group") > 1:
            self._depthwise(node, x, order)
            return
        weights, in_dtype, geometry = self.source.get_initializer(node.input[1]), self.dtype(x), self._window(node)
        if geometry["KernelDim"] != [1, 1] or geometry["Stride"] != [1, 1] or any(geometry["Padding"]):
            window = f"{node.output[0]}_window"
            self.emit("SWG", [x], window, node, **geometry, SIMD=1, inputDataType=in_dtype)
            x = window
        rows = weights[:, order].transpose(2, 3, 1, 0).reshape(-1, len(weights))
        self._mvau(node, x, rows, in_dtype, self.vectors(node.output[0]), geometry["IFMChannels"])

    def _depthwise(self, node: NodeProto, x: str, order: list[int]) -> None:
        weights, name = self.source.get_initializer(node.input[1]), node.input[1]
        self.parameters[name] = weights[order].reshape(len(order), -1)
        self.emit(
            "StreamVVAU", [x, name], node.output[0], node, order, **self._window(node), PE=1,
            inputDataType=self.dtype(x), weightDataType=self.annotated(name),
            outputDataType=self.annotated(node.output[0]),
            NarrowWeights=int(weights.min() > self.source.get_tensor_datatype(name).min()),
        )  # fmt: skip

    def _dense(self, node: NodeProto) -> None:
        x, order = self.read(node.input[0])
        self._mvau(node, x, self.source.get_initializer(node.input[1])[order], self.dtype(x), [1])

    def _mvau(
        self, node: NodeProto, x: str, weights: np.ndarray, in_dtype: str, vectors: list[int], channels: int = 0
    ) -> None:
        self.parameters[node.input[1]] = weights
        if in_dtype == "BIPOLAR" and any(attribute(node, "pads", [0])):
            in_dtype = "TERNARY"
        dtype = self.source.get_tensor_datatype(node.input[1])
        narrow = int(weights.min() > dtype.min())  # never the one value without a negative: smaller slices
        self.emit(
            "BitMVAU", [x, node.input[1]], node.output[0], node, MW=weights.shape[0], MH=weights.shape[1], SIMD=1, PE=1,
            numInputVectors=vectors, inputDataType=in_dtype, weightDataType=self.annotated(node.input[1]),
            outputDataType=self.annotated(node.output[0]), PixelChannels=channels, NarrowWeights=narrow,
        )  # fmt: skip

    def _steps(self, node: NodeProto) -> None:
        (x, order), given = self.read(node.input[0]), {n: self.source.get_initializer(n) for n in node.input[1:]}
        self.parameters |= {name: rows[order] if len(rows) > 1 else rows for name, rows in given.items()}
        channels, thresholds = self.shape(node.input[0])[1], given[node.input[1]]
        tabled, bipolar = node.op_type == "StepTable", self.annotated(node.output[0]) == "BIPOLAR"
        self.emit(
            "StepThresholding", [x, *node.input[1:]], node.output[0], node, order,
            NumChannels=channels, PE=1, numSteps=thresholds.shape[1],
            numInputVectors=self.vectors(node.input[0]), inputDataType=self.dtype(x),
            outputDataType=self.annotated(node.output[0]), hasTable=int(tabled),
            sharedSteps=int(thresholds.shape[0] == 1 and channels > 1),
            outBias=0 if tabled or bipolar else int(attribute(node, "out_bias")),
        )  # fmt: skip

    def _pool(self, node: NodeProto) -> None:
        x, order = self.read(node.input[0])
        factors = [list(attribute(node, name, ())) for name in ("row_factors", "column_factors")]
        pooled = f"{node.output[0]}_sums" if any(factors) else node.output[0]
        self.emit(
            "StreamPool", [x], pooled, node, order, **self._window(node), PE=1, inputDataType=self.dtype(x),
            Function="max" if node.op_type == "MaxPool" else "sum",
        )  # fmt: skip
        if any(factors):
            rows, columns = (side or [1] for side in factors)
            self.emit(
                "StreamWeigh", [pooled], node.output[0], node, order, RowFactors=rows, ColumnFactors=columns,
                NumChannels=self.shape(node.output[0])[1], PE=1, inputDataType=self.dtype(pooled),
            )  # fmt: skip

    def _upsample(self, node: NodeProto) -> None:
        (x, order), (_, c, h, w) = self.read(node.input[0]), self.shape(node.input[0])
        self.emit(
            "Upsample", [x], node.output[0], node, order, IFMDim=[h, w], NumChannels=c,
            Scale=list(attribute(node, "scale")), Function=attribute(node, "function").decode(), PE=1,
            inputDataType=self.dtype(x),
        )  # fmt: skip

    def _expand(self, node: NodeProto) -> None:
        """A map's only channel as often as there are channels: the stream of one whose pixels are repeated."""
        (x, _), (_, _, h, w), out = self.read(node.input[0]), self.shape(node.input[0]), node.output[0]
        channels, repeated = self.shape(out)[1], f"{out}_repeated"
        self.emit(
            "Upsample", [x], repeated, node, IFMDim=[h, w], NumChannels=1, Scale=[1, channels], Function="nearest",
            PE=1, inputDataType=self.dtype(x),
        )  # fmt: skip
        self.placement.add(out, Carrier(repeated, list(range(channels)), self.vectors(out), self.dtype(x)))

    def _depth_to_space(self, node: NodeProto) -> None:
        x, (_, c, h, w) = self.natural(node.input[0], node.doc_string), self.shape(node.input[0])
        size = attribute(node, "blocksize")
        self.emit(
            "DepthToSpace", [x], node.output[0], node, IFMDim=[h, w], NumChannels=c // size**2, BlockSize=size, PE=1,
            inputDataType=self.dtype(x),
        )  # fmt: skip

    def _pad(self, node: NodeProto) -> None:
        (x, order), (_, c, h, w) = self.read(node.input[0]), self.shape(node.input[0])
        pads, mode = [int(p) for p in self.source.get_initializer(node.input[1])], attribute(node, "mode").decode()
        value = int(self.source.get_initializer(node.input[2])) if len(node.input) > 2 else 0
        op, how = ("StreamPad", {"Value": value}) if mode == "constant" else ("StreamBorder", {"Mode": mode})
        self.emit(
            op, [x], node.output[0], node, order, IFMDim=[h, w], NumChannels=c, PE=1,
            Padding=[*pads[2:4], *pads[6:8]], inputDataType=self.dtype(x), **how,
        )  # fmt: skip

    def _mul(self, node: NodeProto) -> None:
        """A product of two streams; a constant factor is left to what reads it."""
        factor = self.source.get_initializer(node.input[1])
        if factor is None:
            self._eltwise(node)
        else:
            self.factor[node.output[0]] = (node.input[0], int(factor.item()))

    def _add(self, node: NodeProto) -> None:
        (a, fa), (b, fb) = (self.factor.get(i, (i, 1)) for i in node.input)
        self._joined(node, "StreamAdd", a, b, lhsScale=fa, rhsScale=fb)

    def _eltwise(self, node: NodeProto) -> None:
        a, b = (self._weighed(node, name) for name in node.input)
        self._joined(node, "StreamEltwise", a, b, Function=node.op_type.lower())

    def _weighed(self, node: NodeProto, tensor: str) -> str:
        """A tensor whose factor what reads it does not multiply by: a stream of its own."""
        if tensor not in self.factor:
            return tensor
        operand, factor = self.factor[tensor]
        (x, order), (_, channels, *image) = self.read(operand), self.shape(operand)
        height, width = [1, 1, *image][-2:]
        self.emit(
            "StreamWeigh", [x], tensor, node, order, RowFactors=[factor] * height, ColumnFactors=[1] * width,
            NumChannels=channels, PE=1, inputDataType=self.dtype(x),
        )  # fmt: skip
        carrier = self.placement.carriers[tensor]
        self.placement.add(tensor, Carrier(carrier.wire, order, self.vectors(operand), carrier.dtype))
        return tensor

    def _joined(self, node: NodeProto, op: str, a: str, b: str, **attributes: Any) -> None:
        """Two tensors element by element; both stream their channels in one order."""
        (x, order), (y, other) = self.read(a), self.read(b)
        if order != other and not (y == b and self.follow(y, order)):
            if not (x == a and self.follow(x, other)):
                raise UnsupportedModelError(
                    f"{node.doc_string}: the {node.op_type.lower()}'s operands stream their channels in different "
                    "orders; shuffle channels behind it, or put a convolution directly before it"
                )
            order = other
        self.emit(
            op, [x, y], node.output[0], node, order, NumChannels=self.shape(a)[1], PE=1,
            numInputVectors=self.vectors(a), lhsDataType=self.dtype(x), rhsDataType=self.dtype(y), **attributes,
        )  # fmt: skip

    def _flatten(self, node: NodeProto) -> None:
        """A view of the map's stream: pixels first, and the channels of a pixel as they stream."""
        x, order = self.read(node.input[0])
        pixels = int(np.prod(self.shape(node.input[0])[2:]))
        features = [channel * pixels + pixel for pixel in range(pixels) for channel in order]
        self.placement.add(node.output[0], Carrier(self.placement.carriers[x].wire, features, [1], self.dtype(x)))

    def _reshape(self, node: NodeProto) -> None:
        """The same pixels in another shape: the same stream. A map of a dense layer's rows, in its order."""
        x, order = self.read(node.input[0])
        vectors, (_, channels, *image) = self.vectors(node.output[0]), self.shape(node.output[0])
        pixels = int(np.prod(image))
        if len(self.shape(node.input[0])) == 2 and pixels > 1:
            wanted = [c * pixels + p for p in range(pixels) for c in range(channels)]
            if order != wanted and not self.follow(x, wanted):
                raise UnsupportedModelError(
                    f"{node.doc_string}: something else reads what becomes a map; make the map from a layer of its own"
                )
            order = list(range(channels))
        self.placement.add(node.output[0], Carrier(self.placement.carriers[x].wire, order, vectors, self.dtype(x)))

    def _gather(self, node: NodeProto) -> None:
        places = self.placement.places[node.input[0]]
        self.placement.places[node.output[0]] = [places[int(i)] for i in self.source.get_initializer(node.input[1])]

    def _concat(self, node: NodeProto) -> None:
        """Operands that take parts of streams become streams: what passes a unit by is buffered unit by unit."""
        joined = []
        for operand, factor in (self.factor.get(i, (i, 1)) for i in node.input):
            if self.placement.in_parts(operand):
                self.read(operand)
            joined += [replace(p, factor=p.factor * factor) for p in self.placement.places[operand]]
        self.placement.places[node.output[0]] = joined

    def _arg_max(self, node: NodeProto) -> None:
        x = self.natural(node.input[0], node.doc_string)
        self.emit(
            "LabelSelect", [x], node.output[0], node, Labels=self.shape(node.input[0])[1],
            PE=1, K=1, numInputVectors=self.vectors(node.input[0]), inputDataType=self.dtype(x),
            outputDataType=self.annotated(node.output[0]),
        )  # fmt: skip
