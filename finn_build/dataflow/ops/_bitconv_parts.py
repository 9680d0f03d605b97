"""What a BitConv is made of: its streams, its number types, and the parts that compute them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from qonnx.core.datatype import BaseDataType, DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.arithmetic.affine import FRACTIONS, AffineSteps, fit_affine
from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.dataflow.ops._folds import folds
from finn_build.dataflow.ops._memory import Rom, rom_in_block_ram
from finn_build.dataflow.ops._popcount import Popcount, plan_popcount
from finn_build.dataflow.ops._ring import pixels_kept, ring_choice
from finn_build.dataflow.ops._steps import step_function
from finn_build.dataflow.ops._windowed import WINDOW, Windowed
from finn_build.dataflow.stream import Stream
from finn_build.errors import ConfigError

BIPOLAR = DataType["BIPOLAR"]
SHORTCUTS = ("none", "own", "stream")
_IN_FLIGHT = 2  # pixels between the ring and the search that still need their shortcut


@dataclass(frozen=True)
class Pace:
    """Cycles of a BitConv by its lanes.

    Attributes:
        elements: of the image.
        windows: of a frame.
        places: of a window, channel by channel.
        rows: output channels.
        stages: cycles that a value takes in the search or division.
    """

    elements: int
    windows: int
    places: int
    rows: int
    stages: int

    def fold(self, simd: int, pe: int, lanes: int) -> int:
        """Cycles of a row fold of a window: its sums, or the searches that follow."""
        return max(self.places // simd, pe // lanes * self.stages)

    def reading(self, simd: int, pe: int, lanes: int) -> int:
        """Cycles in which all windows are computed."""
        return self.windows * (self.rows // pe) * self.fold(simd, pe, lanes)

    def frame(self, simd: int, pe: int, lanes: int, in_lanes: int) -> int:
        """Cycles of a frame."""
        return max(self.elements // in_lanes, self.reading(simd, pe, lanes))


class BitConvParts(Windowed):
    """Window, popcounts, shortcut, step function and their memories, from a BitConv's attributes."""

    window_lanes = "SIMD"

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """The window's, folding as in BitMVAU, steps as in StepThresholding."""
        return {
            **WINDOW,
            "MH": ("i", True, 0),
            "SIMD": ("i", False, 1),
            "PE": ("i", False, 1),
            "InLanes": ("i", False, 1),
            "Lanes": ("i", False, 1),  # of the output and the shortcut
            "accDataType": ("s", True, ""),
            "outputDataType": ("s", True, ""),
            "shortcut": ("s", False, "none", set(SHORTCUTS)),
            "shortcutDataType": ("s", False, "INT4"),
            "shortcutScale": ("i", False, 1),
            "sumScale": ("i", False, 1),
            "numSteps": ("i", True, 1),
            "outBias": ("i", False, 0),
            "hasTable": ("i", False, 0, {0, 1}),
            "affineSteps": ("i", False, 0, {0, 1}),  # 1: the steps lie on two lines a channel, see sf_bitconv_affine.sv
            "affineFraction": ("i", False, 0),
            "affineBits": ("ints", False, [0, 0]),  # of A and D
            "shortcutRange": ("ints", False, []),  # for affine steps: lowest value of each channel, then highest
        }

    def streams_in(self) -> list[Stream]:
        """The image, and the shortcut where it is a stream."""
        shape = (1, *self.window.image, self.attr("IFMChannels"))
        streams = [Stream(shape, self.attr("InLanes"), DataType[self.attr("inputDataType")])]
        if self.attr("shortcut") == "stream":
            streams.append(self._result(DataType[self.attr("shortcutDataType")]))
        return streams

    def idle_inputs(self) -> dict[str, int]:
        """The stream of shortcuts, where there is none."""
        bits = self.attr("Lanes") * self.shortcut_type.bitwidth()
        return {} if self.attr("shortcut") == "stream" else {"in1": bits}

    def streams_out(self) -> list[Stream]:
        """The levels."""
        return [self._result(DataType[self.attr("outputDataType")])]

    def _result(self, dtype: BaseDataType) -> Stream:
        return Stream((1, *self.window.windows, self.attr("MH")), self.attr("Lanes"), dtype)

    @property
    def sign_steps(self) -> bool:
        """Whether x needs thresholds to become signs."""
        return bool(self.attr("inputDataType") != "BIPOLAR")

    @property
    def shortcut_type(self) -> BaseDataType:
        """Type of what is added to the sums, where anything is."""
        own = self.attr("shortcut") == "own"
        return DataType[self.attr("inputDataType" if own else "shortcutDataType")]

    @property
    def acc(self) -> BaseDataType:
        """Type of the sum, as the RTL reads it: always signed, also where no sum is negative."""
        given = DataType[self.attr("accDataType")]
        return integer_range_dtype(min(int(given.min()), -1), int(given.max()))

    @property
    def total(self) -> BaseDataType:
        """Type of the sum with its shortcut, always signed."""
        low, high = int(self.acc.min()) * self.attr("sumScale"), int(self.acc.max()) * self.attr("sumScale")
        if self.attr("shortcut") != "none":
            other, k = self.shortcut_type, self.attr("shortcutScale")
            low, high = low + int(other.min()) * k, high + int(other.max()) * k
        return integer_range_dtype(min(low, -1), high)

    @property
    def total_range(self) -> tuple[np.ndarray, np.ndarray]:
        """Range of each channel's total: as many products of +1 and -1 as the window has, and the shortcut."""
        rows, none = self.attr("MH"), self.attr("shortcut") == "none"
        reach = self.window.kernel[0] * self.window.kernel[1] * self.attr("IFMChannels")
        least, most = np.clip([-reach, reach], int(self.acc.min()), int(self.acc.max())) * self.attr("sumScale")
        other = np.array([0, 0]) if none else np.array([self.shortcut_type.min(), self.shortcut_type.max()])
        given = np.asarray(self.attr("shortcutRange"), np.int64)
        ends = given.reshape(2, rows) if len(given) else np.repeat(other[:, None], rows, axis=1)
        low, high = ends.astype(np.int64) * self.attr("shortcutScale")
        return low + least, high + most

    @property
    def folding(self) -> tuple[int, int]:
        """SF and NF.

        Raises:
            ConfigError: lanes do not divide what they fold.
        """
        node = self.onnx_node.name
        folds(node, "InLanes", self.attr("InLanes"), "SIMD", self.attr("SIMD"))
        folds(node, "Lanes", self.attr("Lanes"), "PE", self.attr("PE"))
        if self.attr("shortcut") == "own" and self.attr("InLanes") != self.attr("Lanes"):
            raise ConfigError(f"{node}: its input is its shortcut: InLanes={self.attr('InLanes')} must be Lanes")
        return self.window.places, folds(node, "PE", self.attr("PE"), "MH", self.attr("MH"))

    @property
    def stages(self) -> int:
        """Cycles a value takes in the search, or in the division of affine steps: bits of its count."""
        return self.affine_levels[0] if self.attr("affineSteps") else int(self.attr("numSteps")).bit_length()

    @property
    def affine_levels(self) -> tuple[int, int]:
        """Bits and bias of the levels that affine steps count: all of the output type, unless fewer bits do."""
        dtype, bits = self.streams_out()[0].dtype, int(self.attr("numSteps")).bit_length()
        if self.attr("hasTable") or bits == dtype.bitwidth():
            return dtype.bitwidth(), int(dtype.min())  # both ends clip, as a quantizer's do
        return bits, self.attr("outBias")

    def fit_affine(self, model: ModelWrapper, fractions: tuple[int, ...] = FRACTIONS) -> AffineSteps | None:
        """Lines that give the level of every total, or None."""
        bits, bias = self.affine_levels
        if bits < 2 or self.streams_out()[0].dtype == BIPOLAR:
            return None
        return fit_affine(step_function(self, model), *self.total_range, bits, bias, fractions)

    @property
    def pace(self) -> Pace:
        """Its cycles by its lanes."""
        (height, width), channels = self.window.image, self.attr("IFMChannels")
        places = prod(self.window.kernel) * channels
        return Pace(height * width * channels, prod(self.window.windows), places, self.attr("MH"), self.stages)

    @property
    def reading_cycles(self) -> int:
        """Cycles in which all windows are computed: the slower of popcount and search."""
        return self.pace.reading(*self._lanes)

    @property
    def fold_cycles(self) -> int:
        """Cycles of a row fold of a window."""
        return self.pace.fold(*self._lanes)

    @property
    def _lanes(self) -> tuple[int, int, int]:
        """SIMD, PE and Lanes, which divide what they fold."""
        _, nf = self.folding
        return self.attr("SIMD"), self.attr("MH") // nf, self.attr("Lanes")

    @property
    def popcount(self) -> Popcount:
        """Registers within the sum of a beat."""
        return plan_popcount(self.attr("SIMD"), 1, self.path_ns, self.attr("PE") if prod(self.folding) == 1 else 0)

    @property
    def spaced(self) -> bool:
        """Whether levels have room for a cycle between them, as in sf_bitconv.sv."""
        return self.fold_cycles >= self.attr("PE") // self.attr("Lanes") * max(self.stages, 2)

    @cached_property
    def ring(self) -> tuple[int, str]:
        """Words of the ring of rows, and its kind of memory: neither side may slow the other one down."""
        arrivals = {self.streams_in()[0].beats, self.get_exp_cycles()}
        pixels = max(pixels_kept(replace(self.window, folds=1), a, self.reading_cycles, 1.0) for a in arrivals)
        least = max(self.window.span + 1, (pixels + 1) * self.window.folds)
        return ring_choice(self.window, self.attr("SIMD"), self.attr("ram_style"), least, self.bram_price)

    @property
    def kept(self) -> int:
        """Beats of x held for the shortcut: all pixels in the ring from the window's centre on, and those in flight."""
        top, left, *_ = self.window.padding
        pixels = -(-self.ring[0] // self.window.folds) - top * self.window.image[1] - left + _IN_FLIGHT
        return max(2, pixels * self.attr("IFMChannels") // self.attr("InLanes"))

    @property
    def weights_memory(self) -> tuple[int, int, bool]:
        """Depth, width, block or not."""
        (sf, nf), width = self.folding, self.attr("PE") * self.attr("SIMD")
        return sf * nf, width, rom_in_block_ram(self.attr("ram_style"), sf * nf, width, self.bram_price)

    @property
    def lane_memories(self) -> list[Rom | None]:
        """Steps and table of one lane, or its knees and lines."""
        rows, stages, total = self.attr("MH") // self.attr("Lanes"), self.stages, self.total.bitwidth()
        table: Rom | None = None
        if self.attr("affineSteps"):
            steps = Rom("step", rows, total)
            table = Rom("table", 2 * rows, int(sum(self.attr("affineBits"))), late=True)
        else:
            steps = Rom("step", rows << stages if stages > 1 else rows, total + 1, late=stages > 1)
            if self.attr("hasTable"):
                table = Rom("table", rows << stages, self.streams_out()[0].dtype.bitwidth(), late=True)
        return [rom and rom.placed(self.bram_price) for rom in (steps, table)]
