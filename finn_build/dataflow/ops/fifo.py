"""FIFO between two ops."""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import DataType

from finn_build.dataflow.ops._folds import folds
from finn_build.dataflow.ops._ram import (
    RAM_STYLES,
    bram18_blocks,
    bram_multiplexers,
    lutram_luts,
    memory_style,
    uram_blocks,
)
from finn_build.dataflow.ops.base import FIFO_RTL, StreamOp, Trait
from finn_build.dataflow.stream import Resources, Stream, sizes
from finn_build.errors import ConfigError, UnsupportedModelError

_SRL_PLACES = 32
_BURST_BYTES = 128  # of the shell on a bus of 64 bits
_WAITING_IN_LUTS = 16 * 1024  # bits that the shell keeps in LUTRAM before a burst, at most


@register_custom_op
class StreamFIFO_rtl(StreamOp):  # noqa: N801  (FINN's naming)
    """Hold up to `depth` beats; the tensor passes unchanged."""

    rtl_module = "sf_fifo"
    traits = frozenset({Trait.COPIES, Trait.PACED, Trait.BUFFERS})
    lane_sizes = sizes()
    ram_styles = ("block", "distributed", "ultra", "ddr")
    rtl_sources = FIFO_RTL

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Attributes: the tensor's shape, lanes a beat, element type, capacity in beats (at least 2), memory."""
        return {
            "shape": ("ints", True, []),
            "lanes": ("i", True, 1),
            "dataType": ("s", True, ""),
            "depth": ("i", False, 2),
            "leastDepth": ("i", False, 0),  # with less, the skip that it is in stalls for ever; 0 where it is in none
        }

    def _stream(self) -> Stream:
        shape, lanes, depth = tuple(self.attr("shape")), self.attr("lanes"), self.attr("depth")
        folds(self.onnx_node.name, "lanes", lanes, "the last dimension", shape[-1])
        if depth < 2:
            raise ConfigError(f"{self.onnx_node.name}: depth={depth}; legal: 2 and more")
        return Stream(shape, lanes, DataType[self.attr("dataType")])

    def streams_in(self) -> list[Stream]:
        """The tensor."""
        return [self._stream()]

    def streams_out(self) -> list[Stream]:
        """The same tensor."""
        return [self._stream()]

    def _style(self) -> str:
        """Kind of memory."""
        depth, width = self.attr("depth"), self._stream().width
        return fifo_style(depth, width, self.bram_price, self.attr("ram_style"))

    def rtl_parameters(self) -> dict[str, int | str]:
        """Width, depth and kind of memory.

        Raises:
            UnsupportedModelError: it is none of the accelerator's modules.
        """
        if self.in_memory:
            raise UnsupportedModelError(f"{self.onnx_node.name}: lies in the board's memory; only our shell gets there")
        return {"WIDTH": self._stream().width, "DEPTH": self.attr("depth"), "RAM_STYLE": RAM_STYLES[self._style()]}

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """The input."""
        return operands

    def get_exp_cycles(self) -> int:
        """One beat a cycle."""
        return self._stream().beats

    def fill_cycles(self) -> int:
        """Two cycles through the memory, one through the two registers of depth 2."""
        return 1 if self.attr("depth") == 2 else 2

    def resources(self) -> Resources:
        """Area by structure: two registers, shift-register LUTs, LUTRAM, block RAM, or the shell's part in memory."""
        return fifo_area(self.attr("depth"), self._stream().width, self._style())


def fifo_style(depth: int, width: int, price: int, ram_style: str = "auto") -> str:
    """Kind of memory of a FIFO of `depth` beats; two places need none, and up to 32 more fit shift-register LUTs."""
    places = depth - 1
    if ram_style == "auto" and places <= _SRL_PLACES:
        return "distributed"
    return memory_style(places, width, ram_style, price)


def fifo_area(depth: int, width: int, style: str) -> Resources:
    """Area of sf_fifo.sv.

    Source: Yosys 0.70 `synth_xilinx`, xc7, 15 configurations of 1 to 64 bits, 2 to 4,096 beats; LUT within 3 up to
    33 beats, within 10% above; FF exact. Shift registers of up to 16 places count one LUT a bit; a packer pairs them.
    """
    places = depth - 1
    address = max(1, (places - 1).bit_length())
    if style == "ddr":
        return _skip_area(-(-width // 8))
    if places == 1:
        return pair_area(width)
    if style == "distributed" and places <= _SRL_PLACES:
        return Resources(lut=width + 2 + 3 * address, ff=width + address + 3)
    wraps = places & (places - 1) != 0
    by_bit = 2.4 if not wraps else 4.5 if style == "distributed" else 3.75
    control, registers = round(by_bit * address), 3 * address + 4
    if style == "ultra":
        return Resources(lut=control, ff=registers, uram=uram_blocks(places, width))
    if style == "block":
        control += bram_multiplexers(places, width)
        return Resources(lut=control, ff=registers, bram18=bram18_blocks(places, width))
    return Resources(lut=control + lutram_luts(places, width), ff=registers + width)


def pair_area(width: int) -> Resources:
    """Area of the two places that part an op's paths from its neighbours'; source as above."""
    return Resources(lut=width + 4, ff=2 * width + 2)


def _skip_area(beat_bytes: int) -> Resources:
    """Area of sf_shell_skip.sv at a bus of 64 bits.

    Source: Yosys 0.70 `synth_xilinx`, xc7, 11 widths of 1 to 16 bytes: LUT within 6%. A bus of 128 bits takes up to
    twice as many.
    """
    beats = 2 * _BURST_BYTES // gcd(_BURST_BYTES, beat_bytes)
    style = "block" if 8 * beats * beat_bytes > _WAITING_IN_LUTS else "distributed"
    waiting = fifo_area(beats, 8 * beat_bytes, style)
    gearbox = 2 * 64 * (beat_bytes // gcd(beat_bytes, 8) - 1)  # places at which a word can enter, but for the first
    return Resources(lut=890 + gearbox + waiting.lut, ff=750 + 28 * beat_bytes, bram18=waiting.bram18)
