"""MidpointSteps: step functions of many levels kept as displacements, where that is exact and smaller.

An 8-bit quantizer has 255 thresholds a channel, and behind an RSiLU that dips 273 and a table: more memory than the
weights. Displacements of thresholds from the middle of their neighbours take a few bits each
(`arithmetic/midpoint.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

from finn_build.dataflow.ops._midpoint import midpoint_attributes
from finn_build.dataflow.ops._ram import LUTS_PER_BRAM18

_FEW_STEPS = 7  # a search among these is small
_MOST_DIP_BITS = 6


class MidpointSteps(Transformation):
    """Sets the formats of displacements of StepThresholding_rtl; thresholds, tables and shapes stay.

    Of the sizes that the dip may have it takes the one that costs least, in LUTs and RAMB18, at the present folding;
    the op itself compares with its plain form, at every folding. Skipped for seven steps or fewer, for bipolar streams,
    for channels that all have the same steps, and where a channel turns more than once. Comes after
    FuseConvUnits, which takes steps into its own ops, and before folding, which counts area.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Set the attributes of every node that qualifies; one application is enough."""
        for node in model.get_nodes_by_op_type("StepThresholding_rtl"):
            if getCustomOp(node).attr("numSteps") > _FEW_STEPS:
                _choose(model, node)
        return model, False


def _choose(model: ModelWrapper, node: NodeProto) -> None:
    candidates = [NodeProto.FromString(node.SerializeToString())]
    for dip_bits in range(_MOST_DIP_BITS + 1):
        fit = getCustomOp(node).fit_midpoint(model, dip_bits)
        formats = midpoint_attributes(fit) if fit else None
        if formats:
            candidates.append(_with(node, formats))
    node.CopyFrom(min(candidates, key=_cost))


def _with(node: NodeProto, attributes: Mapping[str, Any]) -> NodeProto:
    copy = NodeProto.FromString(node.SerializeToString())
    for name, value in attributes.items():
        getCustomOp(copy).set_nodeattr(name, value)
    return copy


def _cost(node: NodeProto) -> int:
    area = getCustomOp(node).resources()
    return area.lut + LUTS_PER_BRAM18 * area.bram18
