"""Widening a stream of -1/+1 to one that can also carry the 0 of a zero-padded border."""

import numpy as np
from onnx import NodeProto
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.errors import UnsupportedModelError

# Ops whose output holds only values of their input: -1/+1 in, -1/+1 (or a padded 0) out.
VALUE_PRESERVING = frozenset(
    {
        "Transpose",
        "Reshape",
        "Flatten",
        "Squeeze",
        "Unsqueeze",
        "Identity",
        "MaxPool",
        "MaxPoolNHWC",
        "Im2Col",
    }
)


def bipolar_source(model: ModelWrapper, tensor: str) -> str:
    """Walk up from a BIPOLAR tensor, through ops that keep values, to the tensor that makes the bits."""
    producer = model.find_producer(tensor)
    while producer is not None and producer.op_type in VALUE_PRESERVING:
        tensor = producer.input[0]
        producer = model.find_producer(tensor)
    return tensor


def widen_source(model: ModelWrapper, source: str) -> None:
    """Give the BIPOLAR tensor `source` the two-bit datatype TERNARY, its values unchanged.

    A MultiThreshold `2 * (x >= t) - 1` becomes `(x >= t) + (x >= t) - 1`: the same threshold twice, unit
    scale, which is what FINN's Thresholding and MVAU accept for an output of more than one bit. A graph input
    is annotated; its values do not change.

    Args:
        model: Graph, changed in place; run InferDataTypes afterwards.
        source: Tensor returned by `bipolar_source`.

    Raises:
        UnsupportedModelError: `source` is made by another op than a BIPOLAR MultiThreshold.
    """
    producer = model.find_producer(source)
    if producer is not None:
        _widen_threshold(model, producer)
    model.set_tensor_datatype(source, DataType["TERNARY"])


def _widen_threshold(model: ModelWrapper, node: NodeProto) -> None:
    thresholds = model.get_initializer(node.input[1]) if node.op_type == "MultiThreshold" else None
    if thresholds is None:
        raise UnsupportedModelError(
            f"{node.name} ({node.op_type}): makes -1/+1 values that cannot be widened to {{-1, 0, +1}}; "
            "legal: MultiThreshold with constant thresholds, or the graph input; convert it with "
            "ConvertQONNXtoFINN or ConvertSignToThres first"
        )
    step = getCustomOp(node)
    if (step.get_nodeattr("out_scale"), step.get_nodeattr("out_bias")) != (2.0, -1.0):
        raise UnsupportedModelError(
            f"{node.name}: BIPOLAR output with out_scale={step.get_nodeattr('out_scale')}, "
            f"out_bias={step.get_nodeattr('out_bias')}; legal: out_scale=2, out_bias=-1"
        )
    doubled = model.make_new_valueinfo_name()  # a fresh tensor: another node may share the thresholds
    model.set_initializer(doubled, np.repeat(thresholds, 2, axis=1))
    model.set_tensor_datatype(doubled, model.get_tensor_datatype(node.input[1]))
    node.input[1] = doubled
    step.set_nodeattr("out_dtype", "TERNARY")
    step.set_nodeattr("out_scale", 1.0)
