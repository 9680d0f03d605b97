"""Border: rows and columns of the image's own pixels around it."""

from __future__ import annotations

from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import DataType

from finn_build.dataflow.ops._folds import folds
from finn_build.dataflow.ops._ram import RAM_STYLES, bram18_blocks, lutram_luts, memory_style
from finn_build.dataflow.ops.base import FIFO_RTL, StreamOp
from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.stream import Resources, Stream, sizes
from finn_build.errors import ConfigError


@register_custom_op
class StreamBorder_rtl(StreamOp):  # noqa: N801  (FINN's naming)
    """The image reflected at each side as far as `Padding` says, or (`edge`) its first and last pixels repeated.

    Shapes: (1, H, W, C) -> (1, H + top + bottom, W + left + right, C).
    """

    rtl_module = "sf_border"
    traits = frozenset()
    lane_sizes = sizes(PE="NumChannels")
    ram_styles = ("block", "distributed")
    rtl_sources = (*FIFO_RTL, "border/sf_border.sv")

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Attributes."""
        return {
            "IFMDim": ("ints", True, []),  # [H, W]
            "NumChannels": ("i", True, 0),
            "Padding": ("ints", True, []),  # [top, left, bottom, right]
            "Mode": ("s", True, "", {"reflect", "edge"}),
            "PE": ("i", False, 1),
            "inputDataType": ("s", True, ""),
        }

    @property
    def _reflects(self) -> bool:
        return bool(self.attr("Mode") == "reflect")

    def streams_in(self) -> list[Stream]:
        """The image."""
        return [self._stream(*self.attr("IFMDim"))]

    def streams_out(self) -> list[Stream]:
        """The image and its border.

        Raises:
            ConfigError: PE does not divide NumChannels, or the image has no such border.
        """
        (height, width), (top, left, bottom, right) = self.attr("IFMDim"), self.attr("Padding")
        most = (height - 1, width - 1) * 2 if self._reflects else None
        if min(self.attr("Padding")) < 0 or (
            most and any(p > m for p, m in zip(self.attr("Padding"), most, strict=True))
        ):
            legal = f"0 to {height - 1} rows and 0 to {width - 1} columns" if most else "0 or more"
            raise ConfigError(f"{self.onnx_node.name}: Padding={list(self.attr('Padding'))}; legal: {legal}")
        return [self._stream(height + top + bottom, width + left + right)]

    def _stream(self, height: int, width: int) -> Stream:
        channels, lanes = self.attr("NumChannels"), self.attr("PE")
        folds(self.onnx_node.name, "PE", lanes, "NumChannels", channels)
        return Stream((1, height, width, channels), lanes, DataType[self.attr("inputDataType")])

    def _sources(self) -> tuple[np.ndarray, np.ndarray]:
        """Row of the image of each row of the output, and column of each column."""
        (height, width), (top, left, bottom, right) = self.attr("IFMDim"), self.attr("Padding")
        return (
            np.pad(np.arange(height), (top, bottom), self.attr("Mode")),
            np.pad(np.arange(width), (left, right), self.attr("Mode")),
        )

    @property
    def words_kept(self) -> int:
        """Words of the rows that it keeps, as in sf_border.sv."""
        top, _, bottom, _ = self.attr("Padding")
        rows = top + bottom + 2 if self._reflects else 2
        return int(rows * self.attr("IFMDim")[1] * self.streams_in()[0].folds)

    def _style(self) -> str:
        return memory_style(self.words_kept, self.streams_in()[0].width, self.attr("ram_style"), self.bram_price)

    def rtl_parameters(self) -> dict[str, int | str]:
        """Geometry, and the rows' kind of memory."""
        image, (_, out_height, out_width, _) = self.streams_in()[0], self.streams_out()[0].shape
        (height, width), (top, left, _, _) = self.attr("IFMDim"), self.attr("Padding")
        return {
            "WIDTH": image.width, "FOLDS": image.folds, "REFLECT": int(self._reflects), "H": height, "W": width,
            "PT": top, "PL": left, "OH": out_height, "OW": out_width, "RAM_STYLE": RAM_STYLES[self._style()],
        }  # fmt: skip

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Pick rows and columns."""
        rows, columns = self._sources()
        return (operands[0][:, rows][:, :, columns],)

    def get_exp_cycles(self) -> int:
        """One beat of output a cycle."""
        return self.streams_out()[0].beats

    def fill_cycles(self) -> int:
        """The rows that the first one waits for, then two registers."""
        return int(self.beats_needed(np.arange(1), 0)[0][0]) + 2

    def beats_needed(self, beats: np.ndarray, port: int) -> list[np.ndarray]:
        """Whole rows: all up to the last one that was read so far."""
        image, (_, _, out_width, _) = self.streams_in()[0], self.streams_out()[0].shape
        rows = np.maximum.accumulate(self._sources()[0]) + 1
        return [rows[beats // (out_width * image.folds)] * image.shape[2] * image.folds]

    def resources(self) -> Resources:
        """Counters, addresses and the rows.

        Source: Yosys 0.70 `synth_xilinx`, xc7, 6 configurations of 1 to 8 lanes, 1 to 8 bits; LUT within 25, FF
        within 5.
        """
        image, out, words = self.streams_in()[0], self.streams_out()[0], self.words_kept
        counters = sum((n - 1).bit_length() for n in (*out.shape[1:3], image.folds, words // 2))
        address = (words - 1).bit_length()
        area = pair_area(image.width) + Resources(lut=counters + 5 * address + 5, ff=counters + 4 * address + 5)
        if self._style() == "block":
            return area + Resources(bram18=bram18_blocks(words, image.width))
        return area + Resources(lut=lutram_luts(words, image.width), ff=image.width)
