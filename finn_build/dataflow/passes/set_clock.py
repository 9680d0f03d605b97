"""SetClock: tell every op which clock it is pipelined for."""

from __future__ import annotations

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation


class SetClock(Transformation):
    """Comes before folding, whose areas hold the registers; those of a Zynq-7000, in which ops count their delays."""

    def __init__(self, clk_mhz: float):
        """Args: `clk_mhz`, the clock that was asked for, as a Zynq-7000 would have to reach it."""
        super().__init__()
        self._clk_mhz = float(clk_mhz)

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """One application is enough."""
        for node in model.graph.node:
            getCustomOp(node).set_nodeattr("clkMHz", self._clk_mhz)
        return model, False
