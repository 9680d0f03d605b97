"""LowerToStreams: the integer graph (NCHW) becomes a dataflow graph of hardware ops (channels last).

Replaces: Conv by SWG (unless 1x1, stride 1) and BitMVAU; MatMul by BitMVAU, its rows reordered to the order in which
a flattened map streams; MultiThreshold and StepTable by StepThresholding; MaxPool and SumPool by StreamPool; Add (with
the factors before it) by StreamAdd; ArgMax by LabelSelect. Flatten costs nothing. Tensor names stay. Every op starts
unfolded to one lane; SetFolding comes later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation
from qonnx.util.basic import qonnx_make_model

from finn_build.ops.base import DOMAIN


class LowerToStreams(Transformation):
    """See the module's text. Not skipped for any node: ToIntegers emits nothing else."""

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Build the dataflow graph; one application is enough."""
        return _Lowering(model).run(), False


class _Lowering:
    def __init__(self, model: ModelWrapper):
        self.source = model
        self.nodes: list[NodeProto] = []
        self.parameters: dict[str, np.ndarray] = {}
        self.alias: dict[str, str] = {}  # flattened tensor -> the tensor it flattens
        self.factor: dict[str, tuple[str, int]] = {}  # tensor -> (operand, integer factor)
        self.types: dict[str, str] = {}  # stream -> its type, which may be wider than the tensor's
        self.count: Counter[str] = Counter()

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
            "ArgMax": self._arg_max,
        }
        for node in self.source.graph.node:
            lower[node.op_type](node)
        return self._graph()

    def _emit(self, op: str, inputs: list[str], output: str, origin: NodeProto, **attributes: Any) -> None:
        name = f"{op.removeprefix('Bit').removeprefix('Step').removeprefix('Stream')}_{self.count[op]}"
        self.count[op] += 1
        node = helper.make_node(
            f"{op}_rtl", inputs, [output], name=name, domain=DOMAIN, backend="fpgadataflow", **attributes
        )
        node.doc_string = origin.doc_string
        self.nodes.append(node)
        self.types[output] = getCustomOp(node).streams_out()[0].dtype.name

    def _conv(self, node: NodeProto) -> None:
        x, (_, c, h, w) = self._stream(node.input[0]), self._shape(node.input[0])
        weights = self.source.get_initializer(node.input[1])
        kernel, stride, pads = (list(_attribute(node, a)) for a in ("kernel_shape", "strides", "pads"))
        _, out_c, out_h, out_w = self._shape(node.output[0])
        if kernel != [1, 1] or stride != [1, 1] or any(pads):
            window = f"{node.output[0]}_window"
            self._emit(
                "SWG", [x], window, node, IFMDim=[h, w], IFMChannels=c, KernelDim=kernel, Stride=stride,
                Padding=pads, SIMD=1, inputDataType=self._dtype(node.input[0]),
            )  # fmt: skip
            x = window
        self._mvau(node, x, weights.transpose(2, 3, 1, 0).reshape(-1, out_c), [1, out_h, out_w], c)

    def _dense(self, node: NodeProto) -> None:
        weights, flat = self.source.get_initializer(node.input[1]), node.input[0]
        if flat in self.alias and len(self._shape(self.alias[flat])) == 4:
            _, c, h, w = self._shape(self.alias[flat])
            weights = weights.reshape(c, h, w, -1).transpose(1, 2, 0, 3).reshape(c * h * w, -1)
        self._mvau(node, self._stream(flat), weights, [1])

    def _mvau(self, node: NodeProto, x: str, weights: np.ndarray, vectors: list[int], channels: int = 0) -> None:
        self.parameters[node.input[1]] = weights
        in_dtype = self._dtype(node.input[0])
        if in_dtype == "BIPOLAR" and any(_attribute(node, "pads", [0])):
            in_dtype = "TERNARY"
        self._emit(
            "BitMVAU", [x, node.input[1]], node.output[0], node, MW=weights.shape[0], MH=weights.shape[1], SIMD=1, PE=1,
            numInputVectors=vectors, inputDataType=in_dtype, weightDataType=self._dtype(node.input[1]),
            outputDataType=self._dtype(node.output[0]), PixelChannels=channels,
        )  # fmt: skip

    def _steps(self, node: NodeProto) -> None:
        thresholds = self.source.get_initializer(node.input[1])
        self.parameters |= {name: self.source.get_initializer(name) for name in node.input[1:]}
        channels = self._shape(node.input[0])[1]
        tabled, bipolar = node.op_type == "StepTable", self._dtype(node.output[0]) == "BIPOLAR"
        self._emit(
            "StepThresholding", [self._stream(node.input[0]), *node.input[1:]], node.output[0], node,
            NumChannels=channels, PE=1, numSteps=thresholds.shape[1],
            numInputVectors=self._vectors(node.input[0]), inputDataType=self._dtype(node.input[0]),
            outputDataType=self._dtype(node.output[0]), hasTable=int(tabled),
            sharedSteps=int(thresholds.shape[0] == 1 and channels > 1),
            outBias=0 if tabled or bipolar else int(_attribute(node, "out_bias")),
        )  # fmt: skip

    def _pool(self, node: NodeProto) -> None:
        _, c, h, w = self._shape(node.input[0])
        self._emit(
            "StreamPool", [self._stream(node.input[0])], node.output[0], node, IFMDim=[h, w], IFMChannels=c,
            KernelDim=list(_attribute(node, "kernel_shape")), Stride=list(_attribute(node, "strides")),
            Padding=list(_attribute(node, "pads", [0] * 4)), PE=1, inputDataType=self._dtype(node.input[0]),
            Function="max" if node.op_type == "MaxPool" else "sum",
        )  # fmt: skip

    def _mul(self, node: NodeProto) -> None:
        self.factor[node.output[0]] = (node.input[0], int(self.source.get_initializer(node.input[1]).item()))

    def _add(self, node: NodeProto) -> None:
        (a, fa), (b, fb) = (self.factor.get(i, (i, 1)) for i in node.input)
        self._emit(
            "StreamAdd", [self._stream(a), self._stream(b)], node.output[0], node, NumChannels=self._shape(a)[1], PE=1,
            numInputVectors=self._vectors(a), lhsDataType=self._dtype(a), rhsDataType=self._dtype(b),
            lhsScale=fa, rhsScale=fb,
        )  # fmt: skip

    def _flatten(self, node: NodeProto) -> None:
        self.alias[node.output[0]] = self._stream(node.input[0])

    def _arg_max(self, node: NodeProto) -> None:
        self._emit(
            "LabelSelect", [self._stream(node.input[0])], node.output[0], node, Labels=self._shape(node.input[0])[1],
            PE=1, K=1, numInputVectors=[1], inputDataType=self._dtype(node.input[0]),
            outputDataType=self._dtype(node.output[0]),
        )  # fmt: skip

    def _graph(self) -> ModelWrapper:
        source = self.source.graph
        image, outputs = source.input[0].name, [self._stream(o.name) for o in source.output]
        shape = {image: _channels_last(self._shape(image))}
        shape |= {o.name: _channels_last(self._shape(self._stream(o.name))) for o in source.output}
        info = {n: helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shape.items()}
        graph = helper.make_graph(self.nodes, "streams", [info[image]], [info[o] for o in outputs])
        proto = qonnx_make_model(graph)
        proto.opset_import.append(helper.make_opsetid(DOMAIN, 1))
        model = ModelWrapper(proto)
        for name, value in self.parameters.items():
            model.set_initializer(name, value.astype(np.float32))
            model.set_tensor_datatype(name, self.source.get_tensor_datatype(name))
        model.set_tensor_datatype(image, self.source.get_tensor_datatype(image))
        annotate_streams(model)
        return model

    def _stream(self, tensor: str) -> str:
        return self.alias.get(tensor, tensor)

    def _shape(self, tensor: str) -> tuple[int, ...]:
        return tuple(self.source.get_tensor_shape(tensor))

    def _vectors(self, tensor: str) -> list[int]:
        return list(_channels_last(self._shape(tensor))[:-1])

    def _dtype(self, tensor: str) -> str:
        return self.types.get(self._stream(tensor)) or str(self.source.get_tensor_datatype(tensor).name)


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
