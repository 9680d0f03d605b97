"""What ops of two streams share, element by element: attributes, operands and their RTL parameters."""

from __future__ import annotations

from typing import Any

from qonnx.core.datatype import BaseDataType, DataType

from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.ops.finn_op import FinnOp
from finn_build.dataflow.stream import Resources, Stream

OPERANDS: dict[str, Any] = {
    "NumChannels": ("i", True, 0),
    "PE": ("i", True, 1),
    "numInputVectors": ("ints", True, []),
    "lhsDataType": ("s", True, ""),
    "rhsDataType": ("s", True, ""),
}
"""Attributes: channels, lanes, and each operand's type."""


class TwoOperands(FinnOp):
    """An op whose attributes hold `OPERANDS`: a, b (*numInputVectors, NumChannels) -> the same, a beat a cycle."""

    def streams_in(self) -> list[Stream]:
        """Operands a and b."""
        return [self.stream(DataType[self.attr(name)]) for name in ("lhsDataType", "rhsDataType")]

    def stream(self, dtype: BaseDataType) -> Stream:
        """A stream of the operands' shape and lanes."""
        shape = (*self.attr("numInputVectors"), self.attr("NumChannels"))
        return Stream(tuple(int(d) for d in shape), self.attr("PE"), dtype)

    def operand_parameters(self) -> dict[str, int | str]:
        """Lanes, and widths and signs of both operands."""
        parameters: dict[str, int | str] = {"PE": self.attr("PE")}
        for name, stream in zip("AB", self.streams_in(), strict=True):
            bipolar = stream.dtype == DataType["BIPOLAR"]
            parameters |= {
                f"{name}_BITS": stream.dtype.bitwidth(),
                f"{name}_SIGNED": int(stream.dtype.signed()),
                f"{name}_BIPOLAR": int(bipolar),
            }
        return {**parameters, "OUT_BITS": self.streams_out()[0].dtype.bitwidth()}

    def operand_area(self) -> Resources:
        """The two places of each operand."""
        a, b = self.streams_in()
        return pair_area(a.width) + pair_area(b.width)

    def get_exp_cycles(self) -> int:
        """One beat a cycle."""
        return self.streams_in()[0].beats
