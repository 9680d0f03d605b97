"""StreamAdd: the sum of two streams, each times an integer (identity shortcuts), or their difference."""

from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.dataflow.ops._operands import OPERANDS, TwoOperands
from finn_build.dataflow.ops.base import JOIN_RTL, Range, StreamOp, Trait
from finn_build.dataflow.stream import Resources, Stream, sizes


@register_custom_op
class StreamAdd_rtl(TwoOperands, StreamOp):  # noqa: N801  # FINN finds RTL ops by this suffix
    """`a * lhsScale + b * rhsScale`; the second factor may be negative.

    Shapes:
        a, b (*numInputVectors, NumChannels) -> the same.
    """

    rtl_module = "sf_add"
    traits = frozenset({Trait.IN_STEP, Trait.MONOTONE, Trait.JOINS})
    lane_sizes = sizes(PE="NumChannels")
    ram_styles = ()
    rtl_sources = (*JOIN_RTL, "add/sf_add.sv")

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Of both operands, and their factors."""
        return {**OPERANDS, "lhsScale": ("i", False, 1), "rhsScale": ("i", False, 1)}

    def streams_out(self) -> list[Stream]:
        """The sum, in the smallest type that holds it."""
        operands = zip(self.streams_in(), (self.attr("lhsScale"), self.attr("rhsScale")), strict=True)
        ends = [sorted((int(s.dtype.min()) * k, int(s.dtype.max()) * k)) for s, k in operands]
        return [self.stream(integer_range_dtype(sum(e[0] for e in ends), sum(e[1] for e in ends)))]

    def rtl_parameters(self) -> dict[str, int | str]:
        """Of both operands, and their factors."""
        factors = {"A_SCALE": self.attr("lhsScale"), "B_SCALE": self.attr("rhsScale")}
        return {**self.operand_parameters(), **factors, "REGISTERED": int(self._is_registered)}

    @property
    def _shifts(self) -> int:
        """Powers of two that are added or taken off, in both factors: ones, or signed digits where those are fewer."""
        factors = (self.attr("lhsScale"), abs(self.attr("rhsScale")))
        return sum(min(k.bit_count(), (3 * k ^ k).bit_count()) for k in factors)

    @property
    def _is_registered(self) -> bool:
        """Whether both products have a register: four shifts are added within a cycle."""
        return self._shifts > 4

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Sum in int64."""
        a, b = operands
        return (a * self.attr("lhsScale") + b * self.attr("rhsScale"),)

    def fill_cycles(self) -> int:
        """Two registers, and that of the products."""
        return 2 + self._is_registered

    def output_ranges(self, model: ModelWrapper, ranges: list[Range | None]) -> list[Range]:
        """Of the ends of both operands; what is taken off is least at its greatest."""
        a, b = ranges
        return super().output_ranges(model, [a, b if b is None or self.attr("rhsScale") > 0 else b[::-1]])

    def resources(self) -> Resources:
        """One LUT per bit of the sum, half as much for each further power of two in a factor; fitted to Yosys 0.70.

        LUTs measured and estimated, 4 lanes: without the places of the inputs: INT4 + INT4 20, 22; 3 * INT8 +
        2 * INT8 68, 68; 7 * INT4 + 5 * INT4 84, 92.
        """
        bits = self.streams_out()[0].width
        products = 2 * bits + 1 if self._is_registered else 0
        return self.operand_area() + Resources(lut=bits * self._shifts // 2 + 2, ff=bits + 1 + products)
