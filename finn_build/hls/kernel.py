"""What an op says of itself for HLS: the function of the library it is, its constants, memories and arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from qonnx.core.datatype import BaseDataType, DataType

_MACHINE_WORDS = {8: "unsigned char", 16: "unsigned short", 32: "unsigned int", 64: "unsigned long long"}
_IMPL = ("lutram", "bram", "uram")
_WIDEST_WORD = 32768  # bits; Vitis HLS refuses more
_REGISTERS = 4  # words; a smaller memory would be read in the trip after the one that writes it


def storage(style: int) -> str:
    """Vitis HLS' word for a kind of memory of the RTL (the STYLE of sf_ram.sv)."""
    return _IMPL[style]


def kind(dtype: BaseDataType) -> str:
    """How the library reads the bits of a type."""
    if dtype == DataType["BIPOLAR"]:
        return "sf::BIPOLAR"
    return "sf::SIGNED" if dtype.signed() else "sf::UNSIGNED"


@dataclass(frozen=True)
class Memory:
    """A read-only memory.

    Attributes:
        name: of the function that reads it, `name(row, entry)`; with `stage`, `name(stage, row, entry)`.
        values: integers [rows, entries, elements], two's complement; the elements of an entry are read as one word,
            element 0 in the low bits.
        bits: of an element.
        impl: storage of Vitis HLS.
        shared_address: all entries are read at one row, and so are one word; else each is a memory of its own.
        stage: its number among memories of the same name.
        offset: added to what is read, which then is a number and no word; None for a word.
    """

    name: str
    values: np.ndarray
    bits: int
    impl: str = "lutram"
    shared_address: bool = False
    stage: int | None = None
    offset: int | None = None

    @property
    def array(self) -> str:
        """Name of the array, behind the node's."""
        return self.name if self.stage is None else f"{self.name}_{self.stage}"

    @property
    def width(self) -> int:
        """Bits of an entry."""
        return self.bits * self.values.shape[2]

    @property
    def machine_bits(self) -> int:
        """Bits of the array's elements."""
        return next((size for size in _MACHINE_WORDS if self.width <= size), 64)

    @property
    def machine_type(self) -> str:
        """C++ type of the array's elements."""
        return _MACHINE_WORDS[self.machine_bits]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and machine words a row."""
        return self.values.shape[0], self.values.shape[1] * -(-self.width // self.machine_bits)

    @property
    def one_word(self) -> bool:
        """Whether a row is a word of one memory."""
        return self.shared_address and self.shape[1] * self.machine_bits <= _WIDEST_WORD

    def lines(self) -> list[str]:
        """The array's contents, a row in braces a line."""
        size = self.machine_bits
        planes = (self.values[..., None] >> np.arange(self.bits) & 1).astype(np.uint8)
        bits = planes.reshape(*self.values.shape[:2], self.width)
        padded = np.pad(bits, ((0, 0), (0, 0), (0, -self.width % size)))
        words = (
            np.ascontiguousarray(np.packbits(padded, axis=-1, bitorder="little"))
            .view(f"<u{size // 8}")
            .reshape(self.shape)
        )
        texts = [", ".join(f"0x{int(word):x}" for word in row) for row in words]
        return [f"{{{text}}}," for text in texts]


@dataclass(frozen=True)
class Array:
    """A memory that the function itself writes.

    Attributes:
        name, words, bits: `ap_uint<bits> name[words]`.
        memory: storage of Vitis HLS, where it is not too small for one.
        distance: trips from writing a word to reading it, at least. The process states it as a number: in a template,
            where it would depend on a parameter, the front end of Vitis HLS passes over it with a warning.
    """

    name: str
    words: int
    bits: int
    memory: str
    distance: int

    @property
    def impl(self) -> str:
        """Storage of Vitis HLS, or registers."""
        return self.memory if self.words >= _REGISTERS else "registers"


@dataclass(frozen=True)
class Loop:
    """One loop of the library.

    Attributes:
        function: its name in namespace sf.
        arguments: streams in the order of the function; "ins" and "outs" stand for all of the op's.
        arrays: memories that it writes, its last arguments.
        memories: names of those it reads.
    """

    function: str
    arguments: Sequence[str]
    arrays: Sequence[Array] = ()
    memories: Sequence[str] = ()


@dataclass(frozen=True)
class Inner:
    """A stream between two loops of an op: name, bits, beats it holds."""

    name: str
    bits: int
    depth: int


@dataclass(frozen=True)
class Kernel:
    """An op for HLS.

    Attributes:
        header: the library's file, `sf_<header>.h`.
        loops: one, or several side by side.
        constants: of the node's struct, integers or kinds.
        memories: read-only ones.
        inner: streams between the loops.
        functions: further lines of the struct.
    """

    header: str
    loops: Sequence[Loop]
    constants: Mapping[str, int | str] = field(default_factory=dict)
    memories: Sequence[Memory] = ()
    inner: Sequence[Inner] = ()
    functions: Sequence[str] = ()
