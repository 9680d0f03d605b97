"""SWG: the sliding window of a convolution, with padding inside."""

from __future__ import annotations

from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from onnx import NodeProto, helper
from qonnx.core.datatype import BaseDataType, DataType

from finn_build.dataflow.ops._ring import pixels_kept
from finn_build.dataflow.ops._windowed import WINDOW, Windowed
from finn_build.dataflow.ops.base import DOMAIN, StreamOp, Trait
from finn_build.dataflow.ops.finn_op import chip_of
from finn_build.dataflow.stream import Resources, Stream, sizes


@register_custom_op
class SWG_rtl(Windowed, StreamOp):  # noqa: N801  (FINN's naming)
    """Cut the windows of a convolution out of a stream of pixels.

    Shapes: (1, H, W, C) -> (1, OH, OW, kh*kw*C), a window in the order (ky, kx, c).
    Padded places are 0; bipolar input with padding gives TERNARY output, else the type stays.
    """

    rtl_module = "sf_swg"
    window_lanes = "SIMD"
    traits = frozenset({Trait.SLIDES, Trait.WINDOW, Trait.FOLLOWS})
    lane_sizes = sizes(SIMD="IFMChannels")
    ram_styles = ("block", "distributed", "ultra")
    rtl_sources = ("lib/sf_ram.sv", "swg/sf_swg_walk.sv", "swg/sf_swg_core.sv", "swg/sf_swg.sv")

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """The window's, and its lanes."""
        return WINDOW | {"SIMD": ("i", False, 1)}

    def _output_type(self) -> BaseDataType:
        dtype = DataType[self.attr("inputDataType")]
        ternary = dtype == DataType["BIPOLAR"] and any(self.window.padding)
        return DataType["TERNARY"] if ternary else dtype

    def streams_out(self) -> list[Stream]:
        """The windows, SIMD channels a beat."""
        height, width = self.window.windows
        elements = self.window.places * self.attr("SIMD")
        return [Stream((1, height, width, elements), self.attr("SIMD"), self._output_type())]

    def rtl_parameters(self) -> dict[str, int | str]:
        """Geometry, the ring's depth and its kind of memory."""
        word = self.streams_in()[0]
        return {
            "SIMD": self.attr("SIMD"),
            "BITS": word.dtype.bitwidth(),
            "TERNARY": int(self._output_type() != word.dtype),
            **self.window.parameters,
            **self.ring_parameters(),
        }

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Windows by slicing, padded places 0."""
        patches = self.window.patches(operands[0], 0)
        return (patches.reshape(*patches.shape[:3], -1),)

    def follow(self, reader: StreamOp) -> None:
        """Its lanes are the reader's."""
        self.set_nodeattr("SIMD", reader.streams_in()[0].lanes)

    def beats_missing(self, arrival: int, reading: int, capture: float) -> int:
        """Words that the ring is too short for, and a pixel."""
        kept = pixels_kept(self.window, arrival, reading, capture) * self.window.folds
        missing = kept - self.ring[0]
        return missing + self.window.folds if missing > 0 else 0

    def widened(self) -> list[NodeProto]:
        """A WideSWG of the same name and tensors; it cannot pad bipolar pixels, whose windows are three-valued."""
        if self.attr("inputDataType") == "BIPOLAR" and any(self.attr("Padding")):
            return []
        node = self.onnx_node
        wide = helper.make_node(
            "WideSWG_rtl", list(node.input), list(node.output), name=node.name, domain=DOMAIN, backend="fpgadataflow",
            **{name: self.attr(name) for name in (*WINDOW, "ram_style")}, **chip_of(self),
        )  # fmt: skip
        wide.doc_string = node.doc_string
        return [wide]

    def fill_cycles(self) -> int:
        """Two cycles, or one when the first beat is padding and waits for nothing."""
        return 1 if any(self.window.padding[:2]) else 2

    def resources(self) -> Resources:
        """The core's; ternary output costs at most its inverters, which the next op absorbs."""
        return self.core_area()
