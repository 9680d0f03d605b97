"""SetChip: tell every op for which chip and clock it is made."""

from __future__ import annotations

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

from finn_build.config import Board


class SetChip(Transformation):
    """Sets `clkMHz`, `lutsPerBram18` and `lutsPerDsp` of every op; ops that are made later take them from a neighbour.

    Before: what an op has by default, 125 MHz on XC7Z020. After, for a ZCU104 at 166.7 MHz: 100 MHz of a Zynq-7000,
    whose paths take 1 / 0.6 as long and in which ops count their delays; 369 LUTs to a RAMB18, 133 to a DSP slice.
    Comes before all that counts area.
    """

    def __init__(self, board: Board, scale: float):
        """Args: `board` with its clock; `scale` of its chip's delays to those of a Zynq-7000."""
        super().__init__()
        self._chip = {"clkMHz": float(board.clk_mhz * scale)}
        self._chip |= {"lutsPerBram18": board.luts_per_bram18, "lutsPerDsp": board.luts_per_dsp}

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """One application is enough."""
        for node in model.graph.node:
            for name, value in self._chip.items():
                getCustomOp(node).set_nodeattr(name, value)
        return model, False
