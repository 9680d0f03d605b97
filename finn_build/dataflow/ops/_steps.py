"""The step function of an op that has thresholds, and a table where it is not monotone, as its last parameters."""

from __future__ import annotations

import numpy as np
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.arithmetic.step_function import StepFunction
from finn_build.dataflow.ops._widths import Numbers
from finn_build.dataflow.ops.base import Range
from finn_build.dataflow.ops.finn_op import FinnOp


def step_function(op: FinnOp, model: ModelWrapper) -> StepFunction:
    """The steps, from thresholds (C or 1, S) and, where `hasTable`, table (C or 1, S + 1)."""
    names = op.onnx_node.input[-1 - op.attr("hasTable") :]
    thresholds, *table = (model.get_initializer(n).astype(np.int64) for n in names)
    return StepFunction(thresholds, table[0] if table else None, op.attr("outBias"))


def level_ranges(op: FinnOp, model: ModelWrapper) -> list[Range]:
    """Lowest and highest level of every channel; none where the levels are signs."""
    stream = op.streams_out()[0]
    if stream.dtype.name == "BIPOLAR":
        return []
    low, high = step_function(op, model).levels
    return [(np.full(stream.shape[-1], low), np.full(stream.shape[-1], high))]


def level_numbers(op: FinnOp, model: ModelWrapper) -> Numbers:
    """Every level, in the type of the output; without a table the two of a sign are counts."""
    steps, dtype = step_function(op, model), op.streams_out()[0].dtype
    if steps.table is not None:
        return Numbers("levels", steps.table, dtype)
    return Numbers("levels", np.asarray(steps.levels), DataType["BINARY"] if dtype.name == "BIPOLAR" else dtype)
