"""ToIntegers: a float QONNX graph becomes an all-integer graph, its elementwise chains compiled into step functions.

Replaces: every quantizer with the elementwise chain before it by `MultiThreshold` (or `StepTable` where the chain is
not monotone), every convolution and dense layer by one on integer weights, transposed convolutions by those on sub-
pixels or spread images, average pools by sums, residual adds by integer adds. Tensor names stay, so that each integer
tensor can be compared with the float one it stands for.
Skips nothing: a node that cannot be built is listed as a `Problem`, and the walk goes on to find them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_node

from finn_build.frontend.integers import channels, layers, outputs, padding, pools, quantizers, reshapes, resizing
from finn_build.frontend.integers.float_chain import ELEMENTWISE_OPS, FloatChain
from finn_build.frontend.integers.layer_names import layer_name
from finn_build.frontend.integers.problems import Problem, Unsupported
from finn_build.frontend.integers.tensor import IntTensor

_QUANTIZERS = {"Quant", "IntQuant", "BipolarQuant"}
_COMPILERS: dict[str, Callable[[Compilation, NodeProto], None]] = {
    "Conv": layers.compile_conv,
    "MatMul": layers.compile_dense,
    "Gemm": layers.compile_dense,
    "ArgMax": layers.compile_arg_max,
    "MaxPool": pools.compile_max_pool,
    "GlobalMaxPool": pools.compile_max_pool,
    "AveragePool": pools.compile_average_pool,
    "GlobalAveragePool": pools.compile_average_pool,
    "ReduceMean": pools.compile_reduction,
    "ReduceSum": pools.compile_reduction,
    "Pad": padding.compile_pad,
    "Flatten": reshapes.compile_reshape,
    "Reshape": reshapes.compile_reshape,
    "Squeeze": reshapes.compile_reshape,
    "Transpose": reshapes.compile_transpose,
    "Split": channels.compile_split,
    "Slice": channels.compile_slice,
    "Gather": channels.compile_gather,
    "Concat": channels.compile_concat,
    "Resize": resizing.compile_resize,
    "Upsample": resizing.compile_resize,
    "ConvTranspose": resizing.compile_transposed_conv,
    "DepthToSpace": resizing.compile_depth_to_space,
}
_CURES = {
    "InstanceNormalization": "use batch norm",
    "LayerNormalization": "use batch norm",
    "Trunc": "use AvgPool2d and a QuantIdentity behind it instead of a truncating pool",
}
_RESHAPES = {"Flatten", "Reshape", "Squeeze", "Unsqueeze"}
_BEFORE_THE_INPUT = _RESHAPES | {"Pad", "Transpose"}  # what the host can do to the image
_BEHIND_THE_OUTPUT = _RESHAPES | {"ArgMax", "LogSoftmax", "Softmax", "Transpose"}  # what it can do to the outputs


@dataclass(frozen=True)
class IntegerNetwork:
    """The all-integer graph, and how it hangs on to the float world.

    Attributes:
        model: integer graph, NCHW, integers in float32 containers, data types annotated.
        tensors: every integer tensor by name; the names are those of the QONNX graph.
        head: float chain from the image to the first quantizer (runs on the host).
        head_quantizer: that quantizer: float32 (N, C, H, W) -> int64.
        tails: by name of network output, the float chain from the accelerator's integers to it (runs on the host).
        shapes: by name of network output, its shape for one image.
        problems: nodes that cannot be built; empty when all is well.
    """

    model: ModelWrapper
    tensors: dict[str, IntTensor]
    head: FloatChain | None
    head_quantizer: Callable[[np.ndarray], np.ndarray] | None
    tails: dict[str, FloatChain]
    shapes: dict[str, tuple[int, ...]]
    problems: list[Problem]

    def quantize_images(self, images: np.ndarray) -> np.ndarray:
        """Integers that enter the accelerator, int64 (N, C, H, W), from the network's float32 input."""
        assert self.head is not None and self.head_quantizer is not None, "checked by the pre-flight"
        return self.head_quantizer(self.head(images.astype(np.float32)))

    def to_network_output(self, name: str, ints: np.ndarray) -> np.ndarray:
        """Network output `name`, float32, from the accelerator's integers (N, C, ...)."""
        tail = self.tails[name]
        return tail(self.tensors[tail.source].to_float(ints))


