"""Estimated area of a BitConv: rows, memories, popcounts, shortcut and step function."""

from __future__ import annotations

from finn_build.dataflow.ops._bitconv_parts import BitConvParts
from finn_build.dataflow.ops._memory import rom_area
from finn_build.dataflow.ops._ring import core_area
from finn_build.dataflow.ops.fifo import fifo_area, fifo_style
from finn_build.dataflow.stream import Resources


def bitconv_area(op: BitConvParts) -> Resources:
    """Sum of the parts."""
    parts = [core_area(op.window, op.attr("SIMD"), *op.ring), _memories(op), _shortcut(op), _arithmetic(op)]
    return Resources(sum(p.lut for p in parts), sum(p.ff for p in parts), sum(p.bram18 for p in parts))


def _memories(op: BitConvParts) -> Resources:
    """Weights; steps and their table or lines, once a lane; thresholds of the signs."""
    (words, width, block), lanes, x = op.weights_memory, op.attr("Lanes"), op.streams_in()[0]
    (lut, bram), ff = rom_area(words, width, block=block), width  # Yosys has no output register of block RAM
    for rom in filter(None, op.lane_memories):
        area = rom.area()
        lut, bram, ff = lut + lanes * area[0], bram + lanes * area[1], ff + lanes * rom.width * (not rom.block)
    if op.sign_steps:
        rows, bits = op.attr("IFMChannels") // x.lanes, x.lanes * (x.dtype.bitwidth() + 1)
        lut += rom_area(rows, bits, block=False)[0] + 4 * x.lanes
    return Resources(lut, ff, bram)


def _shortcut(op: BitConvParts) -> Resources:
    """The FIFO of an input that is its own shortcut."""
    if op.attr("shortcut") != "own":
        return Resources()
    depth, width = op.kept, op.streams_in()[0].width
    return fifo_area(depth, width, fifo_style(depth, width, op.bram_price))


def _arithmetic(op: BitConvParts) -> Resources:
    """Popcounts, accumulators, and the search or the division."""
    pe, simd, lanes = op.attr("PE"), op.attr("SIMD"), op.attr("Lanes")
    acc, total = op.acc.bitwidth(), op.total.bitwidth()
    each = op.popcount.lut + acc + (acc if pe > lanes else 0)
    lut = round(pe * each + lanes * (1.5 * total + 4) + 30)
    ff = simd * 2 + pe * (2 * acc + 6 + op.popcount.bits) + lanes * (total + op.stages * 2) + 40
    if op.attr("affineSteps"):
        remainder = max(total + op.attr("affineFraction"), *(int(b) for b in op.attr("affineBits")))
        lut, ff = lut + int(lanes * 1.5 * remainder), ff + lanes * (remainder + 3)
    return Resources(int(lut), int(ff))
