"""Data width converter: the same tensor with other lanes."""

from __future__ import annotations

from math import ceil
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
class StreamDWC_rtl(StreamOp):  # noqa: N801  (FINN's naming)
    """Convert `inLanes` elements a beat to `outLanes`; one divides the other."""

    rtl_module = "sf_dwc"
    traits = frozenset({Trait.COPIES, Trait.IN_STEP, Trait.PACED, Trait.CONVERTS})
    lane_sizes = sizes()
    ram_styles = ()
    rtl_sources = (*FIFO_RTL, "dwc/sf_dwc.sv")

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Attributes: the tensor's shape, lanes a beat on both sides, element type."""
        return {
            "shape": ("ints", True, []),
            "inLanes": ("i", True, 1),
            "outLanes": ("i", True, 1),
            "dataType": ("s", True, ""),
        }

    def _stream(self, attribute: str) -> Stream:
        node, shape = self.onnx_node.name, tuple(self.attr("shape"))
        lanes = self.attr("inLanes"), self.attr("outLanes")
        for name, count in zip(("inLanes", "outLanes"), lanes, strict=True):
            folds(node, name, count, "the last dimension", shape[-1])
        if max(lanes) % min(lanes) != 0:
            raise ConfigError(f"{node}: inLanes={lanes[0]}, outLanes={lanes[1]}: one must divide the other")
        return Stream(shape, self.attr(attribute), DataType[self.attr("dataType")])

    def streams_in(self) -> list[Stream]:
        """The tensor, `inLanes` a beat."""
        return [self._stream("inLanes")]

    def streams_out(self) -> list[Stream]:
        """The tensor, `outLanes` a beat."""
        return [self._stream("outLanes")]

    def rtl_parameters(self) -> dict[str, int | str]:
        """Widths in bits."""
        return {"IN_WIDTH": self.streams_in()[0].width, "OUT_WIDTH": self.streams_out()[0].width}

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """The input."""
        return operands

    def get_exp_cycles(self) -> int:
        """The narrow side moves every cycle."""
        return max(self.streams_in()[0].beats, self.streams_out()[0].beats)

    def fill_cycles(self) -> int:
        """Widening gathers a beat; narrowing passes two registers."""
        lanes_in, lanes_out = self.attr("inLanes"), self.attr("outLanes")
        return 2 if lanes_in > lanes_out else lanes_out // lanes_in

    def resources(self) -> Resources:
        """A register of the wide beat; widening gathers the next one, narrowing adds a multiplexer and two parts.

        Source: Yosys 0.70 `synth_xilinx`, xc7, 28 configurations of 1 to 100 bits; LUT within 3, of narrowing within 1.
        """
        width_in, width_out = self.streams_in()[0].width, self.streams_out()[0].width
        if width_in == width_out:
            return pair_area(width_in)
        ratio = max(width_in, width_out) // min(width_in, width_out)
        count = (ratio - 1).bit_length()
        if width_in < width_out:
            return Resources(lut=4, ff=2 * width_out - width_in + 2 + count)
        of_bit = 1 if ratio <= 4 else ceil((ratio + 1) / 3)
        return Resources(lut=of_bit * width_out + 3 + 3 * count // 2, ff=width_in + 2 * width_out + 3 + count)
