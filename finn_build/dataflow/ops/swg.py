"""SWG: the sliding window of a convolution, with padding inside."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from onnx import NodeProto, helper
from qonnx.core.datatype import BaseDataType, DataType

from finn_build.dataflow.ops._folds import folds
from finn_build.dataflow.ops._ram import (
    RAM_STYLES,
    bram18_blocks,
    lutram_luts,
    memory_style,
    uram_blocks,
)
from finn_build.dataflow.ops._window import Window
from finn_build.dataflow.ops.base import DOMAIN, StreamOp, Trait
from finn_build.dataflow.ops.finn_op import chip_of
from finn_build.dataflow.stream import Resources, Stream, sizes
from finn_build.errors import ConfigError

_KEPT = (
    "IFMDim",
    "IFMChannels",
    "KernelDim",
    "Stride",
    "Padding",
    "Dilation",
    "inputDataType",
    "ram_style",
)  # by `widened`
_BRAM18_PER_URAM = 16  # that hold as much


@register_custom_op
class SWG_rtl(StreamOp):  # noqa: N801  (FINN's naming)
    """Cut the windows of a convolution out of a stream of pixels.

    Shapes: (1, H, W, C) -> (1, OH, OW, kh*kw*C), a window in the order (ky, kx, c).
    Padded places are 0; bipolar input with padding gives TERNARY output, else the type stays.
    """

    rtl_module = "sf_swg"
    traits = frozenset({Trait.SLIDES, Trait.WINDOW, Trait.FOLLOWS})
    lane_sizes = sizes(SIMD="IFMChannels")
    ram_styles = ("block", "distributed", "ultra")
    rtl_sources = ("lib/sf_ram.sv", "swg/sf_swg_walk.sv", "swg/sf_swg_core.sv", "swg/sf_swg.sv")

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Attributes, as in FINN's ConvolutionInputGenerator where it has them."""
        return {
            "IFMDim": ("ints", True, []),  # [H, W]
            "IFMChannels": ("i", True, 0),
            "KernelDim": ("ints", True, []),  # [kh, kw]
            "Stride": ("ints", False, [1, 1]),  # [sh, sw]
            "Padding": ("ints", False, [0, 0, 0, 0]),  # [top, left, bottom, right]
            "Dilation": ("ints", False, [1, 1]),  # [dy, dx]
            "SIMD": ("i", False, 1),
            "inputDataType": ("s", True, ""),
        }

    @cached_property
    def window(self) -> Window:
        """Geometry of the window.

        Raises:
            ConfigError: SIMD does not divide IFMChannels, or the window does not fit.
        """
        return window_of(self, "SIMD", depthwise=False)

    def _output_type(self) -> BaseDataType:
        dtype = DataType[self.attr("inputDataType")]
        ternary = dtype == DataType["BIPOLAR"] and any(self.window.padding)
        return DataType["TERNARY"] if ternary else dtype

    def streams_in(self) -> list[Stream]:
        """The image, SIMD channels a beat."""
        return [image_stream(self, "SIMD", self.window)]

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
            **geometry_parameters(self.window),
            **ring_parameters(self, self.window),
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
        kept = self.window.pixels_kept(arrival, reading, capture) * self.window.folds
        missing = kept - int(self.rtl_parameters()["DEPTH"])
        return missing + self.window.folds if missing > 0 else 0

    def widened(self) -> list[NodeProto]:
        """A WideSWG of the same name and tensors; it cannot pad bipolar pixels, whose windows are three-valued."""
        if self.attr("inputDataType") == "BIPOLAR" and any(self.attr("Padding")):
            return []
        node = self.onnx_node
        wide = helper.make_node(
            "WideSWG_rtl", list(node.input), list(node.output), name=node.name, domain=DOMAIN, backend="fpgadataflow",
            **{name: self.attr(name) for name in _KEPT}, **chip_of(self),
        )  # fmt: skip
        wide.doc_string = node.doc_string
        return [wide]

    def beats_needed(self, beats: np.ndarray, port: int = 0) -> list[np.ndarray]:
        """A place needs its pixel; a padded one nothing."""
        return [self.window.beats_needed(beats)]

    def get_exp_cycles(self) -> int:
        """The busier side's beats: max(OH*OW*kh*kw*C/SIMD, H*W*C/SIMD)."""
        return self.window.cycles

    def fill_cycles(self) -> int:
        """Two cycles, or one when the first beat is padding and waits for nothing."""
        return 1 if any(self.window.padding[:2]) else 2

    def resources(self) -> Resources:
        """The core's; ternary output costs at most its inverters, which the next op absorbs."""
        return core_resources(self, self.window)


