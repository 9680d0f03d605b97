"""Quantizers: the chain before one, and the quantizer itself, become a step function on integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from onnx import NodeProto, helper
from qonnx.core.datatype import DataType

from finn_build.arithmetic.step_function import StepFunction, compile_steps
from finn_build.frontend.integers import pools
from finn_build.frontend.integers.compilation import MAX_EVALUATIONS, Compilation
from finn_build.frontend.integers.enclosure import enclosing, rises
from finn_build.frontend.integers.float_chain import FloatChain
from finn_build.frontend.integers.layer_names import layer_name
from finn_build.frontend.integers.layers import attributes
from finn_build.frontend.integers.nodes import DOMAIN
from finn_build.frontend.integers.problems import Unsupported
from finn_build.frontend.integers.quantizer import QUANTIZERS, Quantizer, read_quantizer
from finn_build.frontend.integers.registry import compiles
from finn_build.frontend.integers.tensor import IntTensor, full_range, in_float32

MAX_STEPS = 1023  # thresholds per channel the hardware takes: 8-bit activations, dips included
_MOST_ONE_BY_ONE = 1 << 20  # integers times channels that are evaluated with no thought of halving their range
_MOST_TOGETHER = 1 << 24  # that are looked at all together, for ties and for order
_TOLD_APART = "signflow.taps"  # in files of finn_build.frontend.export, where a BipolarQuant is one
_NEVER_NEGATIVE = {"Abs", "Exp", "HardSigmoid", "Relu", "Sigmoid", "Softplus"}
_ONLY_PLUS = (
    "a BipolarQuant of what is never negative, +1 whatever comes; Brevitas' exporter writes a QuantReLU of 1 bit so, "
    "which gives 0 and 1 in PyTorch",
    "use SignedBinaryActPerTensorConst without the ReLU, two bits, or finn_build.frontend.export",
)


@compiles(*QUANTIZERS)
def compile_quantizer(compilation: Compilation, node: NodeProto) -> None:
    """Turn a quantizer and the float chain before it into `MultiThreshold` or `StepTable`.

    Where that is what another quantizer computes already, or where it changes no integer, its output is another name.
    """
    quantizer = read_quantizer(node, compilation.constants, compilation.source)
    source, out_name = node.input[0], node.output[0]
    shape, root, chain = compilation.shape(source), compilation.root(source), compilation.chain(source)
    pools = [str(helper.make_node(n.op_type, [], [], **attributes(n))) for n in compilation.pools_before(source)]
    given = [compilation.constants[i].tobytes() for i in node.input[1:] if i]
    key = (chain.key, *pools, *given, *map(str, node.attribute))
    if key in compilation.quantized and not quantizer.bipolar:  # a sign costs nothing inside the convolution it is for
        compilation.view(out_name, compilation.quantized[key])
        return
    low, high = full_range(shape[1], quantizer.low, quantizer.high)
    out = IntTensor(out_name, shape, quantizer.channel_scale, low, high, bipolar=quantizer.bipolar)
    if root == compilation.image:
        if compilation.head is not None:
            why = f"the image passes through a second quantizer, other than {next(iter(compilation.ints))}"
            cure = (
                "quantize the image once, and fork after it; with ONNX Runtime's static quantization list slices and "
            )
            raise Unsupported(
                why,
                f"{cure}joins before the first layer in nodes_to_exclude, or, where each "
                "branch reads a slice of its own, give extra_options={'ForceQuantizeNoInputCheck': True}",
            )
        compilation.head, compilation.head_quantizer = chain, quantizer
        if any(n.op_type in _NEVER_NEGATIVE for n in chain.nodes[-1:]):
            _require_told(compilation, quantizer)
        compilation.ints[out_name] = out
    else:
        _compile_activation(compilation, node, root, out, quantizer)
    compilation.quantized[key] = out_name


def _compile_activation(
    compilation: Compilation, node: NodeProto, root: str, out: IntTensor, quantizer: Quantizer
) -> None:
    source = node.input[0]
    waiting = compilation.pools_before(source)
    if not waiting:
        emit_steps(compilation, node, node.input[0], root, out, quantizer)
        return
    _require_order_kept(compilation, source, waiting, quantizer)
    before = replace(out, name=f"{out.name}_before_pool", shape=compilation.ints[root].shape)
    emit_steps(compilation, node, node.input[0], root, before, quantizer)
    pools.emit_max_pool(compilation, waiting[0], compilation.ints[before.name], out.name)


def _require_order_kept(compilation: Compilation, source: str, waiting: list[NodeProto], quantizer: Quantizer) -> None:
    """A quantizer may move before a max pool when nothing between them turns the order of values round.

    Raises:
        Unsupported: there are several pools, or the order is not kept somewhere on the range.
    """
    cure = "put the quantizer directly before the max pool"
    if len(waiting) > 1:
        raise Unsupported("several max pools before one quantizer", cure)
    origin, chain = compilation.ints[compilation.root(source)], compilation.chain(source)
    before = compilation.chain(waiting[0].input[0])
    made = {n.output[0] for n in before.nodes} | {waiting[0].output[0]}  # the pool itself counts as the identity
    if rises((n for n in chain.nodes if n.output[0] not in made), chain.constants):
        return
    if origin.evaluations > _MOST_TOGETHER:
        raise Unsupported(
            f"what lies between the max pool and its quantizer, of a range as wide as {origin.name}'s", cure
        )
    ints = origin.every_integer()
    pooled = before.by_channel(origin.to_float(ints))
    levels = quantizer(chain.by_channel(origin.to_float(ints)))
    order = np.argsort(pooled, axis=0, kind="stable")
    if np.any(np.diff(np.take_along_axis(levels, order, axis=0), axis=0) < 0):
        raise Unsupported("what lies between the max pool and its quantizer falls somewhere", cure)


def emit_steps(
    compilation: Compilation, node: NodeProto, source: str, root: str, out: IntTensor, quantizer: Quantizer
) -> None:
    """Emit the step function from integer tensor `root` by the float tensor `source` and a quantizer to `out`."""
    origin = compilation.ints[root]
    if _changes_nothing(compilation, source, origin, out, quantizer):
        compilation.view(out.name, root)
        return
    steps = _compile_steps(compilation, source, origin, quantizer)
    if not out.bipolar:  # the levels that really occur; a ReLU in front makes a signed quantizer's unsigned
        low, high = full_range(out.channels, *steps.levels)
        out = replace(out, low=low, high=high)
    if out.shape != origin.shape:  # the chain only dropped the 1x1 of a pooled map; checked by compile_reshape
        flat = replace(origin, name=f"{root}_flat_for_{out.name}", shape=out.shape)
        compilation.emit("Flatten", [root], flat, node, axis=1)
        root = flat.name
    limits = in_float32(steps.thresholds)
    thresholds = compilation.parameter(f"{out.name}_thresholds", limits, _dtype_of(limits))
    dtype = str(out.dtype.name)
    if steps.table is None:
        scale, bias = (2.0, -1.0) if out.bipolar else (1.0, float(steps.bias))
        layout = {4: "NCHW", 3: "NCW"}.get(len(out.shape), "NC")
        attributes = {"out_dtype": dtype, "out_scale": scale, "out_bias": bias, "data_layout": layout}
        compilation.emit("MultiThreshold", [root, thresholds], out, node, "qonnx.custom_op.general", **attributes)
        return
    table = compilation.parameter(f"{out.name}_table", steps.table * 2 - 1 if out.bipolar else steps.table, dtype)
    compilation.emit("StepTable", [root, thresholds, table], out, node, DOMAIN, out_dtype=dtype)


def _changes_nothing(
    compilation: Compilation, source: str, origin: IntTensor, out: IntTensor, quantizer: Quantizer
) -> bool:
    """Whether a quantizer gives every integer of a tensor as it is, on the tensor's own scale."""
    fits = np.min(quantizer.low) <= origin.low.min() and origin.high.max() <= np.max(quantizer.high)
    alike = (out.shape, out.divisor, out.bipolar) == (origin.shape, origin.divisor, origin.bipolar)
    if not (fits and alike and np.all(out.scale == origin.scale)):
        return False
    ints = origin.every_integer() if not origin.bipolar else np.array([[-1], [1]]).repeat(origin.channels, axis=1)
    return np.array_equal(quantizer(compilation.chain(source).by_channel(origin.to_float(ints))), ints)


