"""ToIntegers: a float QONNX graph becomes an all-integer graph, its elementwise chains compiled into step functions.

Replaces: every quantizer with the elementwise chain before it by `MultiThreshold` (or `StepTable` where the chain is
not monotone), every convolution and dense layer by one on integer weights, transposed convolutions by those on sub-
pixels or spread images, average pools by sums, residual adds by integer adds. Tensor names stay, so that each integer
tensor can be compared with the float one it stands for.
Skips nothing: a node that cannot be built is listed as a `Problem`, and the walk goes on to find them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_node

from finn_build.errors import UnsupportedModelError
from finn_build.frontend.integers.compilation import WEIGHTED, Compilation
from finn_build.frontend.integers.float_chain import ELEMENTWISE_OPS, MOVES, FloatChain
from finn_build.frontend.integers.host import STANDARD, layers_of_the_host, leave_to_host
from finn_build.frontend.integers.layer_names import layer_name
from finn_build.frontend.integers.layers import require_windows_within
from finn_build.frontend.integers.levels import give_levels
from finn_build.frontend.integers.outputs import integer_graph, tails
from finn_build.frontend.integers.pairs import one_origin
from finn_build.frontend.integers.problems import Problem, Unsupported
from finn_build.frontend.integers.quantizer import QUANTIZERS, attribute, quantize_constant
from finn_build.frontend.integers.registry import COMPILERS
from finn_build.frontend.integers.reshapes import quantize_moved
from finn_build.frontend.integers.tensor import IntTensor, full_range
from finn_build.frontend.integers.unquantized import BY_OTHERS, not_quantized
from finn_build.frontend.onnx_file import first_line

_RECURRENT = ("GRU", "LSTM", "RNN")
_ON_HOST = "leave it in float behind the last quantized layer, for the host"
_CURES = dict.fromkeys(
    ("InstanceNormalization", "LayerNormalization"), f"use batch norm, or {_ON_HOST}"
) | dict.fromkeys(_RECURRENT, f"use dilated convolutions over one dimension, or {_ON_HOST}")
_CURES |= BY_OTHERS
_MOST = 1 << 24  # channels of a tensor that is assumed
_ASSUMED = -8, 7  # range of what a node that cannot be built would give, to look at the nodes behind it


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
        of_the_host: layers that the host computes although they are quantized, and why.
    """

    model: ModelWrapper
    tensors: dict[str, IntTensor]
    head: FloatChain | None
    head_quantizer: Callable[[np.ndarray], np.ndarray] | None
    tails: dict[str, FloatChain]
    shapes: dict[str, tuple[int, ...]]
    problems: list[Problem]
    of_the_host: str = ""

    def quantize_images(self, images: np.ndarray) -> np.ndarray:
        """Integers that enter the accelerator, int64 (N, C, H, W), from the network's float32 input.

        Raises:
            UnsupportedModelError: what the host computes of these images is no number.
        """
        assert self.head is not None and self.head_quantizer is not None, "checked by the pre-flight"
        try:
            return self.head_quantizer(self.head(images.astype(np.float32)))
        except Unsupported as problem:
            raise UnsupportedModelError(f"the image's quantizer: {problem.why}; {problem.cure}") from problem

    def to_network_output(self, name: str, ints: np.ndarray | Mapping[str, np.ndarray]) -> np.ndarray:
        """Network output `name`, float32, from the accelerator's integers (N, C, ...); by tensor if from several."""
        tail = self.tails[name]
        given = ints if isinstance(ints, Mapping) else {tail.source: ints}
        return tail(*(self.tensors[source].to_float(given[source]) for source in tail.sources))


def to_integers(model: ModelWrapper) -> IntegerNetwork:
    """Compile a QONNX graph (shapes inferred, constants folded) into integers.

    Where it cannot be built it is walked again: what has no hardware is the host's, and so is all that is behind it.

    Args:
        model: the graph as imported; it is not changed.

    Returns:
        The integer network; `problems` lists every node that cannot be built.
    """
    compilation = Compilation(model)
    network, left = _walk(compilation), compilation.undecided
    while network.problems:
        compilation = Compilation(model, left)
        found = _walk(compilation)
        if not found.problems:
            return found
        if compilation.undecided.keys() <= left.keys():
            break
        left = left | compilation.undecided
    return network


def _walk(compilation: Compilation) -> IntegerNetwork:
    """Walk the graph once, in topological order."""
    for node in compilation.source.graph.node:
        _attempt(compilation, node)
    of_the_host = layers_of_the_host(compilation)
    found = {} if compilation.problems else tails(compilation)
    model = compilation.source if compilation.problems else integer_graph(compilation, found)
    shapes = {name: compilation.shapes[name] for name in found}
    found_once = not_quantized(compilation) if compilation.problems else []
    problems = found_once or list(dict.fromkeys(compilation.problems))
    head, quantizer = compilation.head, compilation.head_quantizer
    network = IntegerNetwork(model, compilation.ints, head, quantizer, found, shapes, problems, of_the_host)
    if not problems:
        problems += _without_room(network) or _of_the_host(network, compilation)
    return network


