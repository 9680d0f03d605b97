"""Images and area of read-only memories (`rtl/lib/sf_rom.sv`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, exp, log2

import numpy as np

from finn_build.dataflow.ops._ram import bram18_blocks, bram_multiplexers
from finn_build.errors import UnsupportedModelError

_ONE_LUT = 64  # words of a bit that one LUT holds


@dataclass(frozen=True)
class Rom:
    """A memory that stands beside an op's module, in its instance, and is read through the module's `rom_*` ports.

    Attributes:
        file: its contents.
        depth, width: words and their bits, two at a place of a paired one counted as two.
        block: whether it lies in block RAM.
        late: whether the lowest bit of its address comes late, from a compare (`rtl/lib/sf_rom_late.sv`).
        direct: whether it is read without a register.
    """

    file: str
    depth: int
    width: int
    block: bool = False
    late: bool = False
    direct: bool = False

    def placed(self, price: int) -> Rom:
        """In block RAM, where LUTs would cost more; `price`: LUTs that a RAMB18 is worth."""
        dear = self.area()[0] > price * bram18_blocks(self.depth, self.width)
        return replace(self, block=dear and not self.direct)

    def of_lane(self, prefix: str, lane: int) -> Rom:
        """The same of one lane, its file by what stands before and behind its name."""
        return replace(self, file=f"{prefix}_{self.file}_{lane}.mem")

    @property
    def is_paired(self) -> bool:
        """Whether its words are read two at a time: late, and of more words than a LUT has."""
        return self.late and not self.block and self.depth > _ONE_LUT

    @property
    def places(self) -> int:
        """Words or pairs."""
        return self.depth // 2 if self.is_paired else self.depth

    @property
    def addr_bits(self) -> int:
        """Bits of the address of one."""
        return max(1, (self.places - 1).bit_length())

    @property
    def place_bits(self) -> int:
        """Bits of a word or pair."""
        return 2 * self.width if self.is_paired else self.width

    @property
    def is_direct(self) -> bool:
        """Whether the memory itself has no register."""
        return self.direct or self.is_paired

    def words(self, values: np.ndarray) -> list[str]:
        """Its file: values [depth] in order."""
        return hex_words(values.reshape(self.places, -1), self.width)

    def area(self) -> tuple[int, int]:
        """LUTs, those that choose of a pair included, and RAMB18 blocks."""
        lut, blocks = rom_area(self.places, self.place_bits, block=self.block)
        return lut + self.width * self.is_paired, blocks


def lane_files(
    prefix: str, lanes: int, memories: Sequence[Rom | None], images: Mapping[str, np.ndarray]
) -> dict[str, list[str]]:
    """Contents of every lane's memories by file name.

    Args:
        prefix: what stands before the memories' names.
        lanes: how many channels at once.
        memories: of one lane.
        images: words by a memory's name, [channels, words of one], or [1, words] for all channels.
    """
    files = {}
    for rom in filter(None, memories):
        image = images[rom.file]
        rows = np.broadcast_to(image, (rom.depth // image.shape[1] * lanes, image.shape[1]))
        for lane in range(lanes):
            files[rom.of_lane(prefix, lane).file] = rom.words(rows[lane::lanes])
    return files


def rom_parameters(roms: Sequence[Rom | None]) -> dict[str, int]:
    """Widths of the slots of all memories beside a module."""
    present = [rom for rom in roms if rom]
    return {
        "ROM_ADDR": max(rom.addr_bits for rom in present),
        "ROM_WORD": max(rom.place_bits for rom in present),
    }


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
    if values.min() < -(1 << bits - 1) or values.max() >= 1 << bits:
        raise UnsupportedModelError(
            f"a memory of {bits} bits a value: {values.min()} to {values.max()} do not fit; the types of its op do not "
            "hold its parameters"
        )
    planes = (values[:, :, None] & ((1 << bits) - 1)) >> np.arange(bits) & 1
    packed = np.packbits(planes.reshape(len(values), -1).astype(np.uint8), axis=1, bitorder="little")
    digits = ceil(values.shape[1] * bits / 4)
    text, width = packed[:, ::-1].tobytes().hex(), 2 * packed.shape[1]
    return [text[end - digits : end] for end in range(width, width * len(packed) + 1, width)]


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
    if block:
        return bram_multiplexers(depth, width), bram18_blocks(depth, width)
    return _distributed_lut(depth, width), 0


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
