"""StreamPool: maximum or sum over windows, channel by channel."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import BaseDataType, DataType

from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.dataflow.ops._ram import lutram_luts
from finn_build.dataflow.ops._windowed import WINDOW, Windowed
from finn_build.dataflow.ops.base import FIFO_RTL, StreamOp, Trait
from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.stream import Resources, Stream, sizes


@register_custom_op
class StreamPool_rtl(Windowed, StreamOp):  # noqa: N801  (FINN's naming)
    """Pool with its window inside: (1, H, W, C) -> (1, OH, OW, C).

    Padded places are ignored by the maximum and add 0 to the sum. The maximum keeps the input's type; the sum takes
    the smallest that holds kh*kw elements of any value. Where windows neither overlap nor are padded, a row of
    results so far replaces the line buffer.
    """

    rtl_module = "sf_pool"
    window_lanes, depthwise = "PE", True
    traits = frozenset({Trait.WINDOW, Trait.MONOTONE, Trait.FOLDED})
    lane_sizes = sizes(PE="IFMChannels")
    ram_styles = ("block", "distributed")
    rtl_sources = (
        *(*FIFO_RTL, "swg/sf_swg_walk.sv", "swg/sf_swg_core.sv"),
        *(f"pool/sf_pool{part}.sv" for part in ("_lane", "_tiles", "")),
    )

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """The window's, its lanes, and what is done."""
        return WINDOW | {"PE": ("i", False, 1), "Function": ("s", True, "", {"max", "sum"})}

    @property
    def tiled(self) -> bool:
        """Whether windows neither overlap nor are padded nor leave gaps, so that no line buffer is needed."""
        window = self.window
        return window.stride == window.kernel == window.reach and not any(window.padding)

    @property
    def _spaced(self) -> bool:
        """Whether results have a cycle between them, as in sf_pool.sv."""
        (kh, kw), folds = self.window.kernel, self.window.folds
        return folds == 1 and kw > 1 if self.tiled else kh * kw > 1

    @property
    def _sums(self) -> bool:
        return self.attr("Function") == "sum"

    def _output_type(self) -> BaseDataType:
        dtype, count = DataType[self.attr("inputDataType")], prod(self.window.kernel)
        return integer_range_dtype(int(dtype.min()) * count, int(dtype.max()) * count) if self._sums else dtype

    def streams_out(self) -> list[Stream]:
        """The pooled image, PE channels a beat."""
        shape = (1, *self.window.windows, self.attr("IFMChannels"))
        return [Stream(shape, self.attr("PE"), self._output_type())]

    def rtl_parameters(self) -> dict[str, int | str]:
        """Lanes, types and geometry."""
        image, pooled = self.streams_in()[0], self.streams_out()[0]
        bipolar = image.dtype == DataType["BIPOLAR"]
        return {
            "PE": self.attr("PE"),
            "BITS": image.dtype.bitwidth(),
            "OUT_BITS": pooled.dtype.bitwidth(),
            "SUM": int(self._sums),
            "SIGNED": int(image.dtype.signed() and not bipolar),
            "BIPOLAR": int(bipolar),
            "TILED": int(self.tiled),
            **self.window.parameters,
            **({} if self.tiled else self.ring_parameters()),
        }

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Reduce the windows; padded places hold the type's least value for the maximum, 0 for the sum."""
        if self._sums:
            return (self.window.patches(operands[0], 0).sum(axis=(3, 4)),)
        least = int(DataType[self.attr("inputDataType")].min())
        return (self.window.patches(operands[0], least).max(axis=(3, 4)),)

    def burst_beats(self, stream: Stream) -> int:
        """A row of results comes with the last row of its windows."""
        return stream.beats // self.streams_out()[0].shape[1]

    def beat_cycles(self, beats: np.ndarray) -> np.ndarray:
        """A place of the window a cycle, where it is read from a line buffer."""
        return beats if self.tiled else beats * prod(self.window.kernel)

    def fill_cycles(self) -> int:
        """Until the first window is complete, then one register (tiled) or two."""
        if self.tiled:
            kernel_height, kernel_width = self.window.kernel
            return ((kernel_height - 1) * self.window.image[1] + kernel_width - 1) * self.window.folds + 1
        return self.window.first_window_cycles() + 2

    def cycles_behind(self, beats: np.ndarray) -> np.ndarray:
        """Padded places behind the last one within the image, then two registers."""
        if self.tiled:
            return super().cycles_behind(beats)
        return self.window.places_behind(beats // self.window.folds) + 3

    def resources(self) -> Resources:
        """Lanes, and either the row of results or the window core.

        Source: Yosys 0.70 `synth_xilinx`, xc7, 11 configurations of 1 to 64 lanes, 1 to 10 bits; LUT within 15%, FF
        within 1 without a window core.
        """
        image, pooled, pe = self.streams_in()[0], self.streams_out()[0], self.attr("PE")
        in_bits, out_bits = image.dtype.bitwidth(), pooled.dtype.bitwidth()
        results = Resources(ff=pooled.width + 1) if self._spaced else pair_area(pooled.width)
        if not self.tiled:
            lane = out_bits if self._sums else 2.7
            core = self.core_area()
            return core + results + Resources(lut=round(pe * lane) + 5, ff=pooled.width + 1)
        lane = out_bits if self._sums else max(1, 2.8 * in_bits - 2.6)
        words = self.window.windows[1] * self.window.folds
        row = Resources(lut=lutram_luts(words, pooled.width) if words > 1 else 0, ff=pooled.width)
        if self.window.folds == 1 and words > 1 and self.window.kernel[1] > 1:
            row += Resources(lut=pooled.width)  # a result is read as it is written
        return results + row + self._tiles_area(words) + Resources(lut=round(pe * lane))

    def _tiles_area(self, words: int) -> Resources:
        """Of sf_pool_tiles.sv: counters, flags of their ends, and where the walk stands and may go on to."""
        (height, width), folds = self.window.image, self.window.folds
        sides = [kernel for kernel, size in zip(self.window.kernel, (height, width), strict=True) if size > 1]
        counters = sum((size - 1).bit_length() for size in (folds, height, width))
        counters += sum(max(1, (kernel - 1).bit_length()) for kernel in sides)
        address, ahead, flags = (words - 1).bit_length(), 1 + (folds > 1), (folds > 1) + 3 * len(sides)
        control = round(1.3 * (counters + address) + 10 + ahead * address / 3)
        return Resources(lut=control, ff=counters + flags + (1 + ahead) * address)
