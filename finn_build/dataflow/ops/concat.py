"""StreamConcat: the channels of several streams go to one, in a fixed order."""

from __future__ import annotations

from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import BaseDataType, DataType

from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.dataflow.ops._folds import pattern, pattern_lanes, period
from finn_build.dataflow.ops.base import FIFO_RTL, Folding, StreamOp, Trait
from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.stream import Bits, Resources, Stream, sizes
from finn_build.errors import ConfigError

_BIPOLAR = DataType["BIPOLAR"]
_WORD_BITS = 72  # of UltraRAM; block RAM takes any width


@register_custom_op
class StreamConcat_rtl(StreamOp):  # noqa: N801  # FINN finds RTL ops by this suffix
    """Channel c of the output is the next channel of input `Selection[c]`, times `Factors` of that input.

    `Selection` 0, 0, 1, 1 concatenates; 0, 1, 0, 1 shuffles. Factors are powers of two. The output has the smallest
    type that holds all inputs. One input alone passes, for its factor's sake or its name's.

    Shapes:
        input i (*numInputVectors, channels with Selection i) -> (*numInputVectors, C).
    """

    rtl_module = "sf_concat"
    traits = frozenset({Trait.MONOTONE, Trait.JOINS})
    lane_sizes = sizes(PE="Selection")
    ram_styles = ()
    rtl_sources = (*FIFO_RTL, "concat/sf_concat.sv")
    vector_ports = True

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Where each channel comes from, lanes a beat, each input's type and factor."""
        return {
            "Selection": ("ints", True, []),
            "PE": ("i", False, 1),
            "numInputVectors": ("ints", True, []),
            "inputDataTypes": ("strings", True, []),
            "Factors": ("ints", True, []),
        }

    def legal_lanes(self) -> list[int]:
        """Lanes that come from the same input in every beat."""
        return pattern_lanes(list(self.attr("Selection")))

    def choose_folding(self, target_cycles: int, window: StreamOp | None) -> Folding:
        """A word of a memory, whatever the target: what waits at a join may be deep, and UltraRAM has one width."""
        bits = self.streams_out()[0].dtype.bitwidth()
        return {"PE": max(lanes for lanes in self.legal_lanes() if lanes * bits <= _WORD_BITS)}

    def _selection(self) -> list[int]:
        """Input of each beat of a pixel.

        Raises:
            ConfigError: an input gives no channel, a factor is no power of two, or the lanes of a beat differ in input.
        """
        selection, node, factors = list(self.attr("Selection")), self.onnx_node.name, list(self.attr("Factors"))
        if set(selection) != set(range(len(self.attr("inputDataTypes")))):
            raise ConfigError(f"{node}: Selection={selection}; legal: every input from 0 on gives a channel")
        if len(factors) != len(set(selection)) or any(f < 1 or f & (f - 1) for f in factors):
            raise ConfigError(f"{node}: Factors={factors}; legal: a power of two for every input")
        return pattern(node, "Selection", selection, self.attr("PE"))

    def streams_in(self) -> list[Stream]:
        """The inputs."""
        selection = self._selection()
        return [
            self._stream(selection.count(i) * self.attr("PE"), DataType[dtype])
            for i, dtype in enumerate(self.attr("inputDataTypes"))
        ]

    def streams_out(self) -> list[Stream]:
        """All channels, in the smallest type that holds them."""
        types = [DataType[t] for t in self.attr("inputDataTypes")]
        dtype = types[0]
        if len(set(types)) > 1 or set(self.attr("Factors")) != {1}:
            ends = [int(e) * f for t, f in zip(types, self.attr("Factors"), strict=True) for e in (t.min(), t.max())]
            dtype = integer_range_dtype(min(ends), max(ends))
        return [self._stream(len(self.attr("Selection")), dtype)]

    def _stream(self, channels: int, dtype: BaseDataType) -> Stream:
        return Stream((*self.attr("numInputVectors"), channels), self.attr("PE"), dtype)

    def rtl_parameters(self) -> dict[str, int | str]:
        """Types and factors of the inputs, and the input of each beat."""
        selection, streams, out = self._selection(), self.streams_in(), self.streams_out()[0].dtype
        bits, beats = max(1, max(selection).bit_length()), period(selection)
        return {
            "INPUTS": len(streams),
            "PE": self.attr("PE"),
            "FOLDS": len(beats),
            "BITS": bits,
            "SELECT": Bits.of(beats, bits),
            "OUT_BITS": out.bitwidth(),
            "IN_BITS": Bits.of([s.dtype.bitwidth() for s in streams], 8),
            "SHIFTS": Bits.of([f.bit_length() - 1 for f in self.attr("Factors")], 8),
            "SIGNED": Bits.of([int(s.dtype.signed() and s.dtype != _BIPOLAR) for s in streams], 1),
            "BIPOLAR": Bits.of([int(s.dtype == _BIPOLAR != out) for s in streams], 1),
            "IN_WIDTH": sum(s.width for s in streams),
        }

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Merge by channel."""
        selection = np.asarray(self.attr("Selection"))
        out = np.empty((*operands[0].shape[:-1], len(selection)), np.int64)
        for i, (operand, factor) in enumerate(zip(operands, self.attr("Factors"), strict=True)):
            out[..., selection == i] = operand * factor
        return (out,)

    def beats_needed(self, beats: np.ndarray, port: int) -> list[np.ndarray]:
        """The beats of each input up to that place in the pattern."""
        selection = np.asarray(self._selection())
        pixel, place = np.divmod(beats, len(selection))
        taken = [np.cumsum(selection == i) for i in range(len(self.streams_in()))]
        return [pixel * count[-1] + count[place] for count in taken]

    def get_exp_cycles(self) -> int:
        """One beat a cycle."""
        return self.streams_out()[0].beats

    def fill_cycles(self) -> int:
        """One register."""
        return 1

    def resources(self) -> Resources:
        """The place in the pattern, the choice of a beat, a ready per input, and the two places of the output.

        Source: Yosys 0.70 `synth_xilinx`, xc7, 1 to 3 inputs, patterns of up to 96 beats; LUT within 2.
        """
        inputs = len(self.streams_in())
        if inputs == 1:
            return pair_area(self.streams_out()[0].width)
        place = (len(period(self._selection())) - 1).bit_length()
        width = self.streams_out()[0].width
        return Resources(lut=place + inputs + 4 + width * max(1, inputs // 2), ff=place + 2 * width + 2)
