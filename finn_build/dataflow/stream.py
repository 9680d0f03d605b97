"""What an op states of itself in plain values: streams, area, wide parameters, sizes of its lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from math import prod
from types import MappingProxyType

from qonnx.core.datatype import BaseDataType


@dataclass(frozen=True)
class Stream:
    """One AXI stream of an op.

    Attributes:
        shape: tensor shape, channels last, e.g. (1, H, W, C) or (1, C).
        lanes: elements per beat, adjacent in the last dimension; element 0 sits in the low bits.
        dtype: element type. BIPOLAR is one bit (1 means +1), signed types are two's complement.
    """

    shape: tuple[int, ...]
    lanes: int
    dtype: BaseDataType

    @property
    def beats(self) -> int:
        """Beats per frame."""
        return prod(self.shape) // self.lanes

    @property
    def folds(self) -> int:
        """Beats per pixel."""
        return self.shape[-1] // self.lanes

    @property
    def width(self) -> int:
        """Payload bits per beat."""
        return self.lanes * self.dtype.bitwidth()

    @property
    def width_padded(self) -> int:
        """Bits of tdata: the payload rounded up to whole bytes."""
        return -(-self.width // 8) * 8

    def carries(self, other: Stream) -> bool:
        """Whether both are the same beats: a flattened tensor streams like the map it flattens."""
        return (self.beats, self.lanes, self.dtype) == (other.beats, other.lanes, other.dtype)


@dataclass(frozen=True)
class Resources:
    """Estimated area of an op. `bram18` counts RAMB18 blocks, two to a RAMB36."""

    lut: int = 0
    ff: int = 0
    bram18: int = 0
    dsp: int = 0
    uram: int = 0

    def luts(self, bram18: int) -> int:
        """What it is worth in LUTs, where a RAMB18 is worth so many."""
        return self.lut + bram18 * self.bram18

    @property
    def memory_bits(self) -> int:
        """What its block RAM and UltraRAM hold: no memory of it has more."""
        return self.bram18 * 18 * 1024 + self.uram * 288 * 1024

    def __add__(self, other: Resources) -> Resources:
        return Resources(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


class Bits(int):
    """An RTL parameter of any width: written to the instance as a sized literal."""

    width: int

    @classmethod
    def of(cls, entries: Sequence[int], bits: int) -> Bits:
        """Entries of `bits` bits each, entry 0 in the low bits."""
        assert all(0 <= entry < 1 << bits for entry in entries), (entries, bits)
        packed = cls(sum(entry << (bits * i) for i, entry in enumerate(entries)))
        packed.width = bits * len(entries)
        return packed

    def __str__(self) -> str:
        return f"{self.width}'h{int(self):x}"


def sizes(**by_lanes: str) -> Mapping[str, str]:
    """The attributes of a folding, each with the attribute whose size it divides; none where lanes are not chosen."""
    return MappingProxyType(by_lanes)
