"""Integer ops that ONNX and QONNX lack: step functions with a table, sums over windows, pixels repeated or spread."""

from finn_build.frontend.integers.nodes.step_table import StepTable
from finn_build.frontend.integers.nodes.sum_pool import SumPool
from finn_build.frontend.integers.nodes.upsample import Upsample

DOMAIN = "finn_build.frontend.integers.nodes"
custom_op = {"StepTable": StepTable, "SumPool": SumPool, "Upsample": Upsample}

__all__ = ["DOMAIN", "StepTable", "SumPool", "Upsample", "custom_op"]
