"""StepThresholding: any per-channel step function, by binary search and, where it is not monotone, a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.integers.step_function import StepFunction
from finn_build.ops._folds import folds
from finn_build.ops._memory import hex_words, rom_area, rom_in_block_ram
from finn_build.ops.base import Resources, Stream, StreamOp

_BIPOLAR = DataType["BIPOLAR"]


@register_custom_op
class StepThresholding_rtl(StreamOp):  # noqa: N801  # FINN finds RTL ops by this suffix
    """`outBias + #{j : x >= thresholds[c, j]}`, or `table[c, #{...}]`.

    Without a table, a BIPOLAR output reads count 0, 1 as -1, +1.

    Shapes:
        x (*numInputVectors, C), thresholds (C or 1, S) ascending, table (C or 1, S + 1) -> like x.
    """

    rtl_module = "thresholding"
    rtl_sources = ("mvau/rom_distributed.sv", "mvau/rom.sv", "thresholding/thresholding.sv")

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Channels, lanes, steps and types."""
        return {
            "NumChannels": ("i", True, 0),
            "PE": ("i", True, 1),
            "numSteps": ("i", True, 1),
            "numInputVectors": ("ints", True, []),
            "inputDataType": ("s", True, ""),
            "outputDataType": ("s", True, ""),
            "outBias": ("i", False, 0),
            "hasTable": ("i", False, 0, {0, 1}),
            "sharedSteps": ("i", False, 0, {0, 1}),
        }

    def streams_in(self) -> list[Stream]:
        """The values."""
        return [Stream(self._shape(), self.attr("PE"), DataType[self.attr("inputDataType")])]

    def streams_out(self) -> list[Stream]:
        """The levels."""
        return [Stream(self._shape(), self.attr("PE"), DataType[self.attr("outputDataType")])]

    def rtl_parameters(self) -> dict[str, int | str]:
        """Sizes, signs, and which memories go to block RAM.

        Raises:
            ConfigError: PE does not divide NumChannels.
        """
        in_dtype = self.streams_in()[0].dtype
        return {
            "PE": self.attr("PE"),
            "FOLDS": self._folds(),
            "IN_BITS": in_dtype.bitwidth(),
            "SIGNED": int(in_dtype.signed() and in_dtype != _BIPOLAR),
            "STEPS": self.attr("numSteps"),
            "SHARED": self.attr("sharedSteps"),
            "OUT_BITS": self.streams_out()[0].dtype.bitwidth(),
            "BIAS": self.attr("outBias"),
            "TABLE": self.attr("hasTable"),
            "BLOCK": sum(
                rom_in_block_ram("auto", depth, width, self.attr("bramPrice")) << k
                for k, (depth, width) in enumerate(self._memories())
            ),
            "FILE": f"{self.onnx_node.name}_steps",
        }

    def memory_files(self, model: ModelWrapper) -> dict[str, list[str]]:
        """One memory per stage and lane, the table's behind them (see thresholding.sv)."""
        node, pe, stages = self.onnx_node.name, self.attr("PE"), self._stages
        in_dtype, out_bits = self.streams_in()[0].dtype, self.streams_out()[0].dtype.bitwidth()
        given = model.get_initializer(self.onnx_node.input[1]).astype(np.int64)
        codes = 2 if in_dtype == _BIPOLAR else 2 ** in_dtype.bitwidth()
        place = (given + 2) // 2 if in_dtype == _BIPOLAR else given - int(in_dtype.min())
        padded = np.full((len(given), 2**stages - 1), codes, dtype=np.int64)  # one more than any value
        padded[:, : given.shape[1]] = np.clip(place, 0, codes)
        files = {}
        for lane in range(pe):
            rows = padded if len(padded) == 1 else padded[lane::pe]
            for stage in range(stages):
                half = 2 ** (stages - 1 - stage)
                words = rows[:, half - 1 :: 2 * half].reshape(-1, 1)
                files[f"{node}_steps_{stage}_{lane:03}.mem"] = hex_words(words, in_dtype.bitwidth() + 1)
            if self.attr("hasTable"):
                files[f"{node}_steps_table_{lane:03}.mem"] = hex_words(self._table(model, lane), out_bits)
        return files

    def _table(self, model: ModelWrapper, lane: int) -> np.ndarray:
        """Levels of one lane, [rows * 2^stages, 1]; counts beyond the steps never occur."""
        given = model.get_initializer(self.onnx_node.input[2]).astype(np.int64)
        table = np.zeros((len(given), 2**self._stages), dtype=np.int64)
        table[:, : given.shape[1]] = (given + 1) // 2 if self.streams_out()[0].dtype == _BIPOLAR else given
        return (table if len(table) == 1 else table[lane :: self.attr("PE")]).reshape(-1, 1)

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Count thresholds, channel by channel."""
        x, thresholds, *table = operands
        levels = StepFunction(thresholds, table[0] if table else None, self.attr("outBias"))(x)
        return (2 * levels - 1 if self.streams_out()[0].dtype == _BIPOLAR and not table else levels,)

    def get_exp_cycles(self) -> int:
        """One beat a cycle."""
        return self.streams_in()[0].beats

    def fill_cycles(self) -> int:
        """One cycle per stage, one for the level."""
        return self._stages + 1

    def resources(self) -> Resources:
        """Per lane and stage half a LUT per compared bit, and the memories; compared with Yosys 0.70, raw LUTs.

        LUTs measured and estimated, (channels, PE, steps, input): (24, 4, 15, INT10) 287, 288; with a table 316, 320;
        shared 165, 204; (24, 2, 255, INT12) 612, 592; (64, 1, 3, INT12) 57, 65; (16, 4, 1, INT9) 46, 62.
        """
        pe, stages, bits = self.attr("PE"), self._stages, self.streams_in()[0].dtype.bitwidth()
        lut, bram, registers = 8 + 2 * stages, 0, self.streams_out()[0].dtype.bitwidth()
        for k, (depth, width) in enumerate(self._memories()):
            block = rom_in_block_ram("auto", depth, width, self.attr("bramPrice"))
            area = rom_area(depth, width, block=block)
            lut, bram = lut + pe * area[0], bram + pe * area[1]
            registers += (bits + k + (0 if block or depth == 1 else width)) if k < stages else 0
        row_bits = 0 if self.attr("sharedSteps") else (self._folds() - 1).bit_length()
        lut += pe * stages * (bits // 2 + 1)
        return Resources(lut=lut, ff=pe * registers + (stages + 1) * (1 + row_bits), bram18=bram)

    @property
    def _stages(self) -> int:
        return int(self.attr("numSteps")).bit_length()

    def _folds(self) -> int:
        return folds(self.onnx_node.name, "PE", self.attr("PE"), "NumChannels", self.attr("NumChannels"))

    def _memories(self) -> list[tuple[int, int]]:
        """Depth and width of each stage's memory of one lane, the table's last."""
        rows = 1 if self.attr("sharedSteps") else self._folds()
        bits = self.streams_in()[0].dtype.bitwidth() + 1
        table = [(rows << self._stages, self.streams_out()[0].dtype.bitwidth())] if self.attr("hasTable") else []
        return [(rows << k, bits) for k in range(self._stages)] + table

    def _shape(self) -> tuple[int, ...]:
        return (*(int(d) for d in self.attr("numInputVectors")), self.attr("NumChannels"))
