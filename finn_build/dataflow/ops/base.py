"""What every hardware op states, and what the passes ask of it.

An op states its streams, its RTL module with parameters and memory files, and a NumPy reference (`finn_op.py`). What
passes have to know besides it states as traits, or says by a method whose default is that of an op that passes beats.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import Any, ClassVar

import numpy as np
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.ops._folds import divisors
from finn_build.dataflow.ops.finn_op import FinnOp
from finn_build.dataflow.stream import Resources, Stream

DOMAIN = "finn.custom_op.fpgadataflow.rtl"
FIFO_RTL = ("lib/sf_ram.sv", "lib/sf_fifo.sv")
JOIN_RTL = (*FIFO_RTL, "lib/sf_join.sv")
ROM_RTL = ("lib/sf_rom_distributed.sv", "lib/sf_rom.sv")
COMPRESSOR_RTL = tuple(f"lib/sf_{name}.sv" for name in ("counter_logic", "counter_apart", "counter", "compressor"))
LATE_ROM_RTL = (*ROM_RTL, "lib/sf_rom_late.sv")
Folding = Mapping[str, int]  # attribute ("PE", "SIMD") -> lanes
Range = tuple[np.ndarray, np.ndarray]  # lowest and highest value, by channel
_STATED = ("traits", "lane_sizes", "ram_styles")


class Trait(Enum):
    """What passes have to know of an op, beside its streams and cycles."""

    COPIES = auto()  # every output has the channels of the input, in its order
    IN_STEP = auto()  # a channel leaves on all outputs when it enters on all inputs
    PACED = auto()  # gives its beats as they come: what reads it sees the rhythm of what feeds it
    CONVERTS = auto()  # the same tensor with other lanes
    SLIDES = auto()  # cuts windows out of an image, as fast as it can
    WINDOW = auto()  # waits for the rows of its first window: the op has a `window`
    SHORTCUT = auto()  # its second input meets the sums of its windows, not the first input
    MONOTONE = auto()  # the ends of the inputs' ranges give those of the outputs'
    JOINS = auto()  # takes the channels of a pixel from several streams
    SPLITS = auto()  # gives the channels of a pixel to several streams
    FOLDED = auto()  # its lanes are chosen, by the search or in a build configuration
    FOLLOWS = auto()  # has the lanes of the op that reads it, at most a pixel a beat
    BUFFERS = auto()  # holds beats between two ops, and does nothing else


class StreamOp(FinnOp):
    """Base of every op of the RTL library; registers with FINN as `<Op>_rtl`."""

    traits: ClassVar[frozenset[Trait]]
    lane_sizes: ClassVar[Mapping[str, str]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for stated in _STATED:
            if not hasattr(cls, stated):
                raise TypeError(f"{cls.__name__} states no {stated}; an op that says nothing would be passed over")

    @property
    def in_memory(self) -> bool:
        """Whether it is no module of the accelerator: it lies in the memory of the board, where the shell makes it."""
        return "ddr" in self.ram_styles and bool(self.attr("ram_style") == "ddr")

    def fill_cycles(self) -> int:
        """Cycles from the first input beat to the first output beat at full rate."""
        return 1

    def cycles_behind(self, beats: np.ndarray) -> np.ndarray:
        """Cycles from the last input beat that beats of an output need to them; as for the first beat at full rate."""
        ports = range(len(self.streams_out()))
        first = min(max(int(count[0]) for count in self.beats_needed(np.arange(1), port)) for port in ports)
        return np.full(len(beats), self.fill_cycles() + 1 - first)

    def window_cycles(self) -> int:
        """Cycles of one window, between the pixel that completes it and what it gives; 0 in what passes beats."""
        return 0

    def rows_kept(self) -> Fraction:
        """Part of its rows that it sends from what it kept, while it takes no input."""
        return Fraction(0)

    def burst_beats(self, stream: Stream) -> int:
        """Beats, of the stream that its output has become, which come at once; 0 where they come evenly."""
        return 0

    def beat_cycles(self, beats: np.ndarray) -> np.ndarray:
        """Cycles in which beats of an output come when no input is late, counted from anywhere.

        Args:
            beats: their numbers within a frame, int64, any shape.
        """
        return beats

    def beats_needed(self, beats: np.ndarray, port: int) -> list[np.ndarray]:
        """For every input, how many beats of a frame have to be in before certain beats of an output can come out.

        What passes beats on, or only changes their width, needs the same part of each input.

        Args:
            beats: numbers of the output's beats within a frame, int64, any shape.
            port: the output.
        """
        made = self.streams_out()[port].beats
        return [-(-(beats + 1) * stream.beats // made) for stream in self.streams_in()]

    def vector_reads(self) -> int:
        """Times that it reads a vector which it keeps meanwhile, while it takes no input; 1 in what reads once."""
        return 1

    def beats_missing(self, arrival: int, reading: int, capture: float) -> int:
        """Beats that have to be there and that its own memory does not hold; 0 where it has none to run short of.

        Args:
            arrival: cycles in which a frame comes.
            reading: cycles in which its windows are taken.
            capture: part of a window's time until all of its pixels have been read.
        """
        return 0

    def beats_ahead(self, interval: int) -> int:
        """Beats that a FIFO behind it has to hold for its reader never to wait, with a frame every so many cycles."""
        return 0

    @property
    def has_products(self) -> bool:
        """Whether it multiplies, in DSP slices or LUTs as its `resType` says."""
        return False

    def weights(self) -> str:
        """Name of the tensor of its weights; empty where it has none."""
        return ""

    def legal_lanes(self) -> list[int]:
        """Values of PE that fold the op, ascending."""
        return divisors(self.attr(self.lane_sizes["PE"]))

    def foldings(self, window: StreamOp | None) -> Iterable[Folding]:
        """Every folding to choose from; one that is empty where its lanes are not chosen.

        Args:
            window: the op that feeds it, where that one follows its lanes.
        """
        return [{"PE": lanes} for lanes in self.legal_lanes()] if "PE" in self.lane_sizes else [{}]

    def choose_folding(self, target_cycles: int, window: StreamOp | None) -> Folding:
        """The folding of the fewest lanes that meets the target, window included, else the fastest; it is set.

        Streams that are wider than the back end takes are the last choice.
        """
        found = []
        for folding in self.foldings(window):
            self.fold(folding)
            wide, cycles = self.too_wide, self.get_exp_cycles()
            if window is not None:
                window.follow(self)
                wide, cycles = wide or window.too_wide, max(cycles, window.get_exp_cycles())
            found.append((wide, max(cycles, target_cycles), prod(folding.values()), folding.get("PE", 1), folding))
        return min(found, key=lambda choice: choice[:4])[-1]

    @property
    def too_wide(self) -> bool:
        """Whether one of its streams is wider than the back end takes."""
        limit: int = self.attr("streamBits")
        return limit > 0 and self.widest_stream() > limit

    def widest_stream(self) -> int:
        """Bits of its widest stream, of those within its C++ too."""
        return max(stream.width for stream in (*self.streams_in(), *self.streams_out()))

    def fold(self, folding: Folding) -> None:
        """Set lanes."""
        for name, lanes in folding.items():
            self.set_nodeattr(name, lanes)

    def follow(self, reader: StreamOp) -> None:
        """Take over what depends on the folding of the op that reads it."""

    def widened(self) -> list[NodeProto]:
        """Ops in its place that make the same tensor in fewer cycles, by a whole window a beat; empty for none."""
        return []

    def step_forms(self, model: ModelWrapper, ranges: list[Range | None]) -> Iterable[Mapping[str, Any]]:
        """Attributes of each other form of its step function, equal on every integer that can enter.

        Args:
            model: graph that holds its parameters.
            ranges: of its streams, where more is known than their types.
        """
        return ()

    def output_ranges(self, model: ModelWrapper, ranges: list[Range | None]) -> list[Range]:
        """Ranges of the outputs; none where no more is known than their types.

        Args:
            model, ranges: as above.
        """
        known = [r for r in ranges if r is not None]
        if Trait.MONOTONE not in self.traits or len(known) != len(ranges):
            return []
        shapes = [s.shape for s in self.streams_in()]
        # a map's pixels one behind another, as features, have its channels' ranges over and over
        given = [[np.broadcast_to(np.resize(e, s[-1]), s) for e in r] for r, s in zip(known, shapes, strict=True)]
        ends = [self.compute(*operands) for operands in zip(*given, strict=True)]
        pairs = [np.stack(pair).reshape(-1, pair[0].shape[-1]) for pair in zip(*ends, strict=True)]
        return [(values.min(axis=0), values.max(axis=0)) for values in pairs]


def traits_of(node: NodeProto) -> frozenset[Trait]:
    """Traits of a node's op; none where it is not of this library."""
    found: frozenset[Trait] = (
        getattr(getCustomOp(node), "traits", frozenset()) if node.domain == DOMAIN else frozenset()
    )
    return found


def area_of(node: NodeProto) -> Resources:
    """Estimated area of a node of this library; the many designs of a search differ in few of their ops."""
    return _area(node.SerializeToString())


@lru_cache(maxsize=1 << 14)
def _area(node: bytes) -> Resources:
    found: Resources = getCustomOp(NodeProto.FromString(node)).resources()
    return found
