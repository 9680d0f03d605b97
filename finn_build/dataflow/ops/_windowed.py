"""What ops with a window share: its attributes, its geometry, the image's stream and the ring of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from qonnx.core.datatype import DataType

from finn_build.dataflow.ops._folds import folds
from finn_build.dataflow.ops._ram import RAM_STYLES
from finn_build.dataflow.ops._ring import core_area, least_words, ring_choice
from finn_build.dataflow.ops._window import Window
from finn_build.dataflow.ops.finn_op import FinnOp
from finn_build.dataflow.stream import Resources, Stream
from finn_build.errors import ConfigError

_PLACES = {"IFMDim": 2, "KernelDim": 2, "Stride": 2, "Padding": 4, "Dilation": 2}  # integers of each
WINDOW: dict[str, Any] = {
    "IFMDim": ("ints", True, []),  # [H, W]
    "IFMChannels": ("i", True, 0),
    "KernelDim": ("ints", True, []),  # [kh, kw]
    "Stride": ("ints", False, [1, 1]),  # [sh, sw]
    "Padding": ("ints", False, [0, 0, 0, 0]),  # [top, left, bottom, right]
    "Dilation": ("ints", False, [1, 1]),  # [dy, dx]
    "inputDataType": ("s", True, ""),
}
"""Attributes of an image and of the window that moves over it, named as in FINN's ConvolutionInputGenerator."""


class Windowed(FinnOp):
    """An op whose attributes hold `WINDOW`; it reads an image once a frame, in raster order.

    Attributes:
        window_lanes: attribute that says how many channels a word of the window has.
        depthwise: order of the places of a window, see `Window`.
    """

    window_lanes: ClassVar[str]
    depthwise: ClassVar[bool] = False

    @cached_property
    def window(self) -> Window:
        """Geometry of the window, in words of its lanes.

        Raises:
            ConfigError: The lanes do not divide IFMChannels, a list has the wrong length, or the window does not fit.
        """
        node, lanes = self.onnx_node.name, self.attr(self.window_lanes)
        image, kernel, stride, padding, dilation = self._lists()
        return Window(
            image=(image[0], image[1]),
            kernel=(kernel[0], kernel[1]),
            stride=(stride[0], stride[1]),
            padding=(padding[0], padding[1], padding[2], padding[3]),
            folds=folds(node, self.window_lanes, lanes, "IFMChannels", self.attr("IFMChannels")),
            depthwise=self.depthwise,
            dilation=(dilation[0], dilation[1]),
        ).check(node)

    def _lists(self) -> Iterator[list[int]]:
        for name, length in _PLACES.items():
            if len(given := self.attr(name)) != length:
                raise ConfigError(f"{self.onnx_node.name}: {name}={list(given)} must hold {length} integers")
            yield [int(value) for value in given]

    def streams_in(self) -> list[Stream]:
        """The image, (1, H, W, C)."""
        shape = (1, *self.window.image, self.attr("IFMChannels"))
        return [Stream(shape, self.attr(self.window_lanes), DataType[self.attr("inputDataType")])]

    @property
    def ring_words(self) -> int:
        """Least words of the ring of rows."""
        return least_words(self.window)

    @cached_property
    def ring(self) -> tuple[int, str]:
        """Words of the ring of rows, and its kind of memory."""
        width, price = self.streams_in()[0].width, self.attr("lutsPerBram18")
        return ring_choice(self.window, width, self.attr("ram_style"), self.ring_words, price)

    def ring_parameters(self) -> dict[str, int | str]:
        """Parameters of the RTL that state the ring."""
        depth, style = self.ring
        return {"DEPTH": depth, "RAM_STYLE": RAM_STYLES[style]}

    def core_area(self) -> Resources:
        """Area of sf_swg_core."""
        return core_area(self.window, self.streams_in()[0].width, *self.ring)

    def beats_needed(self, beats: np.ndarray, port: int) -> list[np.ndarray]:
        """Those of the image, up to the last place of a window; a padded place needs nothing."""
        return [self.window.beats_needed(beats)]

    def get_exp_cycles(self) -> int:
        """Beats of the busier side of the window."""
        return self.window.cycles
