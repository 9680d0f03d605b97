"""The float side of a network between an integer tensor and what reads it: a chain of elementwise ONNX nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import onnx
import onnxruntime as ort
from onnx import NodeProto, TensorProto, helper, numpy_helper

# Ops that treat each element by itself, given constants for all inputs but one tensor and its descendants.
ELEMENTWISE_OPS = frozenset((
    "Abs", "Add", "And", "BatchNormalization", "Cast", "Ceil", "Celu", "Clip", "Div", "Dropout", "Elu", "Equal",
    "Erf", "Exp", "Floor", "Gelu", "Greater", "GreaterOrEqual", "HardSigmoid", "HardSwish", "Identity",
    "LeakyRelu", "Less", "LessOrEqual", "Log", "Max", "Min", "Mish", "Mul", "Neg", "Not", "Or", "PRelu", "Pow",
    "QuantizeLinear", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Softplus", "Softsign", "Sqrt", "Sub",
    "Tanh", "ThresholdedRelu", "Where",
))  # fmt: skip
MOVES = frozenset((
    "Concat", "DepthToSpace", "Flatten", "Gather", "Pad", "Reshape", "Slice", "SpaceToDepth", "Split", "Squeeze",
    "Transpose", "Unsqueeze",
))  # fmt: skip
"""Ops that only move elements."""
_CHOOSING = frozenset(("ArgMax", "ArgMin", "GlobalMaxPool", "MaxPool", "ReduceMax", "ReduceMin", "TopK"))  # among them
# Functions that libraries round differently in the last bits, and one library in a vector and behind its end.
ROUNDED_OPS = frozenset((
    "BatchNormalization", "Celu", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "Log", "LogSoftmax", "Mish",
    "Pow", "Selu", "Sigmoid", "Softmax", "Softplus", "Softsign", "Tanh",
))  # fmt: skip


@dataclass(frozen=True)
class FloatChain:
    """Elementwise nodes from one source tensor to one output tensor; the host's behind the last layer may have several.

    Attributes:
        source: name of the tensor it starts from.
        output: name of the tensor it ends in; equal to `source` for an empty chain.
        nodes: the nodes, in topological order.
        constants: initializers they read, by name.
        rank: rank of the tensors, 4 for (N, C, H, W) or 2 for (N, C).
        opset: ONNX opset of the nodes.
        beside: further sources, each with its rank.
    """

    source: str
    output: str
    nodes: Sequence[NodeProto]
    constants: dict[str, np.ndarray]
    rank: int
    opset: int
    beside: tuple[tuple[str, int], ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """All tensors that it starts from."""
        return (self.source, *(name for name, _ in self.beside))

    @property
    def rounded(self) -> bool:
        """Whether its last bits depend on who computes it."""
        exact = (ELEMENTWISE_OPS | MOVES | _CHOOSING) - ROUNDED_OPS
        return any(node.op_type not in exact for node in self.nodes)

    @property
    def by_frame(self) -> bool:
        """Whether frames go through it one by one: an operation may treat a batch in another way, or not at all."""
        return any(node.op_type not in ELEMENTWISE_OPS | MOVES for node in self.nodes)

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for chains of the same nodes from the same tensor, whatever their tensors are called."""
        known = {self.source: self.source} | {
            k: f"{v.dtype}{v.shape}{v.tobytes()!r}" for k, v in self.constants.items()
        }
        found = []
        for number, node in enumerate(self.nodes):
            read = tuple(known.get(i, "") for i in node.input)
            found.append((node.op_type, read, *(a.SerializeToString() for a in node.attribute)))
            known |= {name: f"{number}.{k}" for k, name in enumerate(node.output)}
        return (self.source, known[self.output], *found)

    @cached_property
    def model(self) -> onnx.ModelProto:
        """The chain alone as an ONNX model, batch and all other dimensions free."""
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [f"d{k}_{i}" for i in range(rank)])
            for k, (name, rank) in enumerate(((self.source, self.rank), *self.beside))
        ]
        nodes = [NodeProto.FromString(node.SerializeToString()) for node in self.nodes]
        for node in nodes:
            node.ClearField("name")  # ONNX Runtime takes no name twice
        graph = helper.make_graph(
            nodes,
            "chain",
            inputs,
            [onnx.ValueInfoProto(name=self.output)],  # float32, or the int64 of a label
            [numpy_helper.from_array(v, k) for k, v in self.constants.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=10)

    @cached_property
    def _session(self) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        return ort.InferenceSession(self.model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def __call__(self, values: np.ndarray, *beside: np.ndarray) -> np.ndarray:
        """Evaluate on float32 (N, C, ...), one for each source; returns float32, or int64 behind an ArgMax."""
        if not self.nodes:
            return values
        given = (values, *beside)
        if self.by_frame and len(values) > 1:
            return np.concatenate([self(*(v[k : k + 1] for v in given)) for k in range(len(values))])
        feeds = {name: v.astype(np.float32) for name, v in zip(self.sources, given, strict=True)}
        (out,) = self._session.run([self.output], feeds)
        return out

    def by_channel(self, values: np.ndarray) -> np.ndarray:
        """Evaluate on float32 [N, C]; returns float32 [N, C].

        Raises:
            ValueError: the chain treats pixels of one channel differently.
        """
        out = self(values.reshape((*values.shape, *(1,) * (self.rank - 2))))
        if out.size != values.size:
            raise ValueError(f"the constants before {self.output} vary by pixel")
        return out.reshape(values.shape)
