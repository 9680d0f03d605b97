"""Activation quantizers as thresholds, exact for every float32 input."""

import numpy as np
from onnx import NodeProto, TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.general.intquant import int_quant, max_int, min_int
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation
from qonnx.transformation.infer_datatypes import InferDataTypes

_LAYOUTS = {(2, 1): "NC", (3, 1): "NCW", (3, 2): "NWC", (4, 1): "NCHW", (4, 3): "NHWC"}
_MAX_BITS = 8  # FINN's own limit for thresholds


class ConvertQuantExactly(Transformation):
    """Quant on an activation -> MultiThreshold (unit output), then Mul by the scale.

    FINN's ConvertQuantActToMultiThreshold gives an unsigned 1-bit Quant without ReLU the thresholds and
    levels of a bipolar one (-1/+1 instead of 0/1), and puts every threshold on the half step, where Quant
    rounds half to even: each second tie comes out one level high. Here each threshold is the smallest float32
    that Quant itself lifts above a level, found by bisection, so ties, rounding modes and scales need no
    argument. A Relu in front of an unsigned Quant is dropped: it changes nothing.

    Run it before ConvertQONNXtoFINN, after constants are folded and shapes inferred.

    Shapes: unchanged; thresholds [C or 1, levels - 1]. Skipped: weights, zero points other than 0, more than
    8 bits, scales that vary along more than the channel axis.

    Source: FINN_NOTES.md, silent bug 7.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Convert every Quant that qualifies."""
        for node in [n for n in model.graph.node if n.op_type in ("Quant", "IntQuant")]:
            layout = _layout(model, node)
            if layout is not None:
                _convert(model, node, layout)
        return model.transform(InferDataTypes()), False


def _layout(model: ModelWrapper, node: NodeProto) -> str | None:
    """Data layout of the thresholds, or None where the node is to be skipped."""
    scale, zero, bits = (model.get_initializer(t) for t in node.input[1:])
    shape = model.get_tensor_shape(node.input[0])
    if any(v is None for v in (scale, zero, bits, shape)) or model.get_initializer(node.input[0]) is not None:
        return None
    if np.any(zero != 0) or bits.size != 1 or bits.item() > _MAX_BITS or np.any(scale <= 0):
        return None
    axes = [axis for axis, size in enumerate(scale.shape, len(shape) - scale.ndim) if size != 1]
    if not axes:
        annotated = model.get_tensor_layout(node.input[0])
        return "".join(annotated) if annotated else _LAYOUTS.get((len(shape), 1))
    return _LAYOUTS.get((len(shape), axes[0])) if len(axes) == 1 else None


def _convert(model: ModelWrapper, node: NodeProto, layout: str) -> None:
    """Replace one Quant by MultiThreshold and Mul."""
    quant = getCustomOp(node)
    scale, bits = model.get_initializer(node.input[1]), model.get_initializer(node.input[3])
    signed, narrow = quant.get_nodeattr("signed"), quant.get_nodeattr("narrow")
    bipolar = bool(signed) and bits.item() == 1
    low, high = (int(bound(signed, narrow, bits)) for bound in (min_int, max_int))
    levels = np.array([-1, 1]) if bipolar else np.arange(low, high + 1)
    thresholds = _thresholds(node, scale, bits, levels)
    unit = helper.make_tensor_value_info(
        model.make_new_valueinfo_name(), TensorProto.FLOAT, model.get_tensor_shape(node.output[0])
    )
    model.graph.value_info.append(unit)
    step = helper.make_node(
        "MultiThreshold",
        [_without_relu(model, node, signed), _constant(model, thresholds)],
        [unit.name],
        name=node.name,
        domain="qonnx.custom_op.general",
        out_dtype=quant.get_integer_datatype(model).name,
        out_scale=2.0 if bipolar else 1.0,
        out_bias=float(levels[0]),
        data_layout=layout,
    )
    rescale = helper.make_node("Mul", [unit.name, _constant(model, scale)], [node.output[0]])
    index = list(model.graph.node).index(node)
    model.graph.node.remove(node)
    model.graph.node.insert(index, step)
    model.graph.node.insert(index + 1, rescale)


def _constant(model: ModelWrapper, values: np.ndarray) -> str:
    name = model.make_new_valueinfo_name()
    model.set_initializer(name, values.astype(np.float32))
    return name


def _without_relu(model: ModelWrapper, node: NodeProto, signed: int) -> str:
    """Input of the thresholds: that of a Relu which an unsigned quantizer makes idle."""
    relu = model.find_producer(node.input[0])
    if relu is None or relu.op_type != "Relu" or signed:
        return node.input[0]
    if len(model.find_consumers(relu.output[0])) == 1 and not model.is_fork_node(relu):
        model.graph.node.remove(relu)
    return relu.input[0]


def _thresholds(node: NodeProto, scale: np.ndarray, bits: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Smallest float32 that Quant lifts to each level above the first; shape [scales, levels - 1].

    Bisection over float32 in their order, which the bit patterns give; Quant never falls where its input
    rises.
    """
    quant = getCustomOp(node)
    steps = scale.astype(np.float32).reshape(-1, 1)
    reached = (levels[1:] - 0.5) * steps.astype(np.float64)
    low = _ordered(np.broadcast_to((levels[0] - 2) * steps, reached.shape))
    high = _ordered(np.broadcast_to((levels[-1] + 2) * steps, reached.shape))
    while np.any(high - low > 1):
        middle = (low + high) // 2
        values = int_quant(
            _from_ordered(middle),
            steps,
            np.float32(0),
            bits,
            quant.get_nodeattr("signed"),
            quant.get_nodeattr("narrow"),
            quant.get_nodeattr("rounding_mode"),
        )
        up = values > reached
        low, high = np.where(up, low, middle), np.where(up, middle, high)
    return _from_ordered(high)


def _ordered(values: np.ndarray) -> np.ndarray:
    """Integers in the order of the float32 they stand for."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def _from_ordered(integers: np.ndarray) -> np.ndarray:
    """Inverse of `_ordered`."""
    bits = np.where(integers < 0, -integers - 0x80000000, integers)
    return bits.astype(np.int32).view(np.float32)
