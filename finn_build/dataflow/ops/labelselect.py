"""LabelSelect: the index of the largest value of a vector (top-1); FINN's op, with RTL."""

from math import prod
from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import DataType

from finn_build.dataflow.ops.base import FIFO_RTL, StreamOp
from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.stream import Resources, Stream, sizes


@register_custom_op
class LabelSelect_rtl(StreamOp):  # noqa: N801  # FINN finds RTL ops by this suffix
    """Index of the maximum, the lowest index among equals, as `torch.argmax` gives on a CPU. FINN's K is 1.

    Shapes:
        x (*numInputVectors, Labels) -> (*numInputVectors, 1).
    """

    rtl_module = "sf_labelselect"
    traits = frozenset()
    lane_sizes = sizes(PE="Labels")
    ram_styles = ()
    rtl_sources = (*FIFO_RTL, "labelselect/sf_labelselect.sv")

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """FINN's attributes of LabelSelect."""
        return {
            "Labels": ("i", True, 0),
            "PE": ("i", True, 1),
            "K": ("i", True, 1, {1}),
            "inputDataType": ("s", True, ""),
            "outputDataType": ("s", False, ""),
            "numInputVectors": ("ints", False, [1]),
        }

    def streams_in(self) -> list[Stream]:
        """The values."""
        shape = (*self._vectors(), self.attr("Labels"))
        return [Stream(shape, self.attr("PE"), DataType[self.attr("inputDataType")])]

    def streams_out(self) -> list[Stream]:
        """The index, in `outputDataType` or the smallest unsigned type that holds it."""
        bits = max(1, (self.attr("Labels") - 1).bit_length())
        dtype = DataType[self.attr("outputDataType") or f"UINT{bits}"]
        return [Stream((*self._vectors(), 1), 1, dtype)]

    def rtl_parameters(self) -> dict[str, int | str]:
        """Sizes and sign."""
        dtype = self.streams_in()[0].dtype
        return {
            "LABELS": self.attr("Labels"),
            "PE": self.attr("PE"),
            "BITS": dtype.bitwidth(),
            "SIGNED": int(dtype.signed() and dtype != DataType["BIPOLAR"]),
            "OUT_BITS": self.streams_out()[0].dtype.bitwidth(),
        }

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """First index of the maximum."""
        return (operands[0].argmax(axis=-1, keepdims=True),)

    def get_exp_cycles(self) -> int:
        """One beat a cycle."""
        return self.streams_in()[0].beats

    def fill_cycles(self) -> int:
        """All beats of the first vector."""
        return self.attr("Labels") // self.attr("PE")

    def resources(self) -> Resources:
        """A comparator and two multiplexers per lane; equals Yosys at 10 labels of 16 bits, PE 1 (38)."""
        bits, out = self.streams_in()[0].dtype.bitwidth(), self.streams_out()[0].dtype.bitwidth()
        further = (self.attr("PE") - 1) * (bits // 2 + bits + out + 6)
        return pair_area(out) + Resources(lut=bits // 2 + out + 18 + further, ff=bits + 3 * out)

    def _vectors(self) -> tuple[int, ...]:
        vectors = tuple(int(d) for d in self.attr("numInputVectors"))
        assert prod(vectors) > 0, "FINN never makes an empty stream"
        return vectors
