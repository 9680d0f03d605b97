"""Area of memories that are read and written (read-only ones: `_memory.py`), and which kind suits."""

from __future__ import annotations

from functools import lru_cache

RAM_STYLES = {"distributed": 0, "block": 1, "ultra": 2}  # of sf_ram.sv: Vivado takes no parameter of type string
_BRAM18_SHAPES = ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36))


def lutram_luts(words: int, width: int) -> int:
    """LUTs of a simple dual port memory of `words` x `width` bits: cells (RAM32M, RAM64M) and read multiplexers.

    Source: Yosys 0.70 `synth_xilinx`, xc7; a 4:1 multiplexer is one LUT, the write decoder one a bank.
    """
    if words <= 32:
        return 4 * -(-width // 6)
    banks = -(-words // 64)
    multiplexers = 0 if banks == 1 else width * -(-banks // 4) + banks
    return 4 * banks * -(-width // 3) + multiplexers


def single_port_luts(words: int, width: int) -> int:
    """LUTs of a memory of `words` x `width` bits that a cycle reads or writes, never both; from Yosys, as above."""
    return -(-width // 2) if words <= 32 else width * -(-words // 64)


def bram18_blocks(words: int, width: int) -> int:
    """RAMB18 of a simple dual port memory of `words` x `width` bits, in its best aspect ratio."""
    return _bram_shape(words, width)[0]


def bram_multiplexers(words: int, width: int) -> int:
    """LUTs that choose between its blocks, 4:1 each; two RAMB18 that make one RAMB36 of as many words are one.

    Source: Yosys 0.70 `synth_xilinx`, xc7: 6,400 x 36 bits in 13 blocks, 2,304 x 36 in 5, 3,000 x 36 in 3 RAMB36.
    """
    banks = _bram_shape(words, width)[1]
    return 0 if banks == 1 else width * -(-banks // 4)


@lru_cache(maxsize=4096)
def _bram_shape(words: int, width: int) -> tuple[int, int]:
    """RAMB18 and banks, of RAMB18 and of RAMB36: the fewest of both."""
    shapes = [(size * depth, bits, size) for depth, bits in _BRAM18_SHAPES for size in (1, 2)]
    return min((size * -(-words // depth) * -(-width // bits), -(-words // depth)) for depth, bits, size in shapes)


def uram_blocks(words: int, width: int) -> int:
    """URAM288 of a simple dual port memory of `words` x `width` bits: 4,096 words of 72 bits each."""
    return -(-words // 4096) * -(-width // 72)


def memory_style(words: int, width: int, ram_style: str, price: int) -> str:
    """Resolve "auto": "distributed" or "block", whichever costs less when a RAMB18 is worth `price` LUTs."""
    if ram_style != "auto":
        return ram_style
    cheaper_block = lutram_luts(words, width) > price * bram18_blocks(words, width)
    return "block" if cheaper_block else "distributed"
