"""BitMVAU: matrix-vector product with weights of one bit (±1) or k bits, on bipolar, ternary or integer activations."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, log2, prod
from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import BaseDataType, DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops._dsp import ProductPlan, packed_pairs, plan_products, product_area
from finn_build.dataflow.ops._folds import divisors, folds
from finn_build.dataflow.ops._memory import hex_words, rom_area, rom_in_block_ram
from finn_build.dataflow.ops._popcount import Popcount, plan_popcount
from finn_build.dataflow.ops._ram import RAM_STYLES, bram18_blocks, lutram_luts, memory_style
from finn_build.dataflow.ops._widths import Numbers
from finn_build.dataflow.ops.base import COMPRESSOR_RTL, FIFO_RTL, ROM_RTL, Folding, StreamOp, Trait
from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.stream import Resources, Stream, sizes


@register_custom_op
class BitMVAU_rtl(StreamOp):  # noqa: N801  FINN finds ops by this form of name
    """Exact sums w·x of each vector with each row: x [..., MW], weights [MW, MH] -> [..., MH].

    A ternary input is the zero-padded border of bipolar activations. Where a beat lies within one pixel (SIMD divides
    `PixelChannels`) its lanes are all zero or none is: one mask bit a beat then suffices, at half the area, and the
    simulation asserts it. Otherwise (also when PixelChannels is 0, unknown) ternary is taken as INT2, which is general.

    Weights of 2 to 8 bits multiply in DSP slices, two rows in each where they fit (`_dsp.py`), unless `resType` says
    `lut`. NarrowWeights promises that none is the type's most negative value: 8-bit weights then add up in longer
    chains, at fewer LUTs.
    """

    rtl_module = "sf_mvau"
    traits = frozenset({Trait.PACED, Trait.FOLDED})
    lane_sizes = sizes(PE="MH", SIMD="MW")
    ram_styles = ("block", "distributed")
    rtl_sources = (
        *(*FIFO_RTL, *ROM_RTL, *COMPRESSOR_RTL),
        *(f"mvau/sf_mvau{part}.sv" for part in ("_signs", "_pe", "_products", "_tree", "_dots", "_rows", "")),
    )

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Folding, types, the channels of a pixel (0: unknown) and where the weights are kept."""
        return {
            "MW": ("i", True, 0),
            "MH": ("i", True, 0),
            "SIMD": ("i", True, 0),
            "PE": ("i", True, 0),
            "PixelChannels": ("i", False, 0),
            "numInputVectors": ("ints", False, [1]),
            "inputDataType": ("s", True, ""),
            "weightDataType": ("s", True, ""),
            "outputDataType": ("s", True, ""),
            "NarrowWeights": ("i", False, 0, {0, 1}),
            "resType": ("s", False, "auto", {"auto", "lut", "dsp"}),
        }

    def streams_in(self) -> list[Stream]:
        """Activations, each vector once."""
        shape = (*self.attr("numInputVectors"), self.attr("MW"))
        return [Stream(shape, self.attr("SIMD"), DataType[self.attr("inputDataType")])]

    def streams_out(self) -> list[Stream]:
        """Sums."""
        shape = (*self.attr("numInputVectors"), self.attr("MH"))
        return [Stream(shape, self.attr("PE"), DataType[self.attr("outputDataType")])]

    @property
    def _sf(self) -> int:
        return folds(self.onnx_node.name, "SIMD", self.attr("SIMD"), "MW", self.attr("MW"))

    @property
    def _nf(self) -> int:
        return folds(self.onnx_node.name, "PE", self.attr("PE"), "MH", self.attr("MH"))

    @property
    def _weight_bits(self) -> int:
        return DataType[self.attr("weightDataType")].bitwidth()

    @property
    def _masked(self) -> bool:
        """One mask bit a beat serves a ternary input."""
        ternary, channels = self.attr("inputDataType") == "TERNARY", self.attr("PixelChannels")
        return ternary and self._weight_bits == 1 and channels > 0 and channels % self.attr("SIMD") == 0

    @property
    def _planes(self) -> int:
        """Bits of an activation that enter a popcount."""
        return 1 if self._masked else DataType[self.attr("inputDataType")].bitwidth()

    @property
    def _dot_cycles(self) -> int:
        """Latency of one beat's dot product, as in sf_mvau.sv."""
        if self._weight_bits > 1:
            return self._products.cycles
        return 1 + len(self._popcount.levels)

    @property
    def _popcount(self) -> Popcount:
        """Registers within the sum of a beat, of one-bit weights."""
        rows = self.attr("PE") if self._sf * self._nf == 1 else 0  # of constant weights
        return plan_popcount(self.attr("SIMD"), self._planes, self.path_ns, rows)

    @property
    def _products(self) -> ProductPlan:
        """Of weights of several bits."""
        x_bits, narrow = self._factor_bits(DataType[self.attr("inputDataType")]), bool(self.attr("NarrowWeights"))
        return plan_products(x_bits, self._weight_bits, narrow, self.attr("SIMD"), self.attr("PE"), self.in_slices)

    @property
    def has_products(self) -> bool:
        """Of weights of several bits."""
        return self._weight_bits > 1

    @property
    def in_slices(self) -> bool:
        """Whether products are made in DSP slices."""
        return self.has_products and bool(self.attr("resType") != "lut")

    @property
    def _word_bits(self) -> int:
        """Width of the weights of one beat: where rows share slices, a pair takes one bit more unless narrow."""
        bits = self.attr("PE") * self._weight_bits
        if self._weight_bits > 1 and not self.attr("NarrowWeights"):
            bits += self._products.pairs
        return bits * self.attr("SIMD")

    def _block_weights(self) -> bool:
        return rom_in_block_ram(self.attr("ram_style"), self._sf * self._nf, self._word_bits, self.bram_price)

    def rtl_parameters(self) -> dict[str, int | str]:
        """Parameters of sf_mvau.sv.

        Raises:
            ConfigError: SIMD does not divide MW, or PE does not divide MH.
        """
        in_dtype, node = DataType[self.attr("inputDataType")], self.onnx_node.name
        bipolar = in_dtype == DataType["BIPOLAR"]
        plan = self._products if self._weight_bits > 1 else None
        return {
            "MW": self._sf * self.attr("SIMD"),
            "MH": self._nf * self.attr("PE"),
            "SIMD": self.attr("SIMD"),
            "PE": self.attr("PE"),
            "ABITS": in_dtype.bitwidth(),
            "WBITS": self._weight_bits,
            "ACC_BITS": DataType[self.attr("outputDataType")].bitwidth(),
            "SIGNED": int(in_dtype.signed() and not bipolar and not self._masked),
            "BIPOLAR": int(bipolar or self._masked),
            "MASKED": int(self._masked),
            "NARROW": self.attr("NarrowWeights"),
            "SHIFT": plan.shift if plan else 0,
            "GUARD": int(plan.guard) if plan else 0,
            "CHAIN": plan.chain if plan else 1,
            "DSP": int(self.in_slices),
            "REGISTERS": 0 if plan else self._popcount.mask,
            "REGISTERED": 0 if plan else len(self._popcount.levels),
            "BLOCK_WEIGHTS": int(self._block_weights()),
            "RAM_STYLE": RAM_STYLES[self._buffer_style],
            "WEIGHT_FILE": f"{node}_weights.mem",
            "INIT_FILE": f"{node}_init.mem",
        }

    def numbers(self, model: ModelWrapper) -> list[Numbers]:
        """Its weights; sums may wrap on their way."""
        return [Numbers("weights", model.get_initializer(self.weights()), DataType[self.attr("weightDataType")])]

    def memory_files(self, model: ModelWrapper) -> dict[str, list[str]]:
        """Weights by beat, pairs of rows first (see sf_mvau_dots.sv), and start values of the sums (see sf_mvau.sv)."""
        node, bits, nf = self.onnx_node.name, self._weight_bits, self._nf
        weights = model.get_initializer(self.onnx_node.input[1]).astype(np.int64)
        by_beat = weights.T.reshape(nf, self.attr("PE"), self._sf, self.attr("SIMD")).transpose(0, 2, 1, 3)
        by_beat = by_beat.reshape(nf * self._sf, self.attr("PE"), self.attr("SIMD"))
        if bits == 1:
            words = hex_words((by_beat > 0).astype(np.int64).reshape(len(by_beat), -1), 1)
        else:
            words = packed_pairs(node, by_beat, self._products.pairs, bits, bool(self.attr("NarrowWeights")))
        files = {f"{node}_weights.mem": words}
        if self._has_start_values:
            start, acc_bits = self._start_values(weights).reshape(nf, -1), int(self.rtl_parameters()["ACC_BITS"])
            files[f"{node}_init.mem"] = hex_words(start % 2**acc_bits, acc_bits)  # sums may wrap; their ends fit
        return files

    @property
    def _has_start_values(self) -> bool:
        """Whether sums start from a constant of their row: for unsigned activations, and signed ones with one-bit w."""
        parameters = self.rtl_parameters()
        return not parameters["BIPOLAR"] and (self._weight_bits == 1 or not parameters["SIGNED"])

    def _start_values(self, weights: np.ndarray) -> np.ndarray:
        """What turns the sum that the RTL forms into the exact one, by row [MH].

        One-bit weights: XNOR inverts x where w = -1. Inverted, an unsigned x reads (2^k - 1) - x and a signed one
        -x - 1; the top plane of a signed x is counted positive and inverted, 2^(k-1) too much in each lane.
        Wider ones: an unsigned x enters as x - 2^(k-1).
        """
        in_dtype = DataType[self.attr("inputDataType")]
        negative, bits = (weights < 0).sum(axis=0), in_dtype.bitwidth()
        if self._weight_bits > 1:
            return 2 ** (bits - 1) * weights.sum(axis=0)
        if in_dtype.signed():
            return negative - 2 ** (bits - 1) * self.attr("MW")
        return -(2**bits - 1) * negative

    @property
    def _start_bits(self) -> int:
        """Bits in which start values of rows differ: those of random weights lie within three standard deviations."""
        dtype, acc = DataType[self.attr("inputDataType")], DataType[self.attr("outputDataType")].bitwidth()
        if self._weight_bits > 1:
            return int(acc - (dtype.bitwidth() - 1))  # multiples of 2^(k-1)
        step = 1 if dtype.signed() else 2 ** dtype.bitwidth() - 1
        return int(min(acc, ceil(log2(3.3 * step) + log2(self.attr("MW")) / 2) + 1))

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Σ w·x. Doubles are exact here (sums stay far below 2^53) and multiply much faster than int64."""
        x, weights = operands
        return ((x.astype(np.float64) @ weights.astype(np.float64)).astype(np.int64),)

    def weights(self) -> str:
        """Its only parameter."""
        return str(self.onnx_node.input[1])

    def foldings(self, window: StreamOp | None) -> Iterator[Folding]:
        """A window gives at most a pixel a beat; without one, any part of the vector enters in a beat."""
        for simd in divisors(self.attr("MW") if window is None else window.streams_in()[0].shape[-1]):
            for pe in divisors(self.attr("MH")):
                yield {"PE": pe, "SIMD": simd}

    def vector_reads(self) -> int:
        """Once for each row fold."""
        return self._nf

    def beats_needed(self, beats: np.ndarray, port: int) -> list[np.ndarray]:
        """Any row needs the whole vector."""
        return [(beats // self._nf + 1) * self._sf]

    def get_exp_cycles(self) -> int:
        """One beat a cycle: vectors x SF x NF."""
        return prod(self.attr("numInputVectors")) * self._sf * self._nf

    def beat_cycles(self, beats: np.ndarray) -> np.ndarray:
        """A fold of rows takes all of its vector."""
        return beats * self._sf

    def fill_cycles(self) -> int:
        """The first fold, then buffer, weights, dot product and output register."""
        return self._sf + 2 + self._dot_cycles

    def resources(self) -> Resources:
        """Fitted to Yosys 0.70: raw LUTs, ROMs with random contents mapped alone (`read_slang --keep-hierarchy`).

        LUTs measured and estimated, (MW, MH, SIMD, PE): (216, 24, 24, 4) bipolar 326, 324; (576, 64, 64, 8) UINT2
        3581, 3380; (144, 16, 16, 4) UINT4 734, 752; (288, 32, 32, 32) bipolar, block 2162, 2076. Of 12 configurations
        with one-bit weights 9 lie within 6%, the others are small or estimated up to 27% high. UINT8 x INT8:
        (81, 24, 81, 4) narrow 1159, 1185; not narrow 2420, 2517; (27, 16, 9, 2) 359, 400; (81, 24, 27, 12) narrow
        1282, 1356. DSP slices are exact.
        """
        sf, nf, pe = self._sf, self._nf, self.attr("PE")
        acc, buffer = DataType[self.attr("outputDataType")].bitwidth(), self._buffer_area()
        in_dtype = DataType[self.attr("inputDataType")]
        depth, width, held, block = sf * nf, self._word_bits, self._held_bits, self._block_weights()
        lut, bram = rom_area(depth, width, block=block)
        starts = rom_area(nf, pe * self._start_bits, block=False)[0] if self._has_start_values else 0
        sums = 2 * acc if sf > 1 else acc  # with one beat a fold, only the output register
        # Equal columns are built once; of block RAM Yosys has no output register.
        registers = 0 if depth == 1 else width if block else min(width, 2**depth)
        registers += min(pe * self._start_bits, 2**nf) if starts else 0
        if self._weight_bits > 1:
            dot, adders = self._products_area(), acc
        else:
            dot, adders = self._signs_area(), sums // 2
            held *= 1 if buffer.lut + buffer.bram18 else 2  # with products, the slices hold one copy
        pair = pair_area(pe * acc) if sf == 1 else Resources(ff=pe * acc)  # behind the sums
        if depth == 1 and (taken := self.attr("SIMD") * in_dtype.bitwidth()) < pe * acc:  # where a beat is narrow
            pair, held = pair_area(taken) + Resources(ff=pe * acc), held - self._held_bits
        return pair + Resources(
            lut=28 + lut + starts + buffer.lut + dot.lut + pe * adders,
            ff=20 + registers + held + dot.ff + pe * (sums - acc),
            bram18=bram + buffer.bram18,
            dsp=dot.dsp,
        )

    @property
    def _buffer_style(self) -> str:
        return memory_style(self._sf, self._held_bits, "auto", self.attr("lutsPerBram18"))

    @property
    def _held_bits(self) -> int:
        """Width of the vector's buffer."""
        dtype = DataType[self.attr("inputDataType")]
        if self._weight_bits == 1:
            return self.attr("SIMD") * self._planes + self._masked
        return self.attr("SIMD") * self._factor_bits(dtype)

    @staticmethod
    def _factor_bits(dtype: BaseDataType) -> int:
        """Bits of an activation as a signed factor."""
        return dtype.bitwidth() + (dtype == DataType["BIPOLAR"])

    def _buffer_area(self) -> Resources:
        """The vector's buffer; registers where nothing is replayed or a beat holds the vector."""
        if self._nf == 1 or self._sf == 1:
            return Resources()
        if self._buffer_style == "block":
            return Resources(bram18=bram18_blocks(self._sf, self._held_bits))
        return Resources(lut=lutram_luts(self._sf, self._held_bits))

    def _signs_area(self) -> Resources:
        """Popcounts, and the mask's choice."""
        planes, simd, pe = self._planes, self.attr("SIMD"), self.attr("PE")
        count_bits = (simd * (2**planes - 1)).bit_length()
        mask = count_bits if self._masked else 0
        return Resources(lut=ceil(pe * (self._popcount.lut + mask)), ff=pe * (count_bits + self._popcount.bits))

    def _products_area(self) -> Resources:
        """Adder trees behind the chains, and what separates the two rows of a slice."""
        plan, pe = self._products, self.attr("PE")
        trees = Resources(lut=pe * plan.adder_bits + plan.parity_luts, ff=pe * plan.tree_registers + plan.parity_luts)
        if self.in_slices:
            return trees + Resources(dsp=plan.slices)
        return trees + product_area(self._factor_bits(DataType[self.attr("inputDataType")]), self._weight_bits, plan)
