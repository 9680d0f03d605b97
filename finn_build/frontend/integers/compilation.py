"""What is known while a graph is compiled: every tensor's integers, and the integer graph so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain as chain_of
from math import prod
from typing import Any

import numpy as np
from onnx import NodeProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.frontend.integers.cures import quantizer_before
from finn_build.frontend.integers.float_chain import FloatChain
from finn_build.frontend.integers.layer_names import layer_name
from finn_build.frontend.integers.maps import map_name, map_shape
from finn_build.frontend.integers.problems import Problem, Unsupported
from finn_build.frontend.integers.standard_operators import in_standard_operators
from finn_build.frontend.integers.tensor import IntTensor

MAX_POOLS = ("MaxPool", "GlobalMaxPool")
RESHAPES = {"Flatten", "Reshape", "Squeeze", "Unsqueeze"}
WEIGHTED = {"Conv", "ConvTranspose", "Gemm", "MatMul"}
"""Layers that are meant for the accelerator."""
MOST_VALUES = 1 << 26  # of a tensor
_TOGETHER = 1 << 22  # integers times channels that are evaluated at once
MAX_EVALUATIONS = 1 << 30  # integers times channels; beyond it an accumulator is wider than any real layer's


class Compilation:
    """State of one walk over a graph: what each tensor is, and the integer graph so far."""

    def __init__(self, model: ModelWrapper, left: Mapping[str, Unsupported] | None = None):
        """Args: `model`, the graph; `left`, where the host may take layers: tensors that it has to make, and why."""
        self.source, self.left = model, left
        self.undecided: dict[str, Unsupported] = {}  # where what quantizes a tensor is no function of its integers: why
        self.ints: dict[str, IntTensor] = {}
        self.roots: dict[str, str] = {}  # float tensor -> the integer tensor (or graph input) it is a function of
        self.constants: dict[str, np.ndarray] = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
        self.producers = {name: node for node in model.graph.node for name in node.output}
        self.places = {name: place for place, name in enumerate(self.producers)}
        infos = (*model.graph.input, *model.graph.output, *model.graph.value_info)
        self.shapes = {i.name: tuple(i.dims) for i in model.graph.initializer}
        self.shapes |= {v.name: tuple(d.dim_value for d in v.type.tensor_type.shape.dim) for v in infos}
        self.weights: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # constant -> integers, scale
        self.padded: dict[str, tuple[str, tuple[int, ...]]] = {}  # zero-padded tensor -> what is padded, pads
        self.moved: dict[str, tuple[IntTensor, np.ndarray]] = {}  # reshaped or transposed tensor -> where elements went
        self.views: dict[str, NodeProto] = {}  # tensor -> the reshape that makes it from an integer tensor
        self.on_host: dict[str, Unsupported] = {}  # only the host can make it: why the accelerator cannot
        self.several: dict[
            str, tuple[str, ...]
        ] = {}  # of what the host makes: the integer tensors, where it reads several
        self.quantized: dict[tuple[object, ...], str] = {}  # what a quantizer computes -> its output
        self.broken: set[str] = set()  # tensors behind a problem
        self.problems: list[Problem] = []
        self.head: FloatChain | None = None
        self.head_quantizer: Callable[[np.ndarray], np.ndarray] | None = None
        self.nodes: list[NodeProto] = []
        self.initializers: dict[str, np.ndarray] = {}
        self.dtypes: dict[str, str] = {}
        self.opset = next(o.version for o in model.model.opset_import if o.domain in ("", "ai.onnx"))
        self.image = next(i.name for i in model.graph.input if i.name not in self.constants)
        self.roots[self.image] = self.image

    def dynamic(self, node: NodeProto) -> list[str]:
        """The inputs of a node that are no constants."""
        return [i for i in node.input if i and i not in self.constants]

    def root(self, tensor: str) -> str:
        """The integer tensor (or the graph input) that `tensor` is an elementwise function of.

        Raises:
            Unsupported: it is zero-padded, and no zero is among its values; or not the first output of its node.
        """
        self._pad(tensor)
        if tensor not in self.ints and tensor not in self.roots:
            raise Unsupported(f"{tensor} is an output of its node beside the first", "drop it from the network")
        return self.ints[tensor].name if tensor in self.ints else self.roots[tensor]

    def sources(self, tensor: str) -> tuple[str, ...]:
        """Its root, or all of them where the host makes it of several."""
        return self.several.get(tensor) or (self.root(tensor),)

    def origin(self, tensor: str) -> str:
        """The integer tensor (or the graph input) behind which come only floats, zero padding included."""
        source = self.unpadded(tensor)[0] if tensor not in self.ints else tensor
        self.roots.setdefault(tensor, self.root(source))
        return self.root(source)

    def unpadded(self, tensor: str) -> tuple[str, tuple[int, ...]]:
        """What a zero-padded tensor pads, and its pads (top, left, bottom, right); itself and zeros if it is none."""
        return self.padded.get(tensor, (tensor, (0, 0, 0, 0)))

    def _pad(self, tensor: str) -> None:
        """Make zero padding that no window takes in."""
        if tensor in self.padded and tensor not in self.ints:
            source, pads = self.padded[tensor]
            x = self.integer_input(source, "the input of the padding")
            self.emit_pad(self.producers[tensor], x, pads, tensor)

    def view(self, tensor: str, of: str) -> None:
        """Note that a tensor is another in its own shape; with the same shape it is just another name."""
        if of in self.ints and self.shape(tensor) == self.ints[of].shape:
            self.ints[tensor] = self.ints[of]
            self.views[tensor] = helper.make_node("Identity", [of], [tensor])
        else:
            self.views[tensor] = helper.make_node("Reshape", [of, ""], [tensor])
        self.roots[tensor] = of

    def as_integers(self, tensor: str) -> IntTensor | None:
        """The integer tensor that `tensor` is, or is a scaled version of; None where it is a float tensor."""
        return self.ints[tensor] if self.in_integers(tensor) else self._as_scaled(tensor)

    def in_integers(self, tensor: str) -> bool:
        """Whether a layer can read a tensor's integers as they are: not where only a table says what each is worth."""
        return tensor in self.ints and self.ints[tensor].points is None

    def _as_scaled(self, tensor: str) -> IntTensor | None:
        """The integer tensor behind a float one that is only that integer tensor times a scale; None if it is not.

        Decided by evaluation on the whole range, so it holds for any way of writing it.
        """
        root = self.root(tensor)
        if root not in self.ints or self.ints[root].points or self.pools_before(tensor):
            return None
        origin, chain = self.ints[root], self.chain(tensor)
        least, most = int(origin.low.min()), int(origin.high.max())
        largest = max(least, most, key=abs)
        if not largest or origin.evaluations > MAX_EVALUATIONS or self.shape(tensor) != origin.shape:
            return None

        def values(ints: np.ndarray) -> np.ndarray:
            return chain.by_channel(origin.to_float(ints))

        scale = (values(np.full((1, origin.channels), largest))[0] * origin.divisor / largest).astype(np.float32)
        scale = scale[0] if np.all(scale == scale[0]) else scale
        if not np.all(scale > 0):
            return None
        scaled, rows = replace(origin, scale=np.asarray(scale)), max(1, _TOGETHER // origin.channels)
        some = np.linspace(least, most, 99).astype(np.int64)  # of most other functions that is enough
        parts = chain_of([some], (np.arange(k, min(k + rows, most + 1)) for k in range(least, most + 1, rows)))
        columns = (part[:, None].repeat(origin.channels, axis=1) for part in parts)
        return scaled if all(np.array_equal(scaled.to_float(ints), values(ints)) for ints in columns) else None

    def integer_input(self, tensor: str, why: str, average: str = "") -> IntTensor:
        """The integer tensor behind an input that has to be quantized; `average`, the name of the pool that reads it.

        Raises:
            Unsupported: the input is a float tensor that is not an integer tensor times one scale.
        """
        self._pad(tensor)
        found = self.as_integers(tensor)
        if found is None:
            self.chain(tensor)  # what only the host can make is said to be that
            between = (n.op_type for n in self._nodes_between(tensor))
            cure = quantizer_before(between, {n.op_type for n in self.source.graph.node}, average)
            raise Unsupported(f"{why} ({tensor}) is not quantized", cure)
        return found

    def chain(self, tensor: str, by_host: bool = False) -> FloatChain:
        """The nodes between `tensor` and its root; a max pool counts as the identity but where the host computes it.

        Raises:
            Unsupported: there are nodes for the host among them, and it is not the host that computes the chain.
        """
        root, nodes = self.root(tensor), self._nodes_between(tensor)
        for node in nodes:
            for name in self.on_host.keys() & set(node.output) if not by_host else ():
                raise self.on_host[name]
        constants: dict[str, np.ndarray] = {}
        pooled = by_host or root == self.image  # on the chip the quantizer goes before the pool
        nodes = [n if pooled and n.op_type in MAX_POOLS else self._for_any_batch(n, constants) for n in nodes]
        if by_host:  # as the file has them: a library sums constants in another order than what it computes
            read = dict.fromkeys(i for n in nodes if n.op_type in WEIGHTED for i in n.input if i in self.weights)
            made = (self.producers[i] for i in read)
            nodes = [
                *(n for n in made if n.op_type == "DequantizeLinear"),
                *self._in_standard_operators(nodes, constants),
            ]
        given = (i for n in nodes for i in n.input if i in self.constants)
        constants |= {i: self.constants[i] for i in given if all(i not in n.output for n in nodes)}
        sources = ((s, len(self.ints[s].shape if s in self.ints else self.shape(s))) for s in self.sources(tensor))
        (source, rank), *beside = sources
        return FloatChain(source, tensor, nodes, constants, rank, self.opset, tuple(beside))

    def _in_standard_operators(
        self, nodes: Iterable[NodeProto], constants: dict[str, np.ndarray]
    ) -> Iterator[NodeProto]:
        """Nodes, QONNX's quantizers among them by ONNX' own operators; adds to the constants.

        Raises:
            Unsupported: the network has tensors of the names that stand between these.
        """
        for node in nodes:
            parts, read = in_standard_operators(node, self.constants, self.opset)
            made = {*read, *(p.output[0] for p in parts[:-1])}
            if taken := made & (self.constants.keys() | self.producers.keys()):
                raise Unsupported(f"a tensor called {min(taken)}", "give it another name", layer_name(node))
            constants |= read
            yield from parts or (node,)

    def _for_any_batch(self, node: NodeProto, constants: dict[str, np.ndarray]) -> NodeProto:
        """A reshape freed of its constant batch size, or the identity for one to the same shape and a max pool."""
        if node.op_type not in {*MAX_POOLS, *RESHAPES}:
            return node
        if node.op_type in MAX_POOLS or self.shapes.get(node.input[0]) == self.shape(node.output[0]):
            return helper.make_node("Identity", [node.input[0]], list(node.output))
        name = f"{node.output[0]}_shape_of_any_batch"
        constants[name] = np.asarray([0, *self.shape(node.output[0])[1:]], np.int64)
        return helper.make_node("Reshape", [node.input[0], name], list(node.output))

    def pools_before(self, tensor: str) -> list[NodeProto]:
        """Max pools of float values between `tensor` and its root."""
        return [n for n in self._nodes_between(tensor) if n.op_type in MAX_POOLS]

    def _nodes_between(self, tensor: str) -> list[NodeProto]:
        """In the order of the graph."""
        ends, wanted = self.sources(tensor), [tensor]
        found: dict[str, NodeProto] = {}
        while wanted:
            name = wanted.pop()
            node = self.views.get(name, self.producers.get(name))
            if node is not None and not {name, *node.output} & {*ends, *found}:
                found[node.output[0]] = node
                wanted += self.dynamic(node)
        return sorted(found.values(), key=lambda node: self.places[node.output[0]])

    def shape(self, tensor: str) -> tuple[int, ...]:
        """Shape of a tensor of the source graph.

        Raises:
            Unsupported: shape inference did not find it.
        """
        shape = self.shapes.get(tensor)
        if not shape or any(d <= 0 for d in shape):
            raise Unsupported(
                f"shape of {tensor} is unknown ({shape})", "export with a fixed input shape, batch size 1"
            )
        if prod(shape) > MOST_VALUES:
            raise Unsupported(
                f"{tensor} is of shape {shape}", f"keep tensors to {MOST_VALUES:,} values; more fit no chip"
            )
        return shape

    def emit(
        self,
        op: str,
        inputs: Iterable[str],
        out: IntTensor,
        origin: NodeProto,
        domain: str = "",
        **attributes: Any,
    ) -> None:
        """Add a node to the integer graph, and its output to the integer tensors."""
        name = f"{op}_{len(self.nodes)}"
        node = helper.make_node(op, list(inputs), [out.name], name=name, domain=domain, **attributes)
        node.doc_string = layer_name(origin)
        self.nodes.append(node)
        self.ints[out.name] = out

    def parameter(self, name: str, value: np.ndarray, dtype: str) -> str:
        """Add an integer parameter to the integer graph; returns its name. What indexes (INT64) is stored as int64."""
        self.initializers[name] = value.astype(np.int64 if dtype == "INT64" else np.float32)
        self.dtypes[name] = dtype
        return name

    def emit_pad(
        self, node: NodeProto, x: IntTensor, pads: Sequence[int], name: str, value: int = 0, mode: str = "constant"
    ) -> IntTensor:
        """Emit `name`: an integer around the map `x`, or less of it where pads (top, left, bottom, right) are negative.

        Args:
            node, x, pads, name, value: as above.
            mode: "reflect" or "edge" where it is pixels of the map that lie around it.

        Raises:
            Unsupported: values of -1 and +1 have no zero to be padded with.
        """
        filled = mode == "constant" and max(pads) > 0
        if x.bipolar and abs(value) != 1 and filled:
            cure = "pad a convolution by less than its kernel, or use an unsigned or wider quantizer"
            raise Unsupported("zero padding of values that are -1 or +1", cure)
        top, left, bottom, right = pads
        map_of, x = map_name(name, x.shape), self.as_map(node, x)
        n, c, h, w = x.shape
        out = replace(x, name=map_of, shape=(n, c, h + top + bottom, w + left + right))
        if filled:
            out = replace(out, low=np.minimum(x.low, value), high=np.maximum(x.high, value))
        constants = [self.parameter(f"{name}_pads", np.asarray([0, 0, top, left, 0, 0, bottom, right]), "INT64")]
        if value:
            dtype = "BIPOLAR" if x.bipolar else integer_range_dtype(min(value, 0), max(value, 0)).name
            constants.append(self.parameter(f"{name}_value", np.asarray(value), dtype))
        self.emit("Pad", [x.name, *constants], out, node, mode=mode)
        return self.from_map(node, out, name)

    def as_map(self, node: NodeProto, x: IntTensor) -> IntTensor:
        """An integer tensor as a map, which windows move over; a signal (1, C, L) gets a view of height 1, once."""
        name = map_name(x.name, x.shape)
        if name == x.name:
            return x  # as it is read, which may be on another scale than its own
        seen = self.ints[name] if name in self.ints else self._view_as(node, x, map_shape(x.shape), name)
        return replace(seen, scale=x.scale)

    def from_map(self, node: NodeProto, x: IntTensor, name: str) -> IntTensor:
        """What was made of a map, as tensor `name` of the network: without its height where that is a signal."""
        return x if x.name == name else self._view_as(node, x, (*x.shape[:2], x.shape[3]), name)

    def _view_as(self, node: NodeProto, x: IntTensor, shape: tuple[int, ...], name: str) -> IntTensor:
        constant = self.parameter(f"{name}_shape", np.asarray(shape), "INT64")
        self.emit("Reshape", [x.name, constant], replace(x, name=name, shape=shape), node)
        return self.ints[name]