def _without_room(network: IntegerNetwork) -> list[Problem]:
    why, cure = "its scale is {:g}, where float32 rounds or has an end", "use scales of 2^-100 to 2^100"
    return [Problem(t.name, why.format(t.scale.max()), cure) for t in network.tensors.values() if not t.has_room]


def _of_the_host(network: IntegerNetwork, compilation: Compilation) -> list[Problem]:
    """Why the host cannot compute its parts, of one black frame and of the least integers there are."""
    found = []
    black = np.zeros(compilation.source.get_tensor_shape(compilation.image), np.float32)
    parts: dict[str, Callable[[], np.ndarray]] = {compilation.image: lambda: network.quantize_images(black)}
    for output, tail in network.tails.items():
        least = {
            name: np.broadcast_to(t.low.reshape(1, -1, *(1,) * (len(t.shape) - 2)), t.shape)
            for name, t in network.tensors.items() if name in tail.sources
        }  # fmt: skip
        parts[output] = partial(network.to_network_output, output, least)
    for name, compute in parts.items():
        try:
            with np.errstate(all="ignore"):
                compute()
            if not network.shapes.get(name, True):
                raise ValueError("its shape, (N, ...), cannot be inferred")
        except UnsupportedModelError:  # of black alone, it may be
            pass
        except Exception as error:  # of ONNX Runtime or NumPy, by many types
            why = f"the host cannot compute its part ({type(error).__name__}: {first_line(error)})"
            found.append(Problem(name, why, "mend what comes before the first quantizer, or behind the last layer"))
    return found


def _attempt(compilation: Compilation, node: NodeProto) -> None:
    """Compile a node, or list why it cannot be and go on as if it could, so that all that follows is looked at too."""
    try:
        _compile(compilation, node)
        return
    except Unsupported as problem:
        found = Problem(problem.node or layer_name(node), problem.why, _cure(compilation, problem))
        compilation.problems.append(found)
        if compilation.on_host.pop(problem.tensor, None):  # of a node before this one
            _assume(compilation, problem.tensor)
            return _attempt(compilation, node)
    except Exception as error:  # what no rule foresees is listed with the rest, never a traceback
        why = f"a {node.op_type} that cannot be evaluated ({type(error).__name__}: {first_line(error)})"
        if not compilation.problems:  # else it may be what was assumed of tensors that cannot be made
            compilation.problems.append(Problem(layer_name(node), why, "export the network again"))
    for name in filter(None, node.output):
        if compilation.dynamic(node):
            _assume(compilation, name)
        else:
            compilation.broken.add(name)


def _cure(compilation: Compilation, problem: Unsupported) -> str:
    """The cure; where it is the host's work, how the quantizer that writes such files is told so."""
    written = any(n.op_type == "QuantizeLinear" for n in compilation.source.graph.node)
    if not written or "host" not in problem.cure:
        return problem.cure
    return (
        f"{problem.cure}; with ONNX Runtime's static quantization list it, and what is behind it, in nodes_to_exclude"
    )


def _assume(compilation: Compilation, name: str) -> None:
    """Take a tensor that cannot be made for integers of its shape, where that is known."""
    shape = compilation.source.get_tensor_shape(name)
    if (
        compilation.roots.get(name) == compilation.image
        or len(shape or ()) < 2
        or shape[0] != 1
        or min(shape) < 1
        or shape[1] > _MOST
    ):
        compilation.broken.add(name)
        return
    low, high = full_range(shape[1], *_ASSUMED)
    compilation.ints[name] = IntTensor(name, tuple(shape), np.asarray(1, np.float32), low, high)
    behind = {name}
    for node in compilation.source.graph.node:  # what was a function of its source is one of it
        made = [out for out in node.output if out in compilation.roots and out not in compilation.ints]
        if made and behind & set(node.input):
            compilation.roots |= dict.fromkeys(made, name)
            behind |= set(made)


def _compile(compilation: Compilation, node: NodeProto) -> None:
    dynamic = compilation.dynamic(node)
    if any(i in compilation.broken for i in dynamic):
        compilation.broken.update(node.output)
        return
    require_windows_within(compilation, node)
    if not dynamic:
        _fold(compilation, node)
    elif parts := _parts_in_the_batch(compilation, node):
        known = next((compilation.on_host[i] for i in dynamic if i in compilation.on_host), None)
        leave_to_host(compilation, node, known or _apart(compilation, node, parts))
    elif known := next((compilation.on_host[i] for i in dynamic if i in compilation.several), None):
        leave_to_host(compilation, node, known)
    elif compilation.left and node.output[0] in compilation.left:
        leave_to_host(compilation, node, compilation.left[node.output[0]])
    elif node.op_type in QUANTIZERS:
        _quantizer(compilation, node)
    elif node.op_type not in WEIGHTED and node.domain in STANDARD and _of_the_image(compilation, dynamic):
        compilation.roots |= dict.fromkeys(filter(None, node.output), compilation.image)
    elif node.op_type in ELEMENTWISE_OPS:
        _elementwise(compilation, node, dynamic)
    else:
        _layer(compilation, node)


