"""WideSWG: the sliding window of a convolution, a whole window in every beat."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache
from math import ceil
from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from onnx import helper
from qonnx.core.datatype import DataType

from finn_build.dataflow.ops._ram import RAM_STYLES, bram18_blocks, lutram_luts, memory_style
from finn_build.dataflow.ops._window import Window
from finn_build.dataflow.ops._windowed import WINDOW, Windowed
from finn_build.dataflow.ops.base import DOMAIN, FIFO_RTL, StreamOp, Trait
from finn_build.dataflow.ops.fifo import StreamFIFO_rtl
from finn_build.dataflow.ops.finn_op import chip_of
from finn_build.dataflow.stream import Resources, Stream, sizes
from finn_build.errors import ConfigError

_LEAST_DEPTH = 4  # columns: the FIFO's own latency


@register_custom_op
class WideSWG_rtl(Windowed, StreamOp):  # noqa: N801  (FINN's naming)
    """Cut the windows of a convolution out of a stream of pixels, one window a beat.

    Where SWG reads a window place by place, kh*kw*C/SIMD cycles each, this takes one cycle for each column that the
    window moves on. It is for first layers: few channels, large kernels.

    Shapes: (1, H, W, C), a pixel a beat -> (1, OH, OW, kh*kw*C), a window a beat in the order (ky, kx, c).
    Padded places are 0, so that bipolar input cannot be padded.
    """

    rtl_module = "sf_wideswg"
    window_lanes = "IFMChannels"
    traits = frozenset({Trait.SLIDES, Trait.WINDOW})
    lane_sizes = sizes()
    ram_styles = ("block", "distributed")
    rtl_sources = (*FIFO_RTL, *(f"wideswg/sf_wideswg{part}.sv" for part in ("_columns", "_windows", "")))

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """The window's; `WindowCycles` is the time that the reader takes for a window."""
        return WINDOW | {"WindowCycles": ("i", False, 1)}

    @cached_property
    def window(self) -> Window:
        """Geometry of the window.

        Raises:
            ConfigError: The window does not fit, or bipolar input is padded.
        """
        if self.attr("inputDataType") == "BIPOLAR" and any(self.attr("Padding")):
            raise ConfigError(
                f"{self.onnx_node.name}: padding {list(self.attr('Padding'))} of BIPOLAR input, which has no 0; "
                "use SWG_rtl"
            )
        return super().window

    def streams_out(self) -> list[Stream]:
        """The windows, one a beat."""
        height, width = self.window.windows
        elements = self.window.places * self.attr("IFMChannels")
        return [Stream((1, height, width, elements), elements, DataType[self.attr("inputDataType")])]

    def rtl_parameters(self) -> dict[str, int | str]:
        """Geometry, and the memories."""
        columns = self._fifo.rtl_parameters()
        return {
            "C": self.attr("IFMChannels"),
            "BITS": self.streams_in()[0].dtype.bitwidth(),
            **self.window.geometry,
            "DEPTH": columns["DEPTH"],
            "RAM_STYLE": RAM_STYLES[self._rows_style],
            "FIFO_STYLE": columns["RAM_STYLE"],
        }

    @property
    def _rows_shape(self) -> tuple[int, int]:
        """Words and width of the memory of the latest rows."""
        return self.window.image[1], (self.window.reach[0] - 1) * self.streams_in()[0].width

    @property
    def _rows_style(self) -> str:
        return memory_style(*self._rows_shape, self.attr("ram_style"), self.attr("lutsPerBram18"))

    @property
    def _fifo(self) -> StreamFIFO_rtl:
        """The FIFO of columns, as an op of its own."""
        elements = self.window.kernel[0] * self.attr("IFMChannels")
        depth = max(fifo_depth(self.window, 1), fifo_depth(self.window, self.attr("WindowCycles")))
        node = helper.make_node(
            "StreamFIFO_rtl", [], [], name=f"{self.onnx_node.name}_fifo", domain=DOMAIN, shape=[1, elements],
            lanes=elements, depth=depth, dataType=self.attr("inputDataType"), ram_style=self.attr("ram_style"),
            **chip_of(self),
        )  # fmt: skip
        return StreamFIFO_rtl(node)

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Windows by slicing, padded places 0."""
        patches = self.window.patches(operands[0], 0)
        return (patches.reshape(*patches.shape[:3], -1),)

    def follow(self, reader: StreamOp) -> None:
        """It learns the reader's pace."""
        height, width = self.window.windows
        self.set_nodeattr("WindowCycles", reader.get_exp_cycles() // (height * width))

    def beats_missing(self, arrival: int, reading: int, capture: float) -> int:
        """Pixels of a frame that come while it gives the last windows of the one before; none where all wait outside.

        Where they come as evenly as windows are read, these are the rows before the first window, and half a row.
        """
        (rows, columns), (top, *_), width = self.window.reach, self.window.padding, self.window.image[1]
        return (rows - 1 - top) * width + width // 2 + columns if arrival else 0

    def beats_ahead(self, interval: int) -> int:
        """Windows that are read while the columns of a row's first one come in, where the frame has no time for those.

        They are its registers: they hold the last window of a row until it is taken.
        """
        cycles, first = self.attr("WindowCycles"), self.window.reach[1] - self.window.padding[1]
        return ceil(first / cycles) - 1 if _window_cycles(self.window, cycles) > interval else 0

    def beats_needed(self, beats: np.ndarray, port: int) -> list[np.ndarray]:
        """A window needs its last place."""
        return [replace(self.window, depthwise=True).beats_needed(beats)]

    def get_exp_cycles(self) -> int:
        """The slower half: max(rows*W, OH*((OW-1)*sw + kw - left)); rows: H, or as far below as windows reach."""
        return max(_column_cycles(self.window), _window_cycles(self.window, 1))

    def beat_cycles(self, beats: np.ndarray) -> np.ndarray:
        """The columns between two windows, a cycle each; below the image no pixel sets the pace of a row."""
        (height, width), stride, image = self.window.windows, self.window.stride, self.window.image
        row, window = np.divmod(beats, width)
        row_cycles = _window_cycles(self.window, 1) // height
        within = (image[0] + self.window.padding[0] - self.window.reach[0]) // stride[0]  # last row of windows
        below = np.maximum(0, row - within) * max(0, stride[0] * image[1] - row_cycles)
        return row * row_cycles + below + window * stride[1]

    def fill_cycles(self) -> int:
        """Pixels before the one that completes the first window, and four cycles."""
        (height, width), (top, left, *_) = self.window.reach, self.window.padding
        return (height - 1 - top) * self.window.image[1] + width - left + 3

    def resources(self) -> Resources:
        """Counters, the memory of rows, the FIFO of columns, and registers for a window.

        Source: Yosys 0.70 `synth_xilinx`, xc7. LUTs measured and estimated: 9x9 stride 2 over 224x224 of 8 bits for a
        reader of 6 cycles 71, 73; 7x7 stride 2 over 224x224x3, 4 cycles, 686, 681; 5x5 padded over 32x32 133, 132;
        9x9 stride 2 over 16x18 156, 149; 3x3 stride 2 over 64x64 70, 80. FF within 3.
        """
        (words, width), pixel, fifo = self._rows_shape, self.streams_in()[0].width, self._fifo.resources()
        block = self._rows_style == "block" and words > 1
        columns = _reach(self.window, 1)
        waits = (self.window.reach[axis] - self.window.padding[axis] for axis in (0, 1))
        counts = [
            words,
            _column_cycles(self.window) // words,
            columns,
            *(max(wait, stride) for wait, stride in zip(waits, self.window.stride, strict=True)),
        ]
        bits = sum(max(1, (count - 1).bit_length()) for count in counts)
        address = max(1, (words - 1).bit_length()) if width and words > 1 else 0
        window = pixel * self.window.kernel[0] * self.window.reach[1]
        registers = pixel + window + (0 if block else width) + bits + address + 3
        return Resources(
            lut=fifo.lut + round(6 + 0.9 * bits) + (lutram_luts(words, width) if not block and words > 1 else 0),
            ff=fifo.ff + registers,
            bram18=fifo.bram18 + (bram18_blocks(words, width) if block else 0),
        )


def _reach(window: Window, axis: int) -> int:
    """Rows or columns from the image's first one to the last that windows cover."""
    steps = (window.windows[axis] - 1) * window.stride[axis]
    return steps + window.reach[axis] - window.padding[axis]


def _column_cycles(window: Window) -> int:
    """Cycles in which a frame becomes columns."""
    return max(window.image[0], _reach(window, 0)) * window.image[1]


def _window_cycles(window: Window, cycles: int) -> int:
    """Cycles in which columns become windows, for a reader that takes one every `cycles`."""
    (height, width), (_, left, *_) = window.windows, window.padding
    return height * ((width - 1) * max(cycles, window.stride[1]) + max(cycles, window.reach[1] - left))


@lru_cache(maxsize=1024)
def fifo_depth(window: Window, cycles: int) -> int:
    """Columns between the halves that keep the interval between frames at that of the slower one.

    With the second half slower, it reads every column at its latest; a column must be written two cycles earlier, and
    earlier still where later ones would be late: that is its deadline, and the columns read until then have left.
    With the first half slower, it never pauses; the second reads each column as soon as it can.

    Args:
        window: Geometry.
        cycles: Time of a window at the reader.
    """
    written, read = _write_cycles(window), _read_cycles(window, cycles)
    period = max(_column_cycles(window), _window_cycles(window, cycles))
    count = len(written)
    if period == _window_cycles(window, cycles):
        written = np.concatenate([written + frame * _column_cycles(window) for frame in range(3)])
        read = np.concatenate([read + frame * period for frame in range(3)])
        read += (written + 2 - read)[:count].max()
        slack = np.minimum.accumulate((read - written)[::-1])[::-1]
        deadline = slack + written - 2
        needed = np.arange(len(read)) - (np.searchsorted(read, deadline - 1, side="right") - 1)
        return max(_LEAST_DEPTH, int(needed[count : 2 * count].max()))
    written = np.concatenate([written + frame * period for frame in range(2)])
    read = np.concatenate([read, read + _window_cycles(window, cycles)])
    read = np.maximum.accumulate(written + 2 - read) + read
    left = np.searchsorted(read, written - 1, side="right")
    needed = np.arange(1, len(read) + 1) - left
    return max(_LEAST_DEPTH, int(needed.max()))


def _write_cycles(window: Window) -> np.ndarray:
    """Cycle of each column of a frame when pixels never pause; [OH * columns]."""
    width = window.image[1]
    rows = np.arange(window.windows[0]) * window.stride[0] + window.reach[0] - 1 - window.padding[0]
    return (rows[:, None] * width + np.arange(min(width, _reach(window, 1)))).ravel()


def _read_cycles(window: Window, cycles: int) -> np.ndarray:
    """Cycle of each column of a frame when it is read as late as its window allows; [OH * columns]."""
    height, stride, first = window.windows[0], window.stride[1], window.reach[1] - window.padding[1]
    row = _window_cycles(window, cycles) // height
    column = np.arange(min(window.image[1], _reach(window, 1)))
    later = np.maximum(0, column - first) // stride + 1  # window that the column completes or precedes, but the first
    in_window = (column - first) % stride
    start = max(cycles, first)
    cycle = np.where(column < first, start - first + column, start + later * max(cycles, stride) - stride + in_window)
    return (np.arange(height)[:, None] * row + cycle).ravel()
