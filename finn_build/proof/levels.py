"""Values of one network at every level below the stitched simulation, as channels-last integers."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
from onnx import GraphProto, NodeProto, ValueInfoProto
from onnx.reference import ReferenceEvaluator
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_node, execute_onnx
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.ops.base import DOMAIN, StreamOp, Trait, traits_of
from finn_build.dataflow.passes.lower_to_streams import CHANNEL_ORDER
from finn_build.frontend.integers import IntegerNetwork
from finn_build.frontend.integers.quantizer import QUANTIZERS, attribute, own_rounding, quantize_constant
from finn_build.processes import Progress
from finn_build.proof.gate import Tap

_FLOATS, _COMPARED = "output {}", "output {}, channels last"
FLOAT_NOISE = 1e-4  # of a float output's largest number, where its sums are rounded
Values = dict[str, np.ndarray]


def channels_last(values: np.ndarray, labels: bool = False) -> np.ndarray:
    """(N, C, ...) to (N, ..., C); `labels` of images (N,) or pixels (N, H, W) become one channel."""
    return values[..., None] if labels and values.ndim in (1, 3) else np.moveaxis(values, 1, -1)


def compact(values: np.ndarray) -> np.ndarray:
    """Whole numbers in the smallest signed type that holds them: windows of a large image fill the memory otherwise."""
    ends = int(values.min()), int(values.max())
    smallest = next(t for t in (np.int8, np.int16, np.int32, np.int64) if max(-ends[0] - 1, ends[1]) <= np.iinfo(t).max)
    return values.astype(smallest)


def integers_of(network: IntegerNetwork, name: str, floats: np.ndarray, reference: Values | None) -> np.ndarray:
    """A tensor's integers, channels last, of its floats; sums that float32 rounds are those of the reference."""
    near = (reference or {}).get(name)
    return channels_last(network.tensors[name].to_ints(floats, None if near is None else np.moveaxis(near, -1, 1)))


def qonnx_values(model: ModelWrapper, network: IntegerNetwork, images: np.ndarray, progress: Progress) -> Values:
    """Level 1: every integer tensor as QONNX's executor computes it, and the network's outputs."""
    frames: list[Values] = []
    for index, image in enumerate(images):
        context = _execute_qonnx(model, network, image[None])
        known = {n: t for n, t in network.tensors.items() if context.get(n) is not None and t.points is None}
        values = {n: t.to_ints(context[n]) for n, t in known.items()}
        frames.append({n: channels_last(v) for n, v in values.items()})
        for name in network.tails:
            frames[-1] |= output_of(network, name, context[name])
        progress((index + 1) / len(images))
    return {name: np.concatenate([f[name] for f in frames]) for name in frames[0]}


def _execute_qonnx(model: ModelWrapper, network: IntegerNetwork, image: np.ndarray) -> dict[str, np.ndarray]:
    """Execute node by node.

    A sum of multiples of a scale that is no power of two carries rounding noise, which depends on the order of the
    sum: a value on the edge between two levels would fall to either side. So each such sum goes on as the integer that
    it stands for, times the scale. One so wide that float32 does not say which is computed in float64.
    """
    context = model.make_empty_exec_context() | {model.graph.input[0].name: image}
    opset = next(o.version for o in model.model.opset_import if o.domain in ("", "ai.onnx"))
    weights: Values = {}
    known = {value.name: value for value in (*model.graph.input, *model.graph.output, *model.graph.value_info)}
    for node in model.graph.node:
        if own_rounding(node):
            context[node.output[0]] = quantize_constant(node, context, model)[2]
        elif any(name in network.tensors and network.tensors[name].wide for name in node.output):
            weights = weights or _exact_weights(model)
            given = {name: _in_float64(name, context, weights, network) for name in node.input if name}
            context |= zip(node.output, ReferenceEvaluator(node, opsets={"": opset}).run(None, given), strict=True)
        else:
            execute_node(node, context, surroundings(node, known), opset)
        for name in node.output:
            tensor = network.tensors.get(name)
            if tensor is not None and (not tensor.exact or tensor.points is not None):
                context[name] = tensor.of_integers(context[name]).reshape(context[name].shape)
    for node in network.model.graph.node:  # a reduction to (N, C) has no map of one pixel in the QONNX graph
        if node.op_type in ("Flatten", "Reshape") and node.input[0] not in context and node.output[0] in context:
            context[node.input[0]] = context[node.output[0]].reshape(network.tensors[node.input[0]].shape)
    return context


def _exact_weights(model: ModelWrapper) -> Values:
    """Weights behind a quantizer, and these transposed: integers times their scale, float64."""
    constants = {i.name: model.get_initializer(i.name) for i in model.graph.initializer}
    found: Values = {}
    for node in model.graph.node:
        if node.op_type in QUANTIZERS and node.input[0] in constants:
            ints, scale, _ = quantize_constant(node, constants, model)
            found[node.output[0]] = ints * np.float64(scale)
        elif node.op_type == "Transpose" and node.input[0] in found:
            found[node.output[0]] = found[node.input[0]].transpose(attribute(node, "perm", None))
    return found


