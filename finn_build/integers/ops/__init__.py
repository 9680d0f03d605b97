"""Integer ops that ONNX and QONNX lack: step functions with a table, sums over windows, pixels repeated or spread."""

from finn_build.integers.ops.step_table import StepTable
from finn_build.integers.ops.sum_pool import SumPool
from finn_build.integers.ops.upsample import Upsample

DOMAIN = "finn_build.integers.ops"
custom_op = {"StepTable": StepTable, "SumPool": SumPool, "Upsample": Upsample}

__all__ = ["DOMAIN", "StepTable", "SumPool", "Upsample", "custom_op"]
