"""Images and area of read-only memories (`rtl/lib/sf_rom.sv`)."""

from math import ceil, exp, log2

import numpy as np

from finn_build.dataflow.ops._ram import bram18_blocks
from finn_build.errors import UnsupportedModelError


def hex_words(values: np.ndarray, bits: int) -> list[str]:
    """Pack rows of integers into hexadecimal words, element 0 in the low bits.

    Args:
        values: Integers [words, elements], two's complement if negative, each of at most `bits` bits.
        bits: Bits of an element, at most 62.

    Returns:
        One word a row, as `$readmemh` reads it.

    Raises:
        UnsupportedModelError: a value does not fit; written all the same, it would be another one.
    """
    if values.size and (values.min() < -(1 << bits - 1) or values.max() >= 1 << bits):
        raise UnsupportedModelError(
            f"a memory of {bits} bits a value: {values.min()} to {values.max()} do not fit; the types of its op do not "
            "hold its parameters"
        )
    planes = (values[:, :, None] & ((1 << bits) - 1)) >> np.arange(bits) & 1
    packed = np.packbits(planes.reshape(len(values), -1).astype(np.uint8), axis=1, bitorder="little")
    digits = ceil(values.shape[1] * bits / 4)
    return [row[::-1].tobytes().hex()[-digits:] for row in packed]


def rom_in_block_ram(ram_style: str, depth: int, width: int, price: int) -> bool:
    """Whether a memory goes to block RAM: as `ram_style` says, or for "auto" where LUTs would cost more.

    Args:
        ram_style: "auto", "block" or "distributed".
        depth, width: its words and their bits.
        price: LUTs that a RAMB18 is worth.
    """
    if ram_style != "auto":
        return ram_style == "block" and depth > 1
    return _distributed_lut(depth, width) > price * bram18_blocks(depth, width)


def rom_area(depth: int, width: int, *, block: bool) -> tuple[int, int]:
    """LUTs and RAMB18 blocks of a memory with arbitrary contents."""
    return (0, bram18_blocks(depth, width)) if block else (_distributed_lut(depth, width), 0)


def _distributed_lut(depth: int, width: int) -> int:
    """LUTs of random contents, within 10% of Yosys 0.70 (`rom_distributed` alone) at 9 to 2304 words.

    Of few words there are few functions, 2^depth, so that columns coincide and are built once.
    """
    if depth == 1:
        return 0
    if depth <= 8:
        return ceil(2**depth * (1 - exp(-width / 2**depth)))
    per_bit = 2 ** ceil(log2(ceil(depth / 64))) if depth <= 256 else depth / 45
    return ceil(width * per_bit)
