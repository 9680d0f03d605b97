"""Integer ops that ONNX and QONNX lack: step functions with a table, and sums over windows."""

from finn_build.integers.ops.step_table import StepTable
from finn_build.integers.ops.sum_pool import SumPool

DOMAIN = "finn_build.integers.ops"
custom_op = {"StepTable": StepTable, "SumPool": SumPool}

__all__ = ["DOMAIN", "StepTable", "SumPool", "custom_op"]
