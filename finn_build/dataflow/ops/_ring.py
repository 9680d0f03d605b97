"""The ring of an image's rows in `sf_swg_core`: how many words it has, in which memory, and what the core takes."""

from __future__ import annotations

from finn_build.dataflow.ops._ram import bram18_blocks, lutram_luts, memory_style, uram_blocks
from finn_build.dataflow.ops._window import Window
from finn_build.dataflow.stream import Resources

_BRAM18_PER_URAM = 16  # that hold as much


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
