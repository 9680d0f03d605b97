"""StreamAdd: the sum of two streams, each times a positive integer (identity shortcuts)."""

from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import BaseDataType, DataType

from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.dataflow.ops.base import FIFO_RTL, StreamOp, Trait
from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.stream import Resources, Stream, sizes

_BIPOLAR = DataType["BIPOLAR"]


@register_custom_op
class StreamAdd_rtl(StreamOp):  # noqa: N801  # FINN finds RTL ops by this suffix
    """`a * lhsScale + b * rhsScale`.

    Shapes:
        a, b (*numInputVectors, NumChannels) -> the same.
    """

    rtl_module = "sf_add"
    traits = frozenset({Trait.IN_STEP, Trait.MONOTONE, Trait.JOINS})
    lane_sizes = sizes(PE="NumChannels")
    ram_styles = ()
    rtl_sources = (*FIFO_RTL, "add/sf_add.sv")

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Channels, lanes, and each operand's type and factor."""
        return {
            "NumChannels": ("i", True, 0),
            "PE": ("i", True, 1),
            "numInputVectors": ("ints", True, []),
            "lhsDataType": ("s", True, ""),
            "rhsDataType": ("s", True, ""),
            "lhsScale": ("i", False, 1),
            "rhsScale": ("i", False, 1),
        }

    def streams_in(self) -> list[Stream]:
        """Operands a and b."""
        return [self._stream(DataType[self.attr(name)]) for name in ("lhsDataType", "rhsDataType")]

    def streams_out(self) -> list[Stream]:
        """The sum, in the smallest type that holds it."""
        operands = zip(self.streams_in(), (self.attr("lhsScale"), self.attr("rhsScale")), strict=True)
        ends = [(int(s.dtype.min()) * k, int(s.dtype.max()) * k) for s, k in operands]
        return [self._stream(integer_range_dtype(sum(e[0] for e in ends), sum(e[1] for e in ends)))]

    def rtl_parameters(self) -> dict[str, int | str]:
        """Widths and signs of both operands."""
        a, b = (s.dtype for s in self.streams_in())
        return {
            "PE": self.attr("PE"),
            "A_BITS": a.bitwidth(),
            "B_BITS": b.bitwidth(),
            "A_SIGNED": int(a.signed()),
            "B_SIGNED": int(b.signed()),
            "A_BIPOLAR": int(a == _BIPOLAR),
            "B_BIPOLAR": int(b == _BIPOLAR),
            "A_SCALE": self.attr("lhsScale"),
            "B_SCALE": self.attr("rhsScale"),
            "OUT_BITS": self.streams_out()[0].dtype.bitwidth(),
        }

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Sum in int64."""
        a, b = operands
        return (a * self.attr("lhsScale") + b * self.attr("rhsScale"),)

    def get_exp_cycles(self) -> int:
        """One beat a cycle."""
        return self.streams_in()[0].beats

    def fill_cycles(self) -> int:
        """Two registers."""
        return 2

    def resources(self) -> Resources:
        """One LUT per bit of the sum, half as much for each further power of two in a factor; fitted to Yosys 0.70.

        LUTs measured and estimated, 4 lanes: without the places of the inputs: INT4 + INT4 20, 22; 3 * INT8 +
        2 * INT8 68, 68; 7 * INT4 + 5 * INT4 84, 92.
        """
        bits = self.streams_out()[0].width
        shifts = sum(int(self.attr(name)).bit_count() - 1 for name in ("lhsScale", "rhsScale"))
        operands = pair_area(self.streams_in()[0].width) + pair_area(self.streams_in()[1].width)
        return operands + Resources(lut=bits * (2 + shifts) // 2 + 2, ff=bits + 1)

    def _stream(self, dtype: BaseDataType) -> Stream:
        shape = (*self.attr("numInputVectors"), self.attr("NumChannels"))
        return Stream(tuple(int(d) for d in shape), self.attr("PE"), dtype)