def _in_float64(name: str, context: Values, weights: Values, network: IntegerNetwork) -> np.ndarray:
    """A tensor, or weights, with no rounding of a scale in its values."""
    tensor = network.tensors.get(name)
    if tensor is None or tensor.exact or tensor.points is not None:
        return weights[name] if name in weights else context[name].astype(np.float64)
    return tensor.to_float(tensor.to_ints(context[name]), np.float64)


def surroundings(node: NodeProto, known: Mapping[str, ValueInfoProto]) -> GraphProto:
    """What the executor looks up of a graph for one node: it reads through all tensors of what it is given."""
    names = {name for name in (*node.input, *node.output) if name in known}
    return GraphProto(value_info=[known[name] for name in sorted(names)])


def stream_values(streams: ModelWrapper, ints: np.ndarray, progress: Progress) -> Values:
    """Level 2: every stream of the hardware graph, executed in NumPy integers, [frames, *stream shape].

    Args:
        streams: the dataflow graph.
        ints: int64 [frames, C, H, W], the accelerator's input.
        progress: called with the fraction done.
    """
    image = streams.graph.input[0].name
    ours = any(n.domain == DOMAIN and isinstance(getCustomOp(n), StreamOp) for n in streams.graph.node)
    channels_first = not ours  # FINN's graphs keep NCHW outside
    outside = {image, *(value.name for value in streams.graph.output)}
    parameters = {i.name for i in streams.graph.initializer}
    frames = []
    for index, frame in enumerate(ints.astype(np.float32)):
        frame = frame if channels_first else np.moveaxis(frame, 0, -1)
        context = execute_onnx(streams, {image: frame[None]}, return_full_exec_context=True)
        found = {n: compact(v) for n, v in context.items() if n and n not in parameters}
        frames.append(found | {n: channels_last(found[n]) for n in outside if channels_first and found[n].ndim == 4})
        progress((index + 1) / len(ints))
    return {name: np.concatenate([f[name] for f in frames]) for name in frames[0]}


def decoded(values: Values, streams: ModelWrapper, integers: ModelWrapper) -> Values:
    """Values with -1 for 0 where FINN's XNOR layers keep a bipolar tensor of the integer graph as bits."""
    known = {name for node in integers.graph.node for name in node.output} & set(values)
    types = (streams.get_tensor_datatype, integers.get_tensor_datatype)
    bits = [n for n in known if tuple(of(n) for of in types) == (DataType["BINARY"], DataType["BIPOLAR"])]
    return values | {name: 2 * values[name] - 1 for name in bits}


def channel_orders(streams: ModelWrapper) -> dict[str, list[int]]:
    """Logical channel at each position of every stream where that is not 0, 1, 2, ...; copies are as what they copy.

    A part of a stream has the channels of the tensor that it is a part of.
    """
    recorded = json.loads(streams.get_metadata_prop(CHANNEL_ORDER) or "{}")
    orders: dict[str, list[int]] = {}
    for node in streams.graph.node:
        copied = orders.get(node.input[0]) if Trait.COPIES in traits_of(node) else None
        for name in node.output:
            order = copied or recorded.get(name)
            if order is not None:
                orders[name] = order
    return orders


def output_values(network: IntegerNetwork, values: Values) -> Values:
    """Network outputs that follow from the accelerator's integers, for the levels that have those only."""
    ints = {
        name: {source: np.moveaxis(values[source], -1, 1) for source in tail.sources}
        for name, tail in network.tails.items()
        if values.keys() >= set(tail.sources)
    }
    return {k: v for n, i in ints.items() for k, v in output_of(network, n, network.to_network_output(n, i)).items()}


def network_output(values: Values, name: str) -> np.ndarray:
    """Output `name` of the network at one level, as the network gives it."""
    return values[_FLOATS.format(name)]


def taps(streams: ModelWrapper, integers: IntegerNetwork) -> list[Tap]:
    """Every stream in dataflow order, then the network's outputs."""
    listed = [Tap(streams.graph.input[0].name, "host", "input quantizer")]
    orders = channel_orders(streams)
    listed += [Tap(t, n.name, n.doc_string, orders.get(t, ())) for n in streams.graph.node for t in n.output]
    return listed + output_taps(integers)


def output_taps(network: IntegerNetwork) -> list[Tap]:
    """Where the network's outputs are compared: their integers, or their floats behind a float tail.

    With a scale that is no power of two sums carry rounding noise, of 1e-6 of the largest, which a tail may enlarge.
    """
    taps = []
    for name, tail in network.tails.items():
        if not tail.nodes:
            taps.append(Tap(tail.source, "host", name))
        else:
            noise = 0.0 if all(network.tensors[source].exact for source in tail.sources) else FLOAT_NOISE
            taps.append(Tap(_COMPARED.format(name), "host", name, rounded=tail.rounded, noise=noise))
    return taps


def output_of(network: IntegerNetwork, name: str, floats: np.ndarray, reference: Values | None = None) -> Values:
    """An output of the network as it is, and as it is compared; sums that float32 rounds as the reference has them."""
    tail = network.tails[name]
    if not tail.nodes:
        compared = {tail.source: integers_of(network, tail.source, floats, reference)}
    else:
        compared = {_COMPARED.format(name): channels_last(floats, labels=True)}
    return {_FLOATS.format(name): floats, **compared}
