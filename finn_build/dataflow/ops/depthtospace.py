"""DepthToSpace: channels become pixels, the second half of a transposed convolution of stride = kernel."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import DataType

from finn_build.dataflow.ops._folds import folds
from finn_build.dataflow.ops._ram import RAM_STYLES, bram18_blocks, memory_style, single_port_luts
from finn_build.dataflow.ops.base import FIFO_RTL, StreamOp
from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.stream import Resources, Stream, sizes
from finn_build.errors import ConfigError


@register_custom_op
class DepthToSpace_rtl(StreamOp):  # noqa: N801  (FINN's naming)
    """Channel (by*s + bx)*C + c of pixel (y, x) becomes channel c of pixel (y*s + by, x*s + bx).

    Shapes: (1, H, W, s*s*C) -> (1, H*s, W*s, C).
    """

    rtl_module = "sf_depthtospace"
    traits = frozenset()
    lane_sizes = sizes(PE="NumChannels")
    ram_styles = ("block", "distributed")
    rtl_sources = (*FIFO_RTL, "depthtospace/sf_depthtospace.sv")

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Attributes; `NumChannels` counts those of the output."""
        return {
            "IFMDim": ("ints", True, []),  # [H, W]
            "NumChannels": ("i", True, 0),
            "BlockSize": ("i", True, 2),
            "PE": ("i", False, 1),
            "inputDataType": ("s", True, ""),
        }

    def streams_in(self) -> list[Stream]:
        """The deep image.

        Raises:
            ConfigError: PE does not divide NumChannels, or BlockSize is below 2.
        """
        folds(self.onnx_node.name, "PE", self.attr("PE"), "NumChannels", self.attr("NumChannels"))
        if self.attr("BlockSize") < 2:
            raise ConfigError(f"{self.onnx_node.name}: BlockSize={self.attr('BlockSize')}; legal: 2 and more")
        height, width = self.attr("IFMDim")
        return [self._stream(height, width, self.attr("BlockSize") ** 2 * self.attr("NumChannels"))]

    def streams_out(self) -> list[Stream]:
        """The wide image."""
        height, width = (size * self.attr("BlockSize") for size in self.attr("IFMDim"))
        return [self._stream(height, width, self.attr("NumChannels"))]

    def _stream(self, height: int, width: int, channels: int) -> Stream:
        return Stream((1, height, width, channels), self.attr("PE"), DataType[self.attr("inputDataType")])

    @property
    def _words(self) -> int:
        """Words of the rows that are stored."""
        s = self.attr("BlockSize")
        return int((s - 1) * s * self.attr("IFMDim")[1] * self.attr("NumChannels") // self.attr("PE"))

    def _style(self) -> str:
        width = self.streams_in()[0].width
        return memory_style(self._words, width, self.attr("ram_style"), self.bram_price)

    def rtl_parameters(self) -> dict[str, int | str]:
        """Geometry and the rows' kind of memory."""
        return {
            "WIDTH": self.streams_in()[0].width,
            "FOLDS": self.attr("NumChannels") // self.attr("PE"),
            "W": self.attr("IFMDim")[1],
            "S": self.attr("BlockSize"),
            "RAM_STYLE": RAM_STYLES[self._style()],
        }

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Split the channels into (by, bx, c), and put by and bx beside y and x."""
        (height, width), s = self.attr("IFMDim"), self.attr("BlockSize")
        blocks = operands[0].reshape(height, width, s, s, -1).transpose(0, 2, 1, 3, 4)
        return (blocks.reshape(self.streams_out()[0].shape),)

    def rows_kept(self) -> Fraction:
        """All rows of a block but the first."""
        return 1 - Fraction(1, self.attr("BlockSize"))

    def burst_beats(self, stream: Stream) -> int:
        """It sends a row of a block, then stores the others."""
        return int(stream.folds * self.attr("BlockSize"))

    def get_exp_cycles(self) -> int:
        """All input, and all rows that were stored meanwhile."""
        return self.streams_in()[0].beats + self.attr("IFMDim")[0] * self._words

    def fill_cycles(self) -> int:
        """Two registers."""
        return 2

    def beat_cycles(self, beats: np.ndarray) -> np.ndarray:
        """A block's first row comes as it passes, the pause of each pixel being the beats that are stored."""
        s, row = self.attr("BlockSize"), self._words // (self.attr("BlockSize") - 1)
        block, beat = np.divmod(beats, s * row)
        pixel, place = np.divmod(beat, row // self.attr("IFMDim")[1])
        passing = pixel * (s * row // self.attr("IFMDim")[1]) + place
        return block * (s * row + self._words) + np.where(beat < row, passing, s * row + beat - row)

    def beats_needed(self, beats: np.ndarray, port: int) -> list[np.ndarray]:
        """A block's first row needs its own beats, the others the whole row of input."""
        s, width = self.attr("BlockSize"), self.attr("IFMDim")[1]
        run = s * self.attr("NumChannels") // self.attr("PE")
        y, x, beat = np.unravel_index(beats, (self.streams_out()[0].shape[1], width, run))
        row = y // s * width
        return [np.where(y % s, row + width, 0) * run * s + np.where(y % s, 0, (row + x) * run * s + beat + 1)]

    def resources(self) -> Resources:
        """Counters, the rows and the choice between a beat that passes and one that was stored.

        Source: Yosys 0.70 `synth_xilinx`, xc7, 5 configurations of 1 to 4 lanes, 6 to 10 bits; LUT within 3.
        """
        width, words, s = self.streams_in()[0].width, self._words, self.attr("BlockSize")
        address = (words - 1).bit_length()
        sizes = (s, self.attr("IFMDim")[1], self.attr("NumChannels") // self.attr("PE"))
        counters = sum((size - 1).bit_length() for size in sizes) + 1
        control = round(10 + counters + 1.3 * address) + 3 * (s - 2) + width + pair_area(width).lut
        registers = counters + address + width + 3 + pair_area(width).ff
        if self._style() == "block":
            return Resources(control, registers, bram18_blocks(words, width))
        return Resources(control + single_port_luts(words, width), registers + width)
