"""DuplicateStreams: one stream to several equal ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import DataType

from finn_build.dataflow.ops._folds import folds
from finn_build.dataflow.ops.base import FIFO_RTL, StreamOp, Trait
from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.stream import Resources, Stream, sizes
from finn_build.errors import ConfigError


@register_custom_op
class DuplicateStreams_rtl(StreamOp):  # noqa: N801  (FINN's naming)
    """Copy a stream; each output is taken in its own cycle. Attributes are those of FINN's DuplicateStreams."""

    rtl_module = "sf_duplicate"
    traits = frozenset({Trait.COPIES, Trait.IN_STEP, Trait.MONOTONE})
    lane_sizes = sizes(PE="NumChannels")
    ram_styles = ()
    rtl_sources = (*FIFO_RTL, "duplicate/sf_duplicate.sv")

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Attributes, named as in FINN."""
        return {
            "NumChannels": ("i", True, 0),
            "PE": ("i", False, 1),
            "NumOutputStreams": ("i", False, 2),
            "inputDataType": ("s", True, ""),
            "numInputVectors": ("ints", False, [1]),
            "outFIFODepths": ("ints", False, [2, 2]),
        }

    def _stream(self) -> Stream:
        channels, pe = self.attr("NumChannels"), self.attr("PE")
        folds(self.onnx_node.name, "PE", pe, "NumChannels", channels)
        if self.attr("NumOutputStreams") < 2:
            raise ConfigError(f"{self.onnx_node.name}: NumOutputStreams={self.attr('NumOutputStreams')}; legal: >= 2")
        return Stream((*self.attr("numInputVectors"), channels), pe, DataType[self.attr("inputDataType")])

    def streams_in(self) -> list[Stream]:
        """The tensor."""
        return [self._stream()]

    def streams_out(self) -> list[Stream]:
        """The tensor, once per output."""
        return [self._stream()] * self.attr("NumOutputStreams")

    def rtl_parameters(self) -> dict[str, int | str]:
        """Width in bits, number of outputs."""
        return {"WIDTH": self._stream().width, "OUTPUTS": self.attr("NumOutputStreams")}

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """The input, once per output."""
        return (operands[0],) * self.attr("NumOutputStreams")

    def get_exp_cycles(self) -> int:
        """One beat a cycle."""
        return self._stream().beats

    def resources(self) -> Resources:
        """The two places of the input, and for each output whether it has been served.

        Source: Yosys 0.70 `synth_xilinx`, xc7, 2 to 5 outputs, 8 to 32 bits; LUT within 1.
        """
        outputs = self.attr("NumOutputStreams")
        return pair_area(self._stream().width) + Resources(lut=2 * outputs, ff=outputs)
