"""Upsample: pixels repeated (nearest neighbour), or followed by zeros for a transposed convolution."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import BaseDataType, DataType

from finn_build.dataflow.ops._folds import folds
from finn_build.dataflow.ops._ram import RAM_STYLES, bram18_blocks, memory_style, single_port_luts
from finn_build.dataflow.ops.base import FIFO_RTL, StreamOp
from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.stream import Resources, Stream, sizes
from finn_build.errors import ConfigError


@register_custom_op
class Upsample_rtl(StreamOp):  # noqa: N801  (FINN's naming)
    """Pixel (y, x) becomes the block of Scale[0] x Scale[1] pixels from (y*Scale[0], x*Scale[1]) on.

    The block repeats it ("nearest"), or holds it in its first place and zeros elsewhere ("zeros").

    Shapes: (1, H, W, C) -> (1, H*sy, W*sx, C).
    """

    rtl_module = "sf_upsample"
    traits = frozenset()
    lane_sizes = sizes(PE="NumChannels")
    ram_styles = ("block", "distributed")
    rtl_sources = (*FIFO_RTL, "upsample/sf_upsample.sv")

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Attributes."""
        return {
            "IFMDim": ("ints", True, []),  # [H, W]
            "NumChannels": ("i", True, 0),
            "Scale": ("ints", True, []),  # [sy, sx]
            "Function": ("s", False, "nearest", {"nearest", "zeros"}),
            "PE": ("i", False, 1),
            "inputDataType": ("s", True, ""),
        }

    @property
    def _zeros(self) -> bool:
        return bool(self.attr("Function") == "zeros")

    def streams_in(self) -> list[Stream]:
        """The image.

        Raises:
            ConfigError: PE does not divide NumChannels, or a scale is below 1.
        """
        folds(self.onnx_node.name, "PE", self.attr("PE"), "NumChannels", self.attr("NumChannels"))
        if len(self.attr("Scale")) != 2 or min(self.attr("Scale")) < 1:
            raise ConfigError(f"{self.onnx_node.name}: Scale={list(self.attr('Scale'))}; legal: two integers from 1 on")
        return [self._stream(1, 1, DataType[self.attr("inputDataType")])]

    def streams_out(self) -> list[Stream]:
        """The larger image; zeros between bipolar pixels make it three-valued.

        Raises:
            ConfigError: as `streams_in`.
        """
        dtype = self.streams_in()[0].dtype
        three_valued, (sy, sx) = self._zeros and dtype == DataType["BIPOLAR"], self.attr("Scale")
        return [self._stream(sy, sx, DataType["TERNARY"] if three_valued else dtype)]

    def _stream(self, sy: int, sx: int, dtype: BaseDataType) -> Stream:
        height, width = self.attr("IFMDim")
        return Stream((1, height * sy, width * sx, self.attr("NumChannels")), self.attr("PE"), dtype)

    @property
    def _words(self) -> int:
        """Words that are kept: a row, or a pixel where rows are not repeated."""
        if self._zeros:
            return 0
        pixel = self.attr("NumChannels") // self.attr("PE")
        return int(pixel * (self.attr("IFMDim")[1] if self.attr("Scale")[0] > 1 else 1))

    def _style(self) -> str:
        width = self.streams_in()[0].width
        return memory_style(self._words, width, self.attr("ram_style"), self.bram_price)

    def rtl_parameters(self) -> dict[str, int | str]:
        """Geometry and the row's kind of memory."""
        image, out = self.streams_in()[0], self.streams_out()[0]
        return {
            "LANES": image.lanes,
            "BITS": image.dtype.bitwidth(),
            "FOLDS": self.attr("NumChannels") // image.lanes,
            "W": self.attr("IFMDim")[1],
            "SY": self.attr("Scale")[0],
            "SX": self.attr("Scale")[1],
            "ZEROS": int(self._zeros),
            "TERNARY": int(out.dtype != image.dtype),
            "RAM_STYLE": RAM_STYLES["distributed" if self._zeros else self._style()],
        }

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Repeat rows and columns, or spread them out."""
        (sy, sx), x = self.attr("Scale"), operands[0]
        if not self._zeros:
            return (x.repeat(sy, axis=1).repeat(sx, axis=2),)
        out = np.zeros(self.streams_out()[0].shape, x.dtype)
        out[:, ::sy, ::sx] = x
        return (out,)

    def rows_kept(self) -> Fraction:
        """All copies of a row but the first."""
        return 1 - Fraction(1, self.attr("Scale")[0])

    def get_exp_cycles(self) -> int:
        """One beat of output a cycle."""
        return self.streams_out()[0].beats

    def fill_cycles(self) -> int:
        """Two registers."""
        return 2

    def beats_needed(self, beats: np.ndarray, port: int) -> list[np.ndarray]:
        """A beat needs its pixel's; a zero, the pixel before it."""
        (sy, sx), pixel = self.attr("Scale"), self.attr("NumChannels") // self.attr("PE")
        width = self.attr("IFMDim")[1]
        y, x, fold = np.unravel_index(beats, (self.streams_out()[0].shape[1], width * sx, pixel))
        full = np.where(x % sx, pixel, fold + 1)
        needed = (y // sy * width + x // sx) * pixel + full
        return [np.where(y % sy, (y // sy + 1) * width * pixel, needed)]

    def resources(self) -> Resources:
        """Counters and the row; zeros are resets of a register.

        Source: Yosys 0.70 `synth_xilinx`, xc7, 7 configurations of 1 to 32 lanes, 1 to 8 bits; LUT within 5.
        """
        image, out = self.streams_in()[0], self.streams_out()[0]
        (_, w), scale, words = self.attr("IFMDim"), self.attr("Scale"), self._words
        sizes = (self.attr("NumChannels") // image.lanes, w, *scale, words)
        counters = sum((size - 1).bit_length() for size in sizes if size > 1)
        if self._zeros:
            return pair_area(out.width) + Resources(lut=counters + 2, ff=counters + out.width + 1)
        pair = pair_area(out.width)
        control, registers = round(15 + 0.4 * counters) + pair.lut, counters + out.width + 2 + pair.ff
        if self._style() == "block":
            return Resources(control, registers, bram18_blocks(words, image.width))
        return Resources(control + single_port_luts(words, image.width), registers + image.width)
