"""Pad: rows and columns of one value around an image, or rows and columns less."""

from __future__ import annotations

from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import DataType

from finn_build.dataflow.ops._folds import folds
from finn_build.dataflow.ops.base import FIFO_RTL, StreamOp
from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.stream import Resources, Stream, sizes
from finn_build.errors import ConfigError


@register_custom_op
class StreamPad_rtl(StreamOp):  # noqa: N801  (FINN's naming)
    """`Value` at each side of the image as `Padding` says, in ONNX's order; a negative number crops.

    Shapes: (1, H, W, C) -> (1, H + top + bottom, W + left + right, C).
    """

    rtl_module = "sf_pad"
    traits = frozenset()
    lane_sizes = sizes(PE="NumChannels")
    ram_styles = ()
    rtl_sources = (*FIFO_RTL, "pad/sf_pad.sv")

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Attributes."""
        return {
            "IFMDim": ("ints", True, []),  # [H, W]
            "NumChannels": ("i", True, 0),
            "Padding": ("ints", True, []),  # [top, left, bottom, right]
            "Value": ("i", False, 0),
            "PE": ("i", False, 1),
            "inputDataType": ("s", True, ""),
        }

    def streams_in(self) -> list[Stream]:
        """The image."""
        return [self._stream(*self.attr("IFMDim"))]

    def streams_out(self) -> list[Stream]:
        """The padded or cropped image.

        Raises:
            ConfigError: nothing is left of the image, PE does not divide NumChannels, or Value is none of the type.
        """
        (height, width), (top, left, bottom, right) = self.attr("IFMDim"), self.attr("Padding")
        node, dtype = self.onnx_node.name, DataType[self.attr("inputDataType")]
        if height + top + bottom < 1 or width + left + right < 1:
            raise ConfigError(f"{node}: Padding={list(self.attr('Padding'))} leaves nothing of {height}x{width} pixels")
        if max(self.attr("Padding")) > 0 and not dtype.allowed(value := self.attr("Value")):
            raise ConfigError(f"{node}: {dtype.name} has no {value} to pad with; legal: types that hold {value}")
        return [self._stream(height + top + bottom, width + left + right)]

    def _stream(self, height: int, width: int) -> Stream:
        folds(self.onnx_node.name, "PE", self.attr("PE"), "NumChannels", self.attr("NumChannels"))
        return Stream(
            (1, height, width, self.attr("NumChannels")), self.attr("PE"), DataType[self.attr("inputDataType")]
        )

    def _canvas(self) -> dict[str, int]:
        """Sizes and places of canvas, input and output, as the module's parameters."""
        (height, width), (top, left, _, _) = self.attr("IFMDim"), self.attr("Padding")
        _, out_height, out_width, _ = self.streams_out()[0].shape
        it, il, ot, ol = max(top, 0), max(left, 0), max(-top, 0), max(-left, 0)
        return {
            "CH": max(it + height, ot + out_height), "CW": max(il + width, ol + out_width),
            "IT": it, "IL": il, "IH": height, "IW": width, "OT": ot, "OL": ol, "OH": out_height, "OW": out_width,
        }  # fmt: skip

    @property
    def _folds(self) -> int:
        return int(self.attr("NumChannels") // self.attr("PE"))

    def rtl_parameters(self) -> dict[str, int | str]:
        """Geometry, and the code of what is padded with."""
        dtype, value = self.streams_in()[0].dtype, self.attr("Value")
        code = int(value > 0) if dtype == DataType["BIPOLAR"] else value % (1 << dtype.bitwidth())
        return {"BITS": dtype.bitwidth(), "FILL": code, "PE": self.attr("PE"), "FOLDS": self._folds, **self._canvas()}

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Pad, then crop."""
        top, left, bottom, right = self.attr("Padding")
        sides = ((0, 0), (max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0)), (0, 0))
        grown = np.pad(operands[0], sides, constant_values=self.attr("Value"))
        c, (_, height, width, _) = self._canvas(), self.streams_out()[0].shape
        return (grown[:, c["OT"] : c["OT"] + height, c["OL"] : c["OL"] + width],)

    def get_exp_cycles(self) -> int:
        """One place of the canvas a cycle."""
        canvas = self._canvas()
        return canvas["CH"] * canvas["CW"] * self._folds

    def fill_cycles(self) -> int:
        """Places between the first of the input and the first that is sent, which padding puts before it."""
        canvas = self._canvas()
        places = (canvas["OT"] - canvas["IT"]) * canvas["CW"] + canvas["OL"] - canvas["IL"]
        return places * self._folds + 1

    def beat_cycles(self, beats: np.ndarray) -> np.ndarray:
        """The places of the canvas between them."""
        canvas = self._canvas()
        y, x, fold = np.unravel_index(beats, (canvas["OH"], canvas["OW"], self._folds))
        return (y * canvas["CW"] + x) * self._folds + fold

    def beats_needed(self, beats: np.ndarray, port: int) -> list[np.ndarray]:
        """All input on the canvas up to the place that is sent."""
        canvas = self._canvas()
        y, x, fold = np.unravel_index(beats, (canvas["OH"], canvas["OW"], self._folds))
        row, column = y + canvas["OT"] - canvas["IT"], x + canvas["OL"] - canvas["IL"]
        inside = (column >= 0) & (column < canvas["IW"])
        in_row = np.where(inside, column * self._folds + fold + 1, np.where(column < 0, 0, canvas["IW"] * self._folds))
        rows = np.clip(row, 0, canvas["IH"])
        return [rows * canvas["IW"] * self._folds + np.where((row >= 0) & (row < canvas["IH"]), in_row, 0)]

    def resources(self) -> Resources:
        """Counters, their bounds and the two places of the output.

        Source: Yosys 0.70 `synth_xilinx`, xc7, 4 configurations of 1 to 16 lanes; LUT within 1.
        """
        canvas, width = self._canvas(), self.streams_in()[0].width
        counters = sum((size - 1).bit_length() for size in (canvas["CH"], canvas["CW"], self._folds))
        return pair_area(width) + Resources(lut=round(1.3 * counters) + 4, ff=counters)
