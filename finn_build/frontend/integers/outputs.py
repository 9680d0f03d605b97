"""The end of a compilation: what the host does behind each output, and the integer graph up to there."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto, TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.basic import qonnx_make_model

from finn_build.frontend.integers.compilation import Compilation
from finn_build.frontend.integers.float_chain import FloatChain
from finn_build.frontend.integers.problems import Problem, Unsupported


def tails(compilation: Compilation) -> dict[str, FloatChain]:
    """The host's part behind each output, flattening included: streams are images. Adds to the problems."""
    found = {}
    for output in (o.name for o in compilation.source.graph.output):
        try:
            found[output] = _tail(compilation, output)
        except Unsupported as problem:
            compilation.problems.append(Problem(problem.node or output, problem.why, problem.cure))
    return found


def _tail(compilation: Compilation, output: str) -> FloatChain:
    if output in compilation.constants:
        raise Unsupported("this output is a constant", "drop it from the network")
    ends = [compilation.ints[s] for s in compilation.sources(output) if s in compilation.ints]
    if any(end.points is not None for end in ends):
        raise Unsupported(
            "this output joins two tensors on two scales", "quantize it, or share one quantizer between both operands"
        )
    tail = _behind_flatten(compilation, compilation.chain(output, by_host=True))
    frames = (compilation.shapes.get(output) or (1,))[0]
    if frames != 1 or not {name for n in compilation.nodes for name in n.output} >= set(tail.sources):
        for name in (name for n in tail.nodes for name in n.output if name in compilation.on_host):
            raise compilation.on_host[name]
        why = "this output does not pass through any quantizer and layer"
        raise Unsupported(why, "drop it from the network, or quantize the image and the weights")
    return tail


def _behind_flatten(compilation: Compilation, tail: FloatChain) -> FloatChain:
    """The chain, begun before the flatten, or the view of a map as a signal, that gives a source."""
    made = {name: n for n in compilation.nodes for name in n.output if n.op_type in ("Flatten", "Reshape")}
    view = next((made[source] for source in tail.sources if source in made), None)
    if view is None:
        return tail
    image, source, constants = view.input[0], view.output[0], dict(tail.constants)
    if view.op_type == "Flatten":
        first = helper.make_node("Flatten", [image], [source], axis=1)
    else:
        constants[view.input[1]] = np.asarray([0, *compilation.ints[source].shape[1:]], np.int64)
        first = helper.make_node("Reshape", list(view.input), [source])
    found = dict.fromkeys(image if name == source else name for name in tail.sources)
    (begin, rank), *beside = ((name, len(compilation.ints[name].shape)) for name in found)
    chain = FloatChain(begin, tail.output, [first, *tail.nodes], constants, rank, tail.opset, tuple(beside))
    return _behind_flatten(compilation, chain)


def integer_graph(compilation: Compilation, found: dict[str, FloatChain]) -> ModelWrapper:
    """The integer graph from the quantized image to the sources of the tails; drops integer tensors that none needs."""
    image, ends = next(iter(compilation.ints)), list(dict.fromkeys(s for tail in found.values() for s in tail.sources))
    nodes = _live_nodes(compilation.nodes, set(ends))
    made = [name for n in nodes for name in n.output]
    ints = compilation.ints = {t: compilation.ints[t] for t in (image, *made)}
    info = {t: helper.make_tensor_value_info(t, TensorProto.FLOAT, tensor.shape) for t, tensor in ints.items()}
    inner = [info[m] for m in made if m not in ends]
    graph = helper.make_graph(nodes, "integers", [info[image]], [info[o] for o in ends], value_info=inner)
    model = ModelWrapper(qonnx_make_model(graph, opset_imports=compilation.source.model.opset_import))
    used = {name for n in nodes for name in n.input}
    for name, value in compilation.initializers.items():
        if name in used:
            model.set_initializer(name, value)
            model.set_tensor_datatype(name, DataType[compilation.dtypes[name]])
    for name, tensor in ints.items():
        model.set_tensor_datatype(name, tensor.dtype)
    return model


def _live_nodes(nodes: list[NodeProto], wanted: set[str]) -> list[NodeProto]:
    """Nodes that some wanted tensor depends on."""
    live = []
    for node in reversed(nodes):
        if wanted & set(node.output):
            live.append(node)
            wanted |= set(node.input)
    return live[::-1]
