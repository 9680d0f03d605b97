"""LabelSelect: the index of the largest value of a vector (top-1); FINN's op, with RTL."""

from math import prod
from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import DataType

from finn_build.dataflow.ops.base import FIFO_RTL, StreamOp
from finn_build.dataflow.ops.fifo import fifo_area, pair_area
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
    rtl_sources = (*FIFO_RTL, "labelselect/sf_largest.sv", "labelselect/sf_labelselect.sv")

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
        """All beats of the first vector; behind several lanes the tree and a deeper FIFO."""
        return self.attr("Labels") // self.attr("PE") + (self._levels + 1 if self._levels else 0)

    def resources(self) -> Resources:
        """Comparators and multiplexers of the tree, one more for the best so far, counters and the FIFO.

        Source: Yosys 0.70 `synth_xilinx`, xc7, 5 configurations of 1 to 20 lanes, 8 to 24 bits: LUT within 9%, FF
        within 15%.
        """
        bits, out = self.streams_in()[0].dtype.bitwidth(), self.streams_out()[0].dtype.bitwidth()
        lanes, levels, beats = self.attr("PE"), self._levels, (self.attr("Labels") // self.attr("PE") - 1).bit_length()
        lut, ff = bits // 2 + out + 23, bits + 2 * out + 2 * beats + (levels + 3).bit_length() + 1 + levels
        for level in range(1, levels + 1):
            lut += lanes // 2 * (bits // 2 + bits + level)
            lanes -= lanes // 2
            ff += lanes * (bits + level)
        indices = fifo_area(levels + 3, out, "distributed") if levels else pair_area(out)
        return indices + Resources(lut=lut + (out if levels else 0), ff=ff)

    @property
    def _levels(self) -> int:
        """Levels of the tree that compares the lanes."""
        return int(self.attr("PE") - 1).bit_length()

    def _vectors(self) -> tuple[int, ...]:
        vectors = tuple(int(d) for d in self.attr("numInputVectors"))
        assert prod(vectors) > 0, "FINN never makes an empty stream"
        return vectors