def _compile_steps(compilation: Compilation, source: str, origin: IntTensor, quantizer: Quantizer) -> StepFunction:
    chain = compilation.chain(source)
    ends = enclosing(chain) if origin.evaluations > _MOST_ONE_BY_ONE and origin.points is None else None
    if ends is None and origin.evaluations > MAX_EVALUATIONS:
        raise Unsupported(
            f"the range of {origin.name} is too wide to compile", "use fewer bits in weights or activations"
        )

    def level(values: np.ndarray, of: FloatChain = chain) -> np.ndarray:
        levels = quantizer(of.by_channel(values))
        return (levels + 1) // 2 if quantizer.bipolar else levels

    def bounds(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert ends is not None
        least, most = np.split(level(origin.to_float(np.concatenate((low, high))), ends), 2)
        return least, most

    _require_decided(compilation, origin, level)
    try:
        steps = compile_steps(
            lambda ints: level(origin.to_float(ints)), origin.low, origin.high,
            origin.points and origin.points[0], bounds if ends else None,
        )  # fmt: skip
    except ValueError as error:
        raise Unsupported(str(error), "make the parameters of elementwise ops one per channel") from error
    if quantizer.bipolar and steps.table is None and steps.bias == 1:  # always +1: a threshold that is always reached
        # a shift by batch norm alone is the network's own
        if origin.low.min() >= 0 or any(n.op_type in _NEVER_NEGATIVE for n in chain.nodes):
            _require_told(compilation, quantizer)
        steps = replace(steps, thresholds=np.full_like(steps.thresholds, origin.low.min()), bias=0)
    if steps.steps > MAX_STEPS:
        raise Unsupported(
            f"{steps.steps} steps per channel, the hardware takes {MAX_STEPS}", "quantize to 8 bits or fewer"
        )
    return steps


def _require_decided(compilation: Compilation, origin: IntTensor, level: Callable[[np.ndarray], np.ndarray]) -> None:
    """Require of averages that rounding decides few: on the float scale of what is averaged, half may lie on an edge.

    Args:
        compilation: told, for another walk, what the host has to make.
        origin: what is quantized.
        level: of float values [N, C].

    Raises:
        Unsupported: a quarter of the steps, or more, stand where the last bit of a float32 sum decides.
    """
    if origin.divisor == 1 or origin.exact or origin.points is not None or origin.evaluations > _MOST_TOGETHER:
        return
    ints, scale = origin.every_integer(), origin.scale
    values = origin.to_float(ints)
    rounded = ints.astype(np.float32) * scale != ints * scale.astype(np.float64)
    # no part of a sum is larger than it, where none is negative
    rounded = np.maximum.accumulate(rounded, axis=0) if ints.min() == 0 else rounded.any()
    below, above = (level(np.nextafter(values, np.float32(end))) for end in (-np.inf, np.inf))
    undecided = np.count_nonzero((below != above) & rounded)
    if 4 * undecided >= np.count_nonzero(np.diff(level(values), axis=0)) > 0:
        made = compilation.producers.get(origin.name)
        problem = Unsupported(
            "averages, or pixels between others, halfway between two levels, where the order of float32 sums decides",
            "quantize what is averaged, or the average, on a scale that is a power of two, or write an average as a "
            "depthwise convolution; with ONNX Runtime's static quantization list "
            f"{made.name if made else origin.name} in nodes_to_exclude, in PyTorch's graph mode give interpolate and "
            "cat no qconfig (set_object_type(..., None))",
            layer_name(made) if made else "",
        )
        if made:
            compilation.undecided[origin.name] = problem
        raise problem


def _require_told(compilation: Compilation, quantizer: Quantizer) -> None:
    """Raise Unsupported where a BipolarQuant of what is never negative may be a quantizer of 0 and 1."""
    if quantizer.by_sign and not compilation.source.get_metadata_prop(_TOLD_APART):
        raise Unsupported(*_ONLY_PLUS)


def _dtype_of(thresholds: np.ndarray) -> str:
    bits = 1 + max(int(abs(thresholds.min())), int(abs(thresholds.max()))).bit_length()
    return DataType[f"INT{max(bits, 2)}"].name
