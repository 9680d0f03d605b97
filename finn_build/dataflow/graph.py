"""Nodes, tensors and wires of a hardware graph, each found in constant time: no pass grows faster than its graph.

QONNX looks through all nodes for a tensor's producer and through all tensors for its shape, and tidies a whole graph
behind every pass in quadratic time; a folding search makes hundreds of designs.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Sequence

from onnx import NodeProto, StringStringEntryProto, TensorAnnotation, TensorProto, helper
from qonnx.core.datatype import BaseDataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation


class Links:
    """Who makes and who reads each tensor, kept true while nodes are put in front of others.

    Nodes that are put in reach the graph by `finish`; until then this alone knows of them.
    """

    def __init__(self, model: ModelWrapper):
        self.model = model
        self.nodes = list(model.graph.node)
        self._producers = {name: node for node in self.nodes for name in node.output}
        self._readers: dict[str, list[NodeProto]] = defaultdict(list)
        self._instead: dict[str, list[NodeProto]] = {}
        self._added: dict[str, list[NodeProto]] = defaultdict(list)  # by the node that they stand before
        for node in self.nodes:
            for name in node.input:
                self._readers[name].append(node)

    def producer(self, tensor: str) -> NodeProto | None:
        """The node that makes a tensor; None for an input or a parameter."""
        return self._producers.get(tensor)

    def reader(self, tensor: str) -> NodeProto | None:
        """The first node that reads a tensor, if any."""
        return next(iter(self._readers[tensor]), None)

    def readers(self, tensor: str) -> list[NodeProto]:
        """All nodes that read a tensor."""
        return self._readers[tensor]

    def port(self, tensor: str) -> int:
        """Which output of its producer a tensor is."""
        return list(self._producers[tensor].output).index(tensor)

    def insert(self, added: NodeProto, node: NodeProto, port: int, shape: Sequence[int], dtype: BaseDataType) -> None:
        """Put a node of one output, a new tensor, in front of input `port` of another."""
        before, after = node.input[port], added.output[0]
        add_tensor(self.model, after, shape, dtype)
        self._producers[after] = added
        self._readers[before] = [added, *(reader for reader in self._readers[before] if reader is not node)]
        self._readers[after] = [node]
        self._added[node.name].append(added)
        node.input[port] = after

    def replace(self, node: NodeProto, made: Sequence[NodeProto]) -> None:
        """Put ops in the place of a node by `finish`, one behind the other; the last makes the node's tensor."""
        self._instead[node.name] = list(made)
        for each in made[:-1]:
            stream = getCustomOp(each).streams_out()[0]
            add_tensor(self.model, each.output[0], stream.shape, stream.dtype)

    @property
    def added(self) -> int:
        """Nodes that were put in."""
        return sum(map(len, self._added.values()))

    def finish(self) -> None:
        """Write the nodes into the graph, each behind those that were put in front of it."""
        made = ((*self._added[node.name], *self._instead.get(node.name, [node])) for node in self.nodes)
        _write_nodes(self.model, [node for nodes in made for node in nodes])


def add_tensor(model: ModelWrapper, name: str, shape: Sequence[int], dtype: BaseDataType) -> None:
    """Shape and type of a tensor that is new."""
    model.graph.value_info.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))
    kind = StringStringEntryProto(key="finn_datatype", value=dtype.name)
    model.graph.quantization_annotation.append(TensorAnnotation(tensor_name=name, quant_parameter_tensor_names=[kind]))


def transformed(model: ModelWrapper, *passes: Transformation) -> ModelWrapper:
    """A copy, passes applied in order, each until it changes nothing."""
    model = copy.deepcopy(model)
    for each in passes:
        changed = True
        while changed:
            model, changed = each.apply(model)
        _tidy(model)
    return model


def _tidy(model: ModelWrapper) -> None:
    """Order nodes by their distance from the inputs, drop tensors that nobody knows, part shared parameters."""
    nodes = list(model.graph.node)
    depth: dict[str, int] = {}
    depths = []
    for node in nodes:
        depths.append(max((depth.get(name, 0) for name in node.input), default=0))
        depth |= dict.fromkeys(node.output, depths[-1] + 1)
    if depths != sorted(depths):
        _write_nodes(model, [nodes[k] for k in sorted(range(len(nodes)), key=depths.__getitem__)])
    graph = model.graph
    used = {name for node in nodes for name in (*node.input, *node.output)}
    for container, name_of in (
        (graph.initializer, "name"),
        (graph.value_info, "name"),
        (graph.quantization_annotation, "tensor_name"),
    ):
        for k in reversed([k for k, item in enumerate(container) if getattr(item, name_of) not in used]):
            del container[k]
    for node, port, name in _shared(model):
        own = f"{name}_{node.name}"
        value, dtype = model.get_initializer(name), model.get_tensor_datatype(name)
        model.set_initializer(own, value)
        model.set_tensor_datatype(own, dtype)
        node.input[port] = own


def _shared(model: ModelWrapper) -> Iterator[tuple[NodeProto, int, str]]:
    """Inputs that are parameters of a node before."""
    parameters, seen = {value.name for value in model.graph.initializer}, set()
    for node in model.graph.node:
        for port, name in enumerate(node.input):
            if name in parameters and name in seen:
                yield node, port, name
            seen.add(name)


def _write_nodes(model: ModelWrapper, nodes: Sequence[NodeProto]) -> None:
    ordered = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(ordered)
