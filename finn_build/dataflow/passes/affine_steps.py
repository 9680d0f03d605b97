"""AffineSteps: step functions of binary convolutions become two lines a channel, computed by a division.

A quantizer behind batch norm and RPReLU has evenly spaced steps on each side of a knee: a few numbers a channel say
what a threshold for each level says.
"""

from __future__ import annotations

import numpy as np
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

from finn_build.arithmetic.step_function import StepFunction
from finn_build.dataflow.ops._ram import LUTS_PER_BRAM18
from finn_build.dataflow.ops.base import Trait

Range = tuple[np.ndarray, np.ndarray]  # lowest and highest value, by channel

_FEW_STEPS = 3  # a search among these is small
_STEPS = ("BitConv_rtl", "StepThresholding_rtl")
# Where inputs at the ends of their ranges give the ends of the output's.


class AffineSteps(Transformation):
    """Sets `affineSteps`, `affineFraction`, `affineBits` and `shortcutRange` of BitConv_rtl; inputs and shapes stay.

    Taken where two lines a channel give the level of every integer in the range of the totals (`arithmetic/affine.py`)
    and the node costs less, in LUTs and RAMB18, at its present folding. Skipped for three steps or fewer and where a
    channel does not fit, as with RSiLU. The thresholds stay the node's parameters. Comes after FuseConvUnits, which
    makes the nodes, and before folding, which counts their area and cycles.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Set the attributes of every node that qualifies; one application is enough."""
        ranges: dict[str, Range] = {}
        for node in model.graph.node:
            if node.op_type == "BitConv_rtl" and getCustomOp(node).attr("numSteps") > _FEW_STEPS:
                _choose(model, node, ranges)
            ranges |= zip(node.output, _ranges(model, node, ranges), strict=False)
        return model, False


def _choose(model: ModelWrapper, node: NodeProto, ranges: dict[str, Range]) -> None:
    lines = NodeProto.FromString(node.SerializeToString())
    op = getCustomOp(lines)
    shortcut = ranges.get(node.input[len(op.streams_in()) - 1])
    if op.attr("shortcut") != "none" and shortcut is not None:
        op.set_nodeattr("shortcutRange", [int(v) for v in np.concatenate(shortcut)])
    fit = op.fit_affine(model)
    if fit is None:
        return
    op.set_nodeattr("affineSteps", 1)
    op.set_nodeattr("affineFraction", fit.fraction)
    op.set_nodeattr("affineBits", list(fit.widths))
    if _cost(lines) < _cost(node):
        node.CopyFrom(lines)


def _cost(node: NodeProto) -> int:
    area = getCustomOp(node).resources()
    return area.lut + LUTS_PER_BRAM18 * area.bram18


def _ranges(model: ModelWrapper, node: NodeProto, ranges: dict[str, Range]) -> list[Range]:
    """What the outputs of a node can be, where that is known by more than their types."""
    op = getCustomOp(node)
    if node.op_type in _STEPS and op.attr("outputDataType") != "BIPOLAR":
        has_table = op.attr("hasTable")
        thresholds, *table = (model.get_initializer(n) for n in node.input[-2 if has_table else -1 :])
        low, high = StepFunction(thresholds, table[0] if has_table else None, op.attr("outBias")).levels
        channels = op.streams_out()[0].shape[-1]
        return [(np.full(channels, low), np.full(channels, high))]
    if Trait.MONOTONE not in op.traits or not all(name in ranges for name in node.input):
        return []
    shapes = [s.shape for s in op.streams_in()]
    least, most = (
        op.compute(*(np.broadcast_to(ranges[n][k], s) for n, s in zip(node.input, shapes, strict=True))) for k in (0, 1)
    )
    ends = [_by_channel(np.stack(pair)) for pair in zip(least, most, strict=True)]
    return [(values.min(axis=0), values.max(axis=0)) for values in ends]


def _by_channel(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, values.shape[-1])
