"""CompactSteps: step functions of many levels in the form that takes the least, where that form is exact.

A quantizer behind batch norm and RPReLU has evenly spaced steps on each side of a knee: a few numbers a channel say
what a threshold for each level says (`arithmetic/affine.py`). An 8-bit quantizer has 255 thresholds a channel, and
behind an RSiLU that dips 273 and a table: more memory than the weights. How far each is off the middle of its
neighbours takes a few bits (`arithmetic/midpoint.py`).
"""

from __future__ import annotations

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

from finn_build.dataflow.ops.base import Range


class CompactSteps(Transformation):
    """Sets the attributes of the cheapest form of a step function; thresholds, tables, inputs and shapes stay.

    Before: BitConv_rtl, 15 thresholds a channel. After: the same with `affineSteps`, `affineFraction`, `affineBits` and
    `shortcutRange`, where two lines a channel give the level of every integer in the range of the totals; of
    StepThresholding_rtl the formats of displacements, where these give it. "Cheapest" is in LUTs and RAMB18 at the
    present folding. An op offers no form for a few steps, or where a channel does not fit (RSiLU has no two lines).
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Set the attributes of every node that gains by it; one application is enough."""
        ranges: dict[str, Range] = {}
        for node in model.graph.node:
            op = getCustomOp(node)
            known = [ranges.get(name) for name in node.input[: len(op.streams_in())]]
            forms = [op.changed(**form) for form in op.step_forms(model, known)]
            node.CopyFrom(min([op, *forms], key=lambda form: form.resources().luts(form.bram_price)).onnx_node)
            ranges |= zip(node.output, op.output_ranges(model, known), strict=False)
        return model, False
