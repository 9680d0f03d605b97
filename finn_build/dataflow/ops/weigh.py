"""Weigh: each pixel times a factor of its place, for averages whose windows hold different numbers of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import DataType

from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.dataflow.ops._folds import folds
from finn_build.dataflow.ops.base import FIFO_RTL, StreamOp, Trait
from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.stream import Bits, Resources, Stream, sizes
from finn_build.errors import ConfigError


@register_custom_op
class StreamWeigh_rtl(StreamOp):  # noqa: N801  (FINN's naming)
    """`x[0, i, j, c] * RowFactors[i] * ColumnFactors[j]`, positive integers.

    Shapes: (1, H, W, C) -> the same.
    """

    rtl_module = "sf_weigh"
    traits = frozenset({Trait.IN_STEP, Trait.PACED, Trait.MONOTONE})
    lane_sizes = sizes(PE="NumChannels")
    ram_styles = ()
    rtl_sources = (*FIFO_RTL, "weigh/sf_scale.sv", "weigh/sf_weigh.sv")

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Attributes."""
        return {
            "NumChannels": ("i", True, 0),
            "RowFactors": ("ints", True, []),  # [H]
            "ColumnFactors": ("ints", True, []),  # [W]
            "PE": ("i", False, 1),
            "inputDataType": ("s", True, ""),
        }

    def factors(self) -> np.ndarray:
        """Of each place, int64 [H, W].

        Raises:
            ConfigError: one is below 1.
        """
        rows, columns = (np.asarray(self.attr(name), np.int64) for name in ("RowFactors", "ColumnFactors"))
        if min(rows.min(), columns.min()) < 1:
            raise ConfigError(f"{self.onnx_node.name}: a factor of {min(rows.min(), columns.min())}; legal: 1 or more")
        return np.outer(rows, columns)

    def streams_in(self) -> list[Stream]:
        """The image."""
        folds(self.onnx_node.name, "PE", self.attr("PE"), "NumChannels", self.attr("NumChannels"))
        shape = (1, *self.factors().shape, self.attr("NumChannels"))
        return [Stream(shape, self.attr("PE"), DataType[self.attr("inputDataType")])]

    def streams_out(self) -> list[Stream]:
        """The products, in the smallest type that holds any."""
        image, most = self.streams_in()[0], int(self.factors().max())
        ends = int(image.dtype.min()) * most, int(image.dtype.max()) * most
        return [Stream(image.shape, image.lanes, integer_range_dtype(*ends))]

    def rtl_parameters(self) -> dict[str, int | str]:
        """Types and factors."""
        image, out, (rows, columns) = self.streams_in()[0], self.streams_out()[0], self._factor_bits
        bipolar = image.dtype == DataType["BIPOLAR"]
        return {
            "PE": image.lanes, "BITS": image.dtype.bitwidth(), "SIGNED": int(image.dtype.signed() and not bipolar),
            "BIPOLAR": int(bipolar), "OUT_BITS": out.dtype.bitwidth(), "FOLDS": image.folds, "H": image.shape[1],
            "W": image.shape[2], "ROW_BITS": rows, "COLUMN_BITS": columns,
            "ROW_FACTORS": Bits.of(self.attr("RowFactors"), rows),
            "COLUMN_FACTORS": Bits.of(self.attr("ColumnFactors"), columns),
        }  # fmt: skip

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Multiply in int64."""
        return (operands[0] * self.factors()[:, :, None],)

    def get_exp_cycles(self) -> int:
        """One beat a cycle."""
        return self.streams_in()[0].beats

    def fill_cycles(self) -> int:
        """Two registers, and one behind every two bits of a factor."""
        return 2 + sum(bits // 2 for bits in self._factor_bits)

    @property
    def _factor_bits(self) -> tuple[int, int]:
        """Of a row's factor and of a column's."""
        self.factors()
        return max(self.attr("RowFactors")).bit_length(), max(self.attr("ColumnFactors")).bit_length()

    def resources(self) -> Resources:
        """Counters, the factors, and an addition for each further bit of one, in a stage for every two.

        Source: Yosys 0.70 `synth_xilinx`, xc7, 5 configurations of 1 to 8 lanes, factors of 1 to 5 bits; LUT within
        12%, FF within 14.
        """
        image, out, (rows, columns) = self.streams_in()[0], self.streams_out()[0], self._factor_bits
        counters = sum((n - 1).bit_length() for n in (image.folds, *image.shape[1:3]))
        lut, ff, bits = 0, 0, image.dtype.bitwidth()
        for factor in (rows, columns):
            lut += sum(bits + k for k in range(2, factor + 1))
            for stage in range(1, factor // 2 + 1):  # its sum, and the value where there are further bits
                ff += bits + 2 * stage + 1 + (bits if 2 * stage < factor - 1 else 0)
            bits += factor
        ways = 1 + rows // 2 + columns // 2
        return pair_area(out.width) + Resources(
            lut=2 * counters + round((1.3 if image.dtype.signed() else 0.8) * lut * image.lanes),
            ff=counters + image.width + rows + (rows // 2 + 1) * columns + ways + ff * image.lanes,
        )
