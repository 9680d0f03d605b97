"""StreamVVAU: a depthwise convolution, each channel with a kernel of its own, its window inside."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import BaseDataType, DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops._dsp import channel_distance, lut_product, packed_pairs
from finn_build.dataflow.ops._memory import hex_words, rom_area, rom_in_block_ram
from finn_build.dataflow.ops._ring import pixels_kept
from finn_build.dataflow.ops._widths import Numbers
from finn_build.dataflow.ops._windowed import WINDOW, Windowed
from finn_build.dataflow.ops.base import FIFO_RTL, ROM_RTL, StreamOp, Trait
from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.stream import Resources, Stream, sizes
from finn_build.errors import ConfigError

_FEW_BITS = 2  # weights whose products are no more than an addition
_BIPOLAR = DataType["BIPOLAR"]


@register_custom_op
class StreamVVAU_rtl(Windowed, StreamOp):  # noqa: N801  (FINN's naming)
    """Exact sums of products within each channel: x (1, H, W, C), weights (C, kh * kw) -> (1, OH, OW, C).

    Padded places add 0, to bipolar x too. Weights of 3 to 8 bits multiply in DSP slices, two channels in each where
    they fit (`_dsp.py`), unless `resType` says `lut`; narrower ones are added and subtracted. NarrowWeights promises
    that none is the type's most negative value.
    """

    rtl_module = "sf_vvau"
    window_lanes, depthwise = "PE", True
    traits = frozenset({Trait.WINDOW, Trait.FOLDED})
    lane_sizes = sizes(PE="IFMChannels")
    ram_styles = ("block", "distributed")
    rtl_sources = (
        *(*FIFO_RTL, *ROM_RTL, "swg/sf_swg_walk.sv", "swg/sf_swg_core.sv"),
        *(f"vvau/sf_vvau{part}.sv" for part in ("_lane", "_slice", "")),
    )

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """The window's, and the others as in BitMVAU_rtl and FINN's VVAU."""
        return {
            **WINDOW,
            "PE": ("i", False, 1),
            "weightDataType": ("s", True, ""),
            "outputDataType": ("s", True, ""),
            "NarrowWeights": ("i", False, 0, {0, 1}),
            "resType": ("s", False, "auto", {"auto", "lut", "dsp"}),
        }

    def streams_out(self) -> list[Stream]:
        """Sums, PE channels a beat."""
        shape = (1, *self.window.windows, self.attr("IFMChannels"))
        return [Stream(shape, self.attr("PE"), DataType[self.attr("outputDataType")])]

    @property
    def _taps(self) -> int:
        return prod(self.window.kernel)

    @property
    def weight_type(self) -> BaseDataType:
        """Type of the weights."""
        return DataType[self.attr("weightDataType")]

    @property
    def _bits(self) -> tuple[int, int]:
        """Of an element as a signed factor, and of a weight."""
        x = DataType[self.attr("inputDataType")]
        return x.bitwidth() + (x == _BIPOLAR or not x.signed()), self.weight_type.bitwidth()

    @property
    def has_products(self) -> bool:
        """Of weights of several bits."""
        return self._bits[1] > 1

    @property
    def _in_slices(self) -> bool:
        kind = self.attr("resType")
        return bool(kind == "dsp" or (kind == "auto" and self._bits[1] > _FEW_BITS))

    @property
    def _shift(self) -> int:
        """Distance of two channels in a slice; 0 where each has its own."""
        if not self._in_slices or self.attr("PE") == 1 or self._bits[1] == 1:
            return 0
        x, narrow = DataType[self.attr("inputDataType")], self.attr("NarrowWeights")
        largest = max(-int(x.min()), int(x.max())) * (2 ** (self._bits[1] - 1) - narrow)
        wider = 0 if not x.signed() else 1
        return channel_distance(
            self._taps * largest, self._bits[0] + wider, self._bits[1] + (not narrow), self._acc_bits
        )

    @property
    def _acc_bits(self) -> int:
        return int(DataType[self.attr("outputDataType")].bitwidth())

    @property
    def _word_bits(self) -> int:
        """Width of the weights of a beat: a pair of channels takes one bit more unless narrow."""
        pairs = self.attr("PE") // 2 if self._shift and not self.attr("NarrowWeights") else 0
        return self.attr("PE") * self._bits[1] + pairs

    @property
    def block_weights(self) -> bool:
        """Whether the weights lie in block RAM."""
        return rom_in_block_ram("auto", self.window.folds * self._taps, self._word_bits, self.bram_price)

    @property
    def ring_words(self) -> int:
        """So many that neither side slows the other one down."""
        arrivals = {self.window.beats_in, self.window.cycles}
        pixels = max(pixels_kept(self.window, a, self.window.beats_out, 1.0) for a in arrivals)
        return max(super().ring_words, (pixels + 1) * self.window.folds)

    def rtl_parameters(self) -> dict[str, int | str]:
        """Lanes, types, geometry and memories.

        Raises:
            ConfigError: a weight of one bit in a DSP slice.
        """
        x, node = self.streams_in()[0].dtype, self.onnx_node.name
        if self._in_slices and self._bits[1] == 1:
            raise ConfigError(f"{node}: resType=dsp for weights of one bit, which are only signs; legal: auto, lut")
        return {
            "PE": self.attr("PE"),
            "ABITS": x.bitwidth(),
            "WBITS": self._bits[1],
            "ACC_BITS": self._acc_bits,
            "SIGNED": int(x.signed() and x != _BIPOLAR),
            "BIPOLAR": int(x == _BIPOLAR),
            "NARROW": self.attr("NarrowWeights"),
            "DSP": int(self._in_slices),
            "SHIFT": self._shift,
            **self.window.parameters,
            **self.ring_parameters(),
            "BLOCK_WEIGHTS": int(self.block_weights),
            "WEIGHT_FILE": f"{node}_weights.mem",
        }

    def numbers(self, model: ModelWrapper) -> list[Numbers]:
        """Its weights."""
        return [Numbers("weights", model.get_initializer(self.onnx_node.input[1]), self.weight_type)]

    def weights_by_beat(self, model: ModelWrapper) -> np.ndarray:
        """Weights [folds * kh * kw, PE]."""
        weights = model.get_initializer(self.onnx_node.input[1]).astype(np.int64)
        return weights.reshape(self.window.folds, -1, self._taps).transpose(0, 2, 1).reshape(-1, self.attr("PE"))

    def memory_files(self, model: ModelWrapper) -> dict[str, list[str]]:
        """Weights by beat, pairs of channels first where they share a slice (see sf_vvau_slice.sv).

        Raises:
            ConfigError: NarrowWeights does not hold.
        """
        node, bits, words = self.onnx_node.name, self._bits[1], self.weights_by_beat(model)
        if bits == 1:
            return {f"{node}_weights.mem": hex_words((words > 0).astype(np.int64), 1)}
        pairs = self.attr("PE") // 2 if self._shift else 0
        packed = packed_pairs(node, words[:, :, None], pairs, bits, bool(self.attr("NarrowWeights")))
        return {f"{node}_weights.mem": packed}

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Sums over the windows, channel by channel."""
        x, weights = operands
        patches = self.window.patches(x, 0)
        return (np.einsum("nhwyxc,cyx->nhwc", patches, weights.reshape(-1, *self.window.kernel)),)

    def weights(self) -> str:
        """Its only parameter."""
        return str(self.onnx_node.input[1])

    def burst_beats(self, stream: Stream) -> int:
        """With stride a row of sums comes with the last row of its windows."""
        return stream.beats // self.window.windows[0] if self.window.stride[0] > 1 else 0

    def window_cycles(self) -> int:
        """Its places."""
        return self.window.places

    def beat_cycles(self, beats: np.ndarray) -> np.ndarray:
        """A place of the window a cycle."""
        return beats * self._taps

    @property
    def _stages(self) -> int:
        """Cycles from the window core to the sums, as in sf_vvau.sv."""
        return 3 if self._in_slices else 1 + (self._bits[1] > _FEW_BITS)

    def fill_cycles(self) -> int:
        """Until the first window is complete, then the sums and their register."""
        return self.window.first_window_cycles() + 2 + self._stages

    def cycles_behind(self, beats: np.ndarray) -> np.ndarray:
        """Padded places behind the last one within the image, then the sums and their register."""
        return self.window.places_behind(beats // self.window.folds) + 3 + self._stages

    def resources(self) -> Resources:
        """The window core, weights, accumulators and the place of the results."""
        pe, acc, (x_bits, w_bits) = self.attr("PE"), self._acc_bits, self._bits
        words, block = self.window.folds * self._taps, self.block_weights
        lut, bram = rom_area(words, self._word_bits, block=block)
        pairs = pe // 2 if self._shift else 0
        if self._in_slices:
            signed = DataType[self.attr("inputDataType")].signed()
            lanes = Resources(lut=pairs * (x_bits + 1) * signed, dsp=pe - pairs)
        else:
            product = 0 if w_bits <= _FEW_BITS else lut_product(x_bits, w_bits)
            lanes = Resources(lut=pe * (acc + product), ff=pe * (acc + (x_bits + w_bits if product else 0)))
        result = Resources(ff=pe * acc + 1) if self._taps > 1 else pair_area(pe * acc)
        registers = (
            pe * x_bits + words.bit_length() + 2 * self._stages + (0 if block or words == 1 else self._word_bits)
        )
        return self.core_area() + lanes + result + Resources(lut=lut + 14, ff=registers, bram18=bram)