def _of_the_image(compilation: Compilation, tensors: list[str]) -> bool:
    """Whether the host makes all of them, before the first quantizer."""
    return all(compilation.roots.get(name) == compilation.image and name not in compilation.ints for name in tensors)


def _parts_in_the_batch(compilation: Compilation, node: NodeProto) -> int:
    """Of how many parts of the frame the batch of a node's output consists, 0 where it is the frame.

    What only the host makes may be of one dimension.
    """
    shapes = [compilation.shapes.get(name) or (1,) for name in node.output]
    return next((s[0] for s in shapes if len(s) > 1 and s[0] != 1), 0)


def _apart(compilation: Compilation, node: NodeProto, parts: int) -> Unsupported:
    """Why a frame's parts cannot be a batch: most often a recurrent layer wants them so."""
    behind = set(node.output)
    for reader in (node, *compilation.source.graph.node):
        if reader.op_type in _RECURRENT and (reader is node or behind & set(reader.input)):
            return Unsupported(f"op {reader.op_type} has no hardware", _CURES[reader.op_type], layer_name(reader))
        if behind & set(reader.input) and _parts_in_the_batch(compilation, reader):
            behind |= set(reader.output)
    return Unsupported(
        f"{node.op_type} makes a batch of {parts} of one frame's parts",
        "keep frames apart: reshape to (x.shape[0], ...), not to (-1, ...), and leave dimension 0 in its place",
    )


def _quantizer(compilation: Compilation, node: NodeProto) -> None:
    """Compile a quantizer; behind what only the host can make it is the host's too, where ONNX Runtime knows it.

    One of QONNX only there: that a layer's sums cannot be quantized, for one as no numbers are among them, stays said.
    """
    try:
        COMPILERS[node.op_type](compilation, node)
    except Unsupported as problem:
        standard = node.domain in STANDARD and compilation.left is not None
        if not standard and problem.tensor not in compilation.on_host:
            raise
        leave_to_host(compilation, node, problem)
        quantize_moved(compilation, node)


def _layer(compilation: Compilation, node: NodeProto) -> None:
    """Compile a layer; what the accelerator cannot do is left to the host where the host can."""
    try:
        if node.op_type not in COMPILERS:
            layers = sorted(set(COMPILERS) - QUANTIZERS - set(ELEMENTWISE_OPS))
            cure = f"end the quantized part before it, so that the host runs it, or use {', '.join(layers)}"
            raise Unsupported(f"op {node.op_type} has no hardware", _CURES.get(node.op_type, cure))
        give_levels(compilation, node)
        COMPILERS[node.op_type](compilation, node)
    except Unsupported as problem:
        leave_to_host(compilation, node, _moved_for(compilation, node) or problem)


def _moved_for(compilation: Compilation, node: NodeProto) -> Unsupported | None:
    """What a move is made for, where that has no hardware: a group norm, not the reshape before it."""
    if node.op_type not in MOVES:
        return None
    readers = (n for n in compilation.source.graph.node if set(node.output) & set(n.input) and n.op_type in _CURES)
    for reader in readers:
        return Unsupported(f"op {reader.op_type} has no hardware", _CURES[reader.op_type], layer_name(reader))
    return None


def _fold(compilation: Compilation, node: NodeProto) -> None:
    """Evaluate a node without dynamic inputs; keep integers and scale of quantized weights."""
    context = {i: compilation.constants[i] for i in node.input if i}
    if node.op_type in QUANTIZERS:
        ints, scale, floats = map(np.asarray, quantize_constant(node, context, compilation.source))  # of scalars too
        compilation.weights[node.output[0]], compilation.constants[node.output[0]] = (ints, scale), floats
        return
    if node.op_type == "Transpose" and node.input[0] in compilation.weights:
        ints, scale = compilation.weights[node.input[0]]
        perm = attribute(node, "perm", None)
        compilation.weights[node.output[0]] = ints.transpose(perm), scale.transpose(perm) if scale.ndim else scale
    for name in node.output:  # the executor checks the shape of what it replaces
        context[name] = np.zeros(compilation.shapes.get(name, ()), np.float32)
    execute_node(node, context, compilation.source.graph, compilation.opset)
    compilation.constants |= {name: np.asarray(context[name]) for name in node.output}


def _elementwise(compilation: Compilation, node: NodeProto, dynamic: list[str]) -> None:
    roots = {(compilation.root(i), *(pool.output[0] for pool in compilation.pools_before(i))) for i in dynamic}
    if len(roots) == 1:
        compilation.roots[node.output[0]] = roots.pop()[0]
    elif origin := one_origin(compilation, node):
        compilation.roots[node.output[0]] = origin
    elif node.op_type in COMPILERS and len(dynamic) == 2:
        _layer(compilation, node)
    else:
        why = f"{node.op_type} joins {len(roots)} independent tensors"
        problem = Unsupported(why, "Add, Sub, Mul, Div, Max, Min and Pow join two tensors; write it with these")
        if compilation.left is None:
            raise problem
        leave_to_host(compilation, node, problem)
