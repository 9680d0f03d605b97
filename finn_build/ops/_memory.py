"""Images and area of read-only memories (`rtl/mvau/rom.sv`)."""

from math import ceil

import numpy as np

_LUT_PER_BLOCK = 190  # what an XC7Z020 has of LUTs for each RAMB18
_BLOCK_SHAPES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))


def hex_words(values: np.ndarray, bits: int) -> list[str]:
    """Pack rows of integers into hexadecimal words, element 0 in the low bits.

    Args:
        values: Integers [words, elements], two's complement if negative, each of at most `bits` bits.
        bits: Bits of an element, at most 62.

    Returns:
        One word a row, as `$readmemh` reads it.
    """
    planes = (values[:, :, None] & ((1 << bits) - 1)) >> np.arange(bits) & 1
    packed = np.packbits(planes.reshape(len(values), -1).astype(np.uint8), axis=1, bitorder="little")
    digits = ceil(values.shape[1] * bits / 4)
    return [row[::-1].tobytes().hex()[-digits:] for row in packed]


def rom_in_block_ram(ram_style: str, depth: int, width: int) -> bool:
    """Whether a memory goes to block RAM: as `ram_style` says, or for "auto" where that costs less of the chip."""
    if ram_style != "auto":
        return ram_style == "block" and depth > 1
    return _distributed_lut(depth, width) > _LUT_PER_BLOCK * _blocks(depth, width)


def rom_area(depth: int, width: int, *, block: bool) -> tuple[int, int]:
    """LUTs and RAMB18 blocks of a memory with arbitrary contents."""
    return (0, _blocks(depth, width)) if block else (_distributed_lut(depth, width), 0)


def _distributed_lut(depth: int, width: int) -> int:
    return 0 if depth == 1 else width * ceil(depth / 64)


def _blocks(depth: int, width: int) -> int:
    return min(ceil(depth / d) * ceil(width / w) for d, w in _BLOCK_SHAPES)
