"""StreamSplit: the channels of one stream go to several."""

from __future__ import annotations

from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import DataType

from finn_build.dataflow.ops._folds import pattern, pattern_lanes, period
from finn_build.dataflow.ops.base import FIFO_RTL, StreamOp, Trait
from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.stream import Bits, Resources, Stream, sizes
from finn_build.errors import ConfigError

DROPPED = -1  # in `Selection`: nobody reads this channel


@register_custom_op
class StreamSplit_rtl(StreamOp):  # noqa: N801  (FINN's naming)
    """Channel c goes to output `Selection[c]`, or nowhere (-1); every output keeps the order.

    Shapes:
        x (*numInputVectors, C) -> output i (*numInputVectors, channels with Selection i).
    """

    rtl_module = "sf_split"
    traits = frozenset({Trait.MONOTONE, Trait.SPLITS})
    lane_sizes = sizes(PE="Selection")
    ram_styles = ()
    rtl_sources = (*FIFO_RTL, "split/sf_split.sv")
    vector_ports = True

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Where each channel goes, lanes a beat, and what is streamed."""
        return {
            "Selection": ("ints", True, []),
            "PE": ("i", False, 1),
            "numInputVectors": ("ints", True, []),
            "inputDataType": ("s", True, ""),
        }

    def legal_lanes(self) -> list[int]:
        """Lanes that go the same way in every beat."""
        return pattern_lanes(list(self.attr("Selection")))

    def _selection(self) -> list[int]:
        """Output of each beat of a pixel.

        Raises:
            ConfigError: an output gets no channel, or the lanes of a beat go to different outputs.
        """
        selection, node = list(self.attr("Selection")), self.onnx_node.name
        outputs = set(selection) - {DROPPED}
        if outputs != set(range(len(outputs))) or not outputs:
            raise ConfigError(f"{node}: Selection={selection}; legal: every output from 0 on gets a channel")
        return pattern(node, "Selection", selection, self.attr("PE"))

    def streams_in(self) -> list[Stream]:
        """The tensor."""
        return [self._stream(len(self.attr("Selection")))]

    def streams_out(self) -> list[Stream]:
        """The channels of each output."""
        selection = self._selection()
        return [self._stream(selection.count(i) * self.attr("PE")) for i in range(max(selection) + 1)]

    def _stream(self, channels: int) -> Stream:
        return Stream((*self.attr("numInputVectors"), channels), self.attr("PE"), DataType[self.attr("inputDataType")])

    def rtl_parameters(self) -> dict[str, int | str]:
        """Width in bits, and the output of each beat."""
        selection = self._selection()
        outputs = max(selection) + 1
        codes = period([outputs if s == DROPPED else s for s in selection])
        bits = max(1, max(codes).bit_length())
        return {
            "WIDTH": self.streams_in()[0].width,
            "OUTPUTS": outputs,
            "FOLDS": len(codes),
            "BITS": bits,
            "SELECT": Bits.of(codes, bits),
        }

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Pick the channels of each output."""
        selection = np.asarray(self.attr("Selection"))
        return tuple(operands[0][..., selection == i] for i in range(selection.max() + 1))

    def beats_needed(self, beats: np.ndarray, port: int) -> list[np.ndarray]:
        """Everything up to the beat itself."""
        selection = np.asarray(self._selection())
        places = np.flatnonzero(selection == port)
        pixel, place = np.divmod(beats, len(places))
        return [pixel * len(selection) + places[place] + 1]

    def get_exp_cycles(self) -> int:
        """One beat a cycle."""
        return self.streams_in()[0].beats

    def fill_cycles(self) -> int:
        """One register; channels that go nowhere may lie before the first beat."""
        return int(np.flatnonzero(np.asarray(self._selection()) != DROPPED)[0]) + 1

    def resources(self) -> Resources:
        """The place in the pattern, a valid and a ready per output, and the two places of the input.

        Source: Yosys 0.70 `synth_xilinx`, xc7, patterns of up to 64 beats; LUT within 2.
        """
        place = (len(period(self._selection())) - 1).bit_length()
        pair = pair_area(self.streams_in()[0].width)
        return pair + Resources(lut=place + len(self.streams_out()), ff=place)