def window_of(op: StreamOp, lanes_attribute: str, depthwise: bool) -> Window:
    """Geometry from a node's attributes.

    Raises:
        ConfigError: The lanes do not divide IFMChannels, a list has the wrong length, or the window does not fit.
    """
    node = op.onnx_node.name
    for name, length in (("IFMDim", 2), ("KernelDim", 2), ("Stride", 2), ("Padding", 4), ("Dilation", 2)):
        if len(op.attr(name)) != length:
            raise ConfigError(f"{node}: {name}={list(op.attr(name))} must hold {length} integers")
    height, width = (int(size) for size in op.attr("IFMDim"))
    kernel_height, kernel_width = (int(size) for size in op.attr("KernelDim"))
    stride_y, stride_x = (int(step) for step in op.attr("Stride"))
    top, left, bottom, right = (int(places) for places in op.attr("Padding"))
    dilation_y, dilation_x = (int(step) for step in op.attr("Dilation"))
    return Window(
        image=(height, width),
        kernel=(kernel_height, kernel_width),
        stride=(stride_y, stride_x),
        padding=(top, left, bottom, right),
        folds=folds(node, lanes_attribute, op.attr(lanes_attribute), "IFMChannels", op.attr("IFMChannels")),
        depthwise=depthwise,
        dilation=(dilation_y, dilation_x),
    ).check(node)


def image_stream(op: StreamOp, lanes_attribute: str, window: Window) -> Stream:
    """The image that a window moves over, (1, H, W, C)."""
    shape = (1, *window.image, op.attr("IFMChannels"))
    return Stream(shape, op.attr(lanes_attribute), DataType[op.attr("inputDataType")])


def geometry_parameters(window: Window) -> dict[str, int | str]:
    """Parameters of swg_core and pool that state the geometry."""
    return {
        "FOLDS": window.folds,
        "H": window.image[0],
        "W": window.image[1],
        "KH": window.kernel[0],
        "KW": window.kernel[1],
        "SH": window.stride[0],
        "SW": window.stride[1],
        "DY": window.dilation[0],
        "DX": window.dilation[1],
        "PT": window.padding[0],
        "PL": window.padding[1],
        "OH": window.windows[0],
        "OW": window.windows[1],
    }


def ring_parameters(op: StreamOp, window: Window) -> dict[str, int | str]:
    """Parameters of swg_core that state the ring buffer of an op's image."""
    depth, style = _ring(op, window)
    return {"DEPTH": depth, "RAM_STYLE": RAM_STYLES[style]}


def core_resources(op: StreamOp, window: Window) -> Resources:
    """Area of swg_core for an op's image."""
    return core_area(window, op.streams_in()[0].width, *_ring(op, window))


def _ring(op: StreamOp, window: Window) -> tuple[int, str]:
    width, price = op.streams_in()[0].width, op.attr("lutsPerBram18")
    return ring_choice(window, width, op.attr("ram_style"), window.depth, price)


def ring_choice(window: Window, width: int, ram_style: str, least: int, price: int) -> tuple[int, str]:
    """Words of the ring, `least` or the next power of two (whose addresses wrap by themselves), and its memory."""
    binary = 1 << max(1, (least - 1).bit_length())

    def cost(depth: int) -> int:
        area = core_area(window, width, depth, memory_style(depth, width, ram_style, price))
        return area.lut + price * (area.bram18 + _BRAM18_PER_URAM * area.uram)

    depth = min((binary, least), key=cost)
    return depth, memory_style(depth, width, ram_style, price)


def core_area(window: Window, width: int, depth: int, style: str) -> Resources:
    """Area of swg_core: two margins, two addresses, their next moves and the counters around the memory.

    Source: Yosys 0.70 `synth_xilinx`, xc7, 20 configurations of 8 to 128 bits, 5 to 2,048 words; LUT within 12%, FF
    within 2. An address that wraps at no power of two costs 1.1 LUT a bit more.
    """
    margin, address = window.margin_bits(depth), max(1, (depth - 1).bit_length())
    wraps = depth & (depth - 1) != 0
    control = round(24 + 2.7 * (margin + address) + 1.1 * address * wraps)
    moves = 0.8 if window.kernel != (1, 1) else 0.4  # part of their bits that differ, and are kept
    registers = 4 + round((2 + moves) * (margin + address)) + window.counter_bits
    if style == "block":
        return Resources(lut=control, ff=registers, bram18=bram18_blocks(depth, width))
    if style == "ultra":
        return Resources(lut=control, ff=registers, uram=uram_blocks(depth, width))
    return Resources(lut=control + lutram_luts(depth, width), ff=registers + width)