def to_integers(model: ModelWrapper) -> IntegerNetwork:
    """Compile a QONNX graph (shapes inferred, constants folded) into integers.

    Args:
        model: the graph as imported; it is not changed.

    Returns:
        The integer network; `problems` lists every node that cannot be built.
    """
    return Compilation(model).run()


class Compilation:
    """State of one walk over a graph: what each tensor is, and the integer graph so far."""

    def __init__(self, model: ModelWrapper):
        self.source = model
        self.ints: dict[str, IntTensor] = {}
        self.roots: dict[str, str] = {}  # float tensor -> the integer tensor (or graph input) it is a function of
        self.constants: dict[str, np.ndarray] = {i.name: model.get_initializer(i.name) for i in model.graph.initializer}
        self.weights: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # constant -> integers, scale
        self.padded: dict[str, tuple[str, tuple[int, ...]]] = {}  # zero-padded tensor -> what is padded, pads
        self.moved: dict[str, tuple[IntTensor, np.ndarray]] = {}  # reshaped or transposed tensor -> where elements went
        self.views: dict[str, NodeProto] = {}  # tensor -> the reshape that makes it from an integer tensor
        self.on_host: dict[str, Unsupported] = {}  # only the host can make it: why the accelerator cannot
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

    def run(self) -> IntegerNetwork:
        """Walk the graph once, in topological order."""
        for node in self.source.graph.node:
            try:
                self._compile(node)
            except Unsupported as problem:
                self.problems.append(Problem(problem.node or layer_name(node), problem.why, problem.cure))
                self.broken.update(node.output)
        tails = {} if self.problems else outputs.tails(self)
        shapes = {name: tuple(self.source.get_tensor_shape(name)) for name in tails}
        return IntegerNetwork(
            outputs.integer_graph(self, tails) if not self.problems else self.source,
            self.ints, self.head, self.head_quantizer, tails, shapes, list(dict.fromkeys(self.problems)),
        )  # fmt: skip

    def _compile(self, node: NodeProto) -> None:
        dynamic = [i for i in node.input if i and i not in self.constants]
        if any(i in self.broken for i in dynamic):
            self.broken.update(node.output)
        elif not dynamic:
            self._fold(node)
        elif node.op_type in _QUANTIZERS:
            quantizers.compile_quantizer(self, node)
        elif node.op_type in _BEFORE_THE_INPUT and self.roots.get(node.input[0]) == self.image:
            self.roots[node.output[0]] = self.image
        elif node.op_type in ELEMENTWISE_OPS:
            self._elementwise(node, dynamic)
        else:
            self._layer(node)

    def _layer(self, node: NodeProto) -> None:
        """Compile a layer; what the accelerator cannot do is left to the host where the host can."""
        try:
            if node.op_type not in _COMPILERS:
                cure = f"rewrite it with elementwise ops, {', '.join(sorted(_COMPILERS))}, or leave it to the host"
                raise Unsupported(f"op {node.op_type} has no hardware", _CURES.get(node.op_type, cure))
            _COMPILERS[node.op_type](self, node)
        except Unsupported as problem:
            if node.op_type not in _BEHIND_THE_OUTPUT or self.roots.get(node.input[0], node.input[0]) not in self.ints:
                raise
            self.roots[node.output[0]] = self.root(node.input[0])
            self.on_host[node.output[0]] = Unsupported(problem.why, problem.cure, layer_name(node))

    def _fold(self, node: NodeProto) -> None:
        """Evaluate a node without dynamic inputs; keep integers and scale of quantized weights."""
        context = {i: self.constants[i] for i in node.input if i}
        if node.op_type in _QUANTIZERS:
            self.weights[node.output[0]] = quantizers.quantize_constant(node, context)
        elif node.op_type == "Transpose" and node.input[0] in self.weights:
            ints, scale = self.weights[node.input[0]]
            self.weights[node.output[0]] = ints.transpose(quantizers.attribute(node, "perm", None)), scale
        for name in node.output:  # the executor checks the shape of what it replaces
            context[name] = np.zeros(self.shape(name), np.float32)
        execute_node(node, context, self.source.graph, self.opset)
        self.constants |= {name: np.asarray(context[name]) for name in node.output}

    def _elementwise(self, node: NodeProto, dynamic: list[str]) -> None:
        roots = {self.root(i) for i in dynamic}
        if len(roots) == 1:
            self.roots[node.output[0]] = roots.pop()
        elif node.op_type == "Add" and len(dynamic) == 2:
            layers.compile_add(self, node)
        else:
            raise Unsupported(
                f"{node.op_type} joins {len(roots)} independent tensors",
                "only Add can join two tensors; quantize the result of everything else on each branch first",
            )

    def root(self, tensor: str) -> str:
        """The integer tensor (or the graph input) that `tensor` is an elementwise function of.

        Raises:
            Unsupported: it is zero-padded, and no zero is among its values.
        """
        self._pad(tensor)
        return tensor if tensor in self.ints else self.roots[tensor]

    def unpadded(self, tensor: str) -> tuple[str, tuple[int, ...]]:
        """What a zero-padded tensor pads, and its pads (top, left, bottom, right); itself and zeros if it is none."""
        return self.padded.get(tensor, (tensor, (0, 0, 0, 0)))

    def _pad(self, tensor: str) -> None:
        """Make zero padding that no window takes in."""
        if tensor in self.padded and tensor not in self.ints:
            source, pads = self.padded[tensor]
            x = self.integer_input(source, "the input of the padding")
            padding.emit_pad(self, self.source.find_producer(tensor), x, pads, tensor)

    def view(self, tensor: str, of: str) -> None:
        """Note that a tensor is another in its own shape."""
        self.views[tensor] = helper.make_node("Reshape", [of, ""], [tensor])
        self.roots[tensor] = of

    def as_integers(self, tensor: str) -> IntTensor | None:
        """The integer tensor that `tensor` is, or is a scaled version of; None where it is a float tensor."""
        return self.ints[tensor] if tensor in self.ints else quantizers.as_scaled(self, tensor)

    def integer_input(self, tensor: str, why: str) -> IntTensor:
        """The integer tensor behind an input that has to be quantized.

        Raises:
            Unsupported: the input is a float tensor that is not an integer tensor times one scale.
        """
        self._pad(tensor)
        found = self.as_integers(tensor)
        if found is None:
            raise Unsupported(
                f"{why} ({tensor}) is not quantized",
                "put a QuantIdentity (quantizer with a power-of-two scale) before it",
            )
        return found

    def chain(self, tensor: str, by_host: bool = False) -> FloatChain:
        """The nodes between `tensor` and its root; a max pool among them counts as the identity.

        Raises:
            Unsupported: there are nodes for the host among them, and it is not the host that computes the chain.
        """
        root, nodes = self.root(tensor), self._nodes_between(tensor)
        for node in nodes:
            if node.output[0] in self.on_host and not by_host:
                raise self.on_host[node.output[0]]
        constants: dict[str, np.ndarray] = {}
        nodes = [self._for_any_batch(n, constants) for n in nodes]
        constants |= {i: self.constants[i] for n in nodes for i in n.input if i in self.constants}
        rank = len(self.ints[root].shape) if root in self.ints else len(self.shape(root))
        return FloatChain(root, tensor, nodes, constants, rank, self.opset)

    def _for_any_batch(self, node: NodeProto, constants: dict[str, np.ndarray]) -> NodeProto:
        """A reshape freed of its constant batch size; a max pool of float values as the identity."""
        if node.op_type == "MaxPool":
            return helper.make_node("Identity", [node.input[0]], list(node.output))
        if node.op_type not in _RESHAPES:
            return node
        name = f"{node.output[0]}_shape_of_any_batch"
        constants[name] = np.asarray([0, *self.shape(node.output[0])[1:]], np.int64)
        return helper.make_node("Reshape", [node.input[0], name], list(node.output))

    def pools_before(self, tensor: str) -> list[NodeProto]:
        """Max pools of float values between `tensor` and its root."""
        return [n for n in self._nodes_between(tensor) if n.op_type == "MaxPool"]

    def _nodes_between(self, tensor: str) -> list[NodeProto]:
        root, wanted, nodes = self.root(tensor), {tensor}, []
        for node in (self.views.get(n.output[0], n) for n in reversed(self.source.graph.node)):
            if wanted & set(node.output) and root not in node.output:
                nodes.append(node)
                wanted |= {i for i in node.input if i and i not in self.constants} - {root}
        return nodes[::-1]

    def shape(self, tensor: str) -> tuple[int, ...]:
        """Shape of a tensor of the source graph.

        Raises:
            Unsupported: shape inference did not find it.
        """
        shape = self.source.get_tensor_shape(tensor)
        if not shape or any(d <= 0 for d in shape):
            raise Unsupported(
                f"shape of {tensor} is unknown ({shape})", "export with a fixed input shape, batch size 1"
            )
        return tuple(shape)

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
