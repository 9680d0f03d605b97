"""BitConv: a binary convolution with its signs, rows, shortcut and step function as one unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from onnx import NodeProto
from qonnx.core.datatype import BaseDataType, DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.arithmetic.affine import FRACTIONS, AffineSteps, fit_affine
from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.arithmetic.step_function import StepFunction
from finn_build.dataflow.ops import _bitconv_folding
from finn_build.dataflow.ops._bitconv_area import bitconv_area
from finn_build.dataflow.ops._bitconv_wide import widened
from finn_build.dataflow.ops._folds import folds
from finn_build.dataflow.ops._memory import Rom, hex_words, lane_files, rom_in_block_ram, rom_parameters
from finn_build.dataflow.ops._popcount import Popcount, plan_popcount
from finn_build.dataflow.ops._ram import RAM_STYLES
from finn_build.dataflow.ops._steps import level_numbers, level_ranges, step_function
from finn_build.dataflow.ops._widths import Numbers
from finn_build.dataflow.ops._window import Window
from finn_build.dataflow.ops.base import COMPRESSOR_RTL, FIFO_RTL, LATE_ROM_RTL, Folding, Range, StreamOp, Trait
from finn_build.dataflow.ops.fifo import fifo_style
from finn_build.dataflow.ops.swg import geometry_parameters, ring_choice, window_of
from finn_build.dataflow.stream import Resources, Stream, sizes
from finn_build.errors import ConfigError

_BIPOLAR = DataType["BIPOLAR"]
_FEW_STEPS = 3  # a search among these is small
_IN_FLIGHT = 2  # pixels between the ring and the search that still need their shortcut
SHORTCUTS = ("none", "own", "stream")


@register_custom_op
class BitConv_rtl(StreamOp):  # noqa: N801  FINN finds ops by this form of name
    """`steps(sumScale * conv(sign(x)) + shortcutScale * shortcut)`.

    sign(x) is +1 where x reaches its channel's threshold, else -1; a bipolar x is its own sign. Padded places add 0.

    Shapes:
        x (1, H, W, C), shortcut (1, OH, OW, MH) where it is a stream; then the parameters: signs (C, 1) unless x is
        bipolar, weights (kh * kw * C, MH), thresholds (MH or 1, S), table (MH or 1, S + 1) where `hasTable`
        -> (1, OH, OW, MH).
    """

    rtl_module = "sf_bitconv"
    traits = frozenset({Trait.WINDOW, Trait.SHORTCUT, Trait.FOLDED})
    lane_sizes = sizes(PE="MH", SIMD="IFMChannels", Lanes="MH", InLanes="IFMChannels")
    ram_styles = ("block", "distributed")
    rtl_sources = (
        *(*FIFO_RTL, *LATE_ROM_RTL, *COMPRESSOR_RTL),
        *("swg/sf_swg_walk.sv", "swg/sf_swg_core.sv", "mvau/sf_mvau_signs.sv", "mvau/sf_mvau_pe.sv"),
        *(f"bitconv/sf_bitconv{part}.sv" for part in ("_signs", "_totals", "_steps", "_affine", "")),
    )

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Geometry as in SWG, folding as in BitMVAU, steps as in StepThresholding."""
        return {
            "IFMDim": ("ints", True, []),  # [H, W]
            "IFMChannels": ("i", True, 0),
            "KernelDim": ("ints", True, []),  # [kh, kw]
            "Stride": ("ints", False, [1, 1]),  # [sh, sw]
            "Padding": ("ints", False, [0, 0, 0, 0]),  # [top, left, bottom, right]
            "Dilation": ("ints", False, [1, 1]),  # [dy, dx]
            "MH": ("i", True, 0),
            "SIMD": ("i", False, 1),
            "PE": ("i", False, 1),
            "InLanes": ("i", False, 1),
            "Lanes": ("i", False, 1),  # of the output and the shortcut
            "inputDataType": ("s", True, ""),
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

    @cached_property
    def window(self) -> Window:
        """Geometry of the window, in words of SIMD channels."""
        return window_of(self, "SIMD", depthwise=False)

    def streams_in(self) -> list[Stream]:
        """The image, and the shortcut where it is a stream."""
        shape = (1, *self.window.image, self.attr("IFMChannels"))
        streams = [Stream(shape, self.attr("InLanes"), DataType[self.attr("inputDataType")])]
        if self.attr("shortcut") == "stream":
            streams.append(self._result(DataType[self.attr("shortcutDataType")]))
        return streams

    def idle_inputs(self) -> dict[str, int]:
        """The stream of shortcuts, where there is none."""
        bits = self.attr("Lanes") * self._shortcut_type.bitwidth()
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
    def _shortcut_type(self) -> BaseDataType:
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
            other, k = self._shortcut_type, self.attr("shortcutScale")
            low, high = low + int(other.min()) * k, high + int(other.max()) * k
        return integer_range_dtype(min(low, -1), high)

    @property
    def total_range(self) -> tuple[np.ndarray, np.ndarray]:
        """Range of each channel's total: as many products of +1 and -1 as the window has, and the shortcut."""
        rows, none = self.attr("MH"), self.attr("shortcut") == "none"
        reach = self.window.kernel[0] * self.window.kernel[1] * self.attr("IFMChannels")
        least, most = np.clip([-reach, reach], int(self.acc.min()), int(self.acc.max())) * self.attr("sumScale")
        other = np.array([0, 0]) if none else np.array([self._shortcut_type.min(), self._shortcut_type.max()])
        given = np.asarray(self.attr("shortcutRange"), np.int64)
        ends = given.reshape(2, rows) if len(given) else np.repeat(other[:, None], rows, axis=1)
        low, high = ends.astype(np.int64) * self.attr("shortcutScale")
        return low + least, high + most

    @property
    def _folds(self) -> tuple[int, int]:
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
        return self._affine_levels[0] if self.attr("affineSteps") else int(self.attr("numSteps")).bit_length()

    @property
    def _affine_levels(self) -> tuple[int, int]:
        """Bits and bias of the levels that affine steps count: all of the output type, unless fewer bits do."""
        dtype, bits = self.streams_out()[0].dtype, int(self.attr("numSteps")).bit_length()
        if self.attr("hasTable") or bits == dtype.bitwidth():
            return dtype.bitwidth(), int(dtype.min())  # both ends clip, as a quantizer's do
        return bits, self.attr("outBias")

    def fit_affine(self, model: ModelWrapper, fractions: tuple[int, ...] = FRACTIONS) -> AffineSteps | None:
        """Lines that give the level of every total, or None."""
        bits, bias = self._affine_levels
        if bits < 2 or self.streams_out()[0].dtype == _BIPOLAR:
            return None
        return fit_affine(step_function(self, model), *self.total_range, bits, bias, fractions)

    def step_forms(self, model: ModelWrapper, ranges: list[Range | None]) -> Iterator[Mapping[str, Any]]:
        """Two lines a channel, where they give the level of every total."""
        known: dict[str, Any] = {}
        if self.attr("shortcut") != "none" and ranges[-1] is not None:
            known["shortcutRange"] = [int(v) for v in np.concatenate(ranges[-1])]
        if self.attr("numSteps") > _FEW_STEPS and (fit := self.changed(**known).fit_affine(model)) is not None:
            yield known | {"affineSteps": 1, "affineFraction": fit.fraction, "affineBits": list(fit.widths)}

    def output_ranges(self, model: ModelWrapper, ranges: list[Range | None]) -> list[Range]:
        """Of its levels."""
        return level_ranges(self, model)

    def weights(self) -> str:
        """Behind the thresholds of the signs."""
        return str(self.onnx_node.input[len(self.streams_in()) + self.sign_steps])

    def choose_folding(self, target_cycles: int, window: StreamOp | None) -> Folding:
        """The smallest by its own estimate that meets the target, else the fastest."""
        return _bitconv_folding.choose(self, target_cycles)

    def widest_stream(self) -> int:
        """Sums leave the popcounts side by side."""
        return max(super().widest_stream(), self.attr("PE") * DataType[self.attr("accDataType")].bitwidth())

    def widened(self) -> list[NodeProto]:
        """Its parts as ops of their own, which take a whole window a beat."""
        return widened(self)

    @property
    def reading_cycles(self) -> int:
        """Cycles in which all windows are computed: the slower of popcount and search."""
        _, nf = self._folds
        return self.window.windows[0] * self.window.windows[1] * nf * self._fold_cycles

    @property
    def _fold_cycles(self) -> int:
        sf, _ = self._folds
        return max(sf, self.attr("PE") // self.attr("Lanes") * self.stages)

    def beats_needed(self, beats: np.ndarray, port: int = 0) -> list[np.ndarray]:
        """Levels need their whole window, and as much of the shortcut."""
        pixels = replace(self.window, folds=1, depthwise=True).beats_needed(beats // self.streams_out()[0].folds)
        image, *shortcut = self.streams_in()
        return [pixels * image.folds, *(beats + 1 for _ in shortcut)]

    def window_cycles(self) -> int:
        """Its places and row folds."""
        height, width = self.window.windows
        return int(self.reading_cycles // (height * width))

    def get_exp_cycles(self) -> int:
        """max(H*W*C/InLanes, OH*OW*NF * max(SF, PE/Lanes * stages))."""
        return max(self.streams_in()[0].beats, self.reading_cycles)

    def beat_cycles(self, beats: np.ndarray) -> np.ndarray:
        """The levels of a fold come a search apart; folds, as far apart as sums or searches take."""
        searches = self.attr("PE") // self.attr("Lanes")
        fold, search = np.divmod(beats, searches)
        return fold * self._fold_cycles + search * (max(self.stages, 2) if self._spaced else self.stages)

    @property
    def popcount(self) -> Popcount:
        """Registers within the sum of a beat."""
        return plan_popcount(self.attr("SIMD"), 1, self.path_ns)

    @property
    def _spaced(self) -> bool:
        """Whether levels have room for a cycle between them, as in sf_bitconv.sv."""
        return self._fold_cycles >= self.attr("PE") // self.attr("Lanes") * max(self.stages, 2)

    def fill_cycles(self) -> int:
        """The first window's last pixel, or its places if they take longer, then the search."""
        places = self.window.first_window_cycles(self.attr("SIMD") // self.attr("InLanes"))
        return max(places, self._folds[0]) + self._registers

    def cycles_behind(self, beats: np.ndarray) -> np.ndarray:
        """Padded places behind the last one within the image, then popcount and search."""
        return self.window.places_behind(beats // self.streams_out()[0].folds) + self._registers + 1

    @property
    def _registers(self) -> int:
        steps = self.stages + 2 * self.attr("affineSteps") + (not self._spaced) + len(self.popcount.levels)
        return steps + 6

    @cached_property
    def ring(self) -> tuple[int, str]:
        """Words of the ring of rows, and its kind of memory: neither side may slow the other one down."""
        arrivals = {self.streams_in()[0].beats, self.get_exp_cycles()}
        pixels = max(self.window.pixels_kept(a, self.reading_cycles, 1.0) for a in arrivals)
        least = max(self.window.span + 1, (pixels + 1) * self.window.folds)
        return ring_choice(self.window, self.attr("SIMD"), self.attr("ram_style"), least, self.bram_price)

    @property
    def kept(self) -> int:
        """Beats of x held for the shortcut: all pixels in the ring from the window's centre on, and those in flight."""
        top, left, *_ = self.window.padding
        pixels = -(-self.ring[0] // self.window.folds) - top * self.window.image[1] - left + _IN_FLIGHT
        return max(2, pixels * self.attr("IFMChannels") // self.attr("InLanes"))

    def rtl_parameters(self) -> dict[str, int | str]:
        """Parameters of sf_bitconv.sv."""
        x, node, (depth, style) = self.streams_in()[0], self.onnx_node.name, self.ring
        geometry = {k: v for k, v in geometry_parameters(self.window).items() if k != "FOLDS"}
        own = self.attr("shortcut") == "own"
        kept = self.kept if own else 2
        return {
            "C": self.attr("IFMChannels"),
            "MH": self.attr("MH"),
            "SIMD": self.attr("SIMD"),
            "PE": self.attr("PE"),
            "IN_LANES": self.attr("InLanes"),
            "LANES": self.attr("Lanes"),
            **geometry,
            "PADDED": int(any(self.window.padding)),
            "DEPTH": depth,
            "RAM_STYLE": RAM_STYLES[style],
            "IN_BITS": x.dtype.bitwidth(),
            "IN_SIGNED": int(x.dtype.signed() and self.sign_steps),
            "SIGN_STEPS": int(self.sign_steps),
            "SHORTCUT": SHORTCUTS.index(self.attr("shortcut")),
            "SHORTCUT_BITS": self._shortcut_type.bitwidth(),
            "SHORTCUT_SIGNED": int(self._shortcut_type.signed()),
            "SHORTCUT_SCALE": self.attr("shortcutScale"),
            "SUM_SCALE": self.attr("sumScale"),
            "KEPT": kept,
            "KEPT_STYLE": RAM_STYLES[fifo_style(kept, x.width, self.bram_price)],
            "REGISTERS": self.popcount.mask,
            "REGISTERED": len(self.popcount.levels),
            "ACC_BITS": self.acc.bitwidth(),
            "TOTAL_BITS": self.total.bitwidth(),
            "STEPS": 2**self.stages - 1 if self.attr("affineSteps") else self.attr("numSteps"),
            "OUT_BITS": self.streams_out()[0].dtype.bitwidth(),
            "BIAS": self._affine_levels[1] if self.attr("affineSteps") else self.attr("outBias"),
            "TABLE": int(self.attr("hasTable") and not self.attr("affineSteps")),
            "AFFINE": self.attr("affineSteps"),
            "FRACTION": self.attr("affineFraction"),
            **{f"{name}_BITS": max(1, int(b)) for name, b in zip("AD", self.attr("affineBits"), strict=True)},
            "BLOCK": int(self.weights_memory[2]),
            "PAIRED": sum(bool(rom and rom.is_paired) << k for k, rom in enumerate(self.lane_memories)),
            **rom_parameters(self.lane_memories),
            **{f"{name.upper()}_FILE": f"{node}_{name}.mem" for name in ("weight", "sign")},
        }

    @property
    def weights_memory(self) -> tuple[int, int, bool]:
        """Depth, width, block or not."""
        (sf, nf), width = self._folds, self.attr("PE") * self.attr("SIMD")
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

    def roms(self) -> list[Rom | None]:
        """Steps and table of every lane."""
        of_a_lane = self.lane_memories
        return [rom and rom.of_lane(self.onnx_node.name, k) for k in range(self.attr("Lanes")) for rom in of_a_lane]

    def numbers(self, model: ModelWrapper) -> list[Numbers]:
        """Weights, levels, and knees, which are totals; thresholds beyond the totals are always or never reached."""
        found = [Numbers("weights", model.get_initializer(self.weights()), _BIPOLAR), level_numbers(self, model)]
        if self.attr("affineSteps") and (fit := self.fit_affine(model, (self.attr("affineFraction"),))) is not None:
            found.append(Numbers("knees", fit.knees, self.total))
        return found

    def memory_files(self, model: ModelWrapper) -> dict[str, list[str]]:
        """Weights by beat; thresholds of the signs; by lane thresholds by search node and levels, or lines."""
        node, names = self.onnx_node.name, self.onnx_node.input[len(self.streams_in()) :]
        values = [model.get_initializer(n).astype(np.int64) for n in names]
        signs = values.pop(0) if self.sign_steps else None
        (sf, nf), pe, simd = self._folds, self.attr("PE"), self.attr("SIMD")
        by_beat = values[0].T.reshape(nf, pe, sf, simd).transpose(0, 2, 1, 3)
        files = {f"{node}_weight.mem": hex_words((by_beat > 0).astype(np.int64).reshape(nf * sf, -1), 1)}
        if signs is not None:
            x = self.streams_in()[0]
            codes = np.clip(signs.reshape(-1) - int(x.dtype.min()), 0, 2 ** x.dtype.bitwidth())
            files[f"{node}_sign.mem"] = hex_words(codes.reshape(-1, x.lanes), x.dtype.bitwidth() + 1)
        images = self._lines(model) if self.attr("affineSteps") else self._searched(*values[1:])
        return files | lane_files(node, self.attr("Lanes"), self.lane_memories, images)

    def _lines(self, model: ModelWrapper) -> dict[str, np.ndarray]:
        """Knees, and the lines {D, A} on both sides of them, [channels, words of one]."""
        node = self.onnx_node.name
        fit = self.fit_affine(model, (self.attr("affineFraction"),))
        widths = [int(b) for b in self.attr("affineBits")]
        if fit is None or any(needed > given for needed, given in zip(fit.widths, widths, strict=True)):
            raise ConfigError(f"{node}: affineSteps=1, but no lines of {widths} bits give these steps; legal: 0")
        a, d = np.moveaxis(fit.lines.reshape(len(fit.knees), 2, 2), 2, 0)
        return {"step": fit.knees[:, None], "table": (d << widths[0]) + (a & ((1 << widths[0]) - 1))}

    def _searched(self, thresholds: np.ndarray, *table: np.ndarray) -> dict[str, np.ndarray]:
        """Thresholds in the order of the search tree, root at node 1, and levels, [channels, words of one]."""
        images = {"step": self._tree(thresholds)}
        if table:  # counts beyond the steps never occur
            images["table"] = np.zeros((len(table[0]), 2**self.stages), np.int64)
            bipolar = self.streams_out()[0].dtype == _BIPOLAR
            images["table"][:, : table[0].shape[1]] = (table[0] + 1) // 2 if bipolar else table[0]
        return images

    def _tree(self, thresholds: np.ndarray) -> np.ndarray:
        stages, bits = self.stages, self.total.bitwidth()
        codes = np.full((len(thresholds), 2**stages - 1), 2**bits, np.int64)  # never reached
        codes[:, : thresholds.shape[1]] = np.clip(thresholds + 2 ** (bits - 1), 0, 2**bits)
        tree = np.zeros((len(thresholds), 2**stages), np.int64)
        for stage in range(stages):
            half = 2 ** (stages - 1 - stage)
            tree[:, 2**stage : 2 ** (stage + 1)] = codes[:, half - 1 :: 2 * half]
        return tree if stages > 1 else tree[:, 1:]

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Signs, windows, sums, shortcut, steps. Doubles hold the sums exactly and multiply faster than int64."""
        x, *rest = operands
        shortcut = rest.pop(0) if self.attr("shortcut") == "stream" else x
        signs = np.where(x >= rest.pop(0).reshape(-1), 1, -1) if self.sign_steps else x
        weights, thresholds, *table = rest
        patches = self.window.patches(signs, 0).reshape(1, *self.window.windows, -1)
        total = (patches.astype(np.float64) @ weights.astype(np.float64)).astype(np.int64) * self.attr("sumScale")
        if self.attr("shortcut") != "none":
            total = total + shortcut * self.attr("shortcutScale")
        levels = StepFunction(thresholds, table[0] if table else None, self.attr("outBias"))(total)
        bipolar = self.streams_out()[0].dtype == _BIPOLAR and not table
        return (2 * levels - 1 if bipolar else levels,)

    def resources(self) -> Resources:
        """Sum of the parts; LUT within 15% of Yosys 0.70 `synth_xilinx`, xc7, mostly low."""
        return bitconv_area(self)
