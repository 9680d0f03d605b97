"""BitConv: a binary convolution with its signs, rows, shortcut and step function as one unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from onnx import NodeProto
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.arithmetic.step_function import StepFunction
from finn_build.dataflow.ops import _bitconv_folding
from finn_build.dataflow.ops._bitconv_area import bitconv_area
from finn_build.dataflow.ops._bitconv_memories import memory_files
from finn_build.dataflow.ops._bitconv_parts import BIPOLAR, SHORTCUTS, BitConvParts
from finn_build.dataflow.ops._bitconv_wide import widened
from finn_build.dataflow.ops._memory import Rom, rom_parameters
from finn_build.dataflow.ops._ram import RAM_STYLES
from finn_build.dataflow.ops._steps import level_numbers, level_ranges
from finn_build.dataflow.ops._widths import Numbers
from finn_build.dataflow.ops.base import COMPRESSOR_RTL, FIFO_RTL, LATE_ROM_RTL, Folding, Range, StreamOp, Trait
from finn_build.dataflow.ops.fifo import fifo_style
from finn_build.dataflow.stream import Resources, sizes

_FEW_STEPS = 3  # a search among these is small


@register_custom_op
class BitConv_rtl(BitConvParts, StreamOp):  # noqa: N801  FINN finds ops by this form of name
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

    def beats_needed(self, beats: np.ndarray, port: int) -> list[np.ndarray]:
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
        return fold * self.fold_cycles + search * (max(self.stages, 2) if self.spaced else self.stages)

    def fill_cycles(self) -> int:
        """The first window's last pixel, or its places if they take longer, then the search."""
        places = self.window.first_window_cycles(self.attr("SIMD") // self.attr("InLanes"))
        return max(places, self.folding[0]) + self._registers

    def cycles_behind(self, beats: np.ndarray) -> np.ndarray:
        """Padded places behind the last one within the image, then popcount and search."""
        return self.window.places_behind(beats // self.streams_out()[0].folds) + self._registers + 1

    @property
    def _registers(self) -> int:
        steps = self.stages + 2 * self.attr("affineSteps") + (not self.spaced) + len(self.popcount.levels)
        return steps + 6

    def rtl_parameters(self) -> dict[str, int | str]:
        """Parameters of sf_bitconv.sv."""
        x, node = self.streams_in()[0], self.onnx_node.name
        own = self.attr("shortcut") == "own"
        kept = self.kept if own else 2
        return {
            "C": self.attr("IFMChannels"),
            "MH": self.attr("MH"),
            "SIMD": self.attr("SIMD"),
            "PE": self.attr("PE"),
            "IN_LANES": self.attr("InLanes"),
            "LANES": self.attr("Lanes"),
            **self.window.geometry,
            "PADDED": int(any(self.window.padding)),
            **self.ring_parameters(),
            "IN_BITS": x.dtype.bitwidth(),
            "IN_SIGNED": int(x.dtype.signed() and self.sign_steps),
            "SIGN_STEPS": int(self.sign_steps),
            "SHORTCUT": SHORTCUTS.index(self.attr("shortcut")),
            "SHORTCUT_BITS": self.shortcut_type.bitwidth(),
            "SHORTCUT_SIGNED": int(self.shortcut_type.signed()),
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
            "BIAS": self.affine_levels[1] if self.attr("affineSteps") else self.attr("outBias"),
            "TABLE": int(self.attr("hasTable") and not self.attr("affineSteps")),
            "AFFINE": self.attr("affineSteps"),
            "FRACTION": self.attr("affineFraction"),
            **{f"{name}_BITS": max(1, int(b)) for name, b in zip("AD", self.attr("affineBits"), strict=True)},
            "BLOCK": int(self.weights_memory[2]),
            "PAIRED": sum(bool(rom and rom.is_paired) << k for k, rom in enumerate(self.lane_memories)),
            **rom_parameters(self.lane_memories),
            **{f"{name.upper()}_FILE": f"{node}_{name}.mem" for name in ("weight", "sign")},
        }

    def roms(self) -> list[Rom | None]:
        """Steps and table of every lane."""
        of_a_lane = self.lane_memories
        return [rom and rom.of_lane(self.onnx_node.name, k) for k in range(self.attr("Lanes")) for rom in of_a_lane]

    def numbers(self, model: ModelWrapper) -> list[Numbers]:
        """Weights, levels, and knees, which are totals; thresholds beyond the totals are always or never reached."""
        found = [Numbers("weights", model.get_initializer(self.weights()), BIPOLAR), level_numbers(self, model)]
        if self.attr("affineSteps") and (fit := self.fit_affine(model, (self.attr("affineFraction"),))) is not None:
            found.append(Numbers("knees", fit.knees, self.total))
        return found

    def memory_files(self, model: ModelWrapper) -> dict[str, list[str]]:
        """Weights by beat; thresholds of the signs; by lane thresholds by search node and levels, or lines."""
        return memory_files(self, model)

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
        bipolar = self.streams_out()[0].dtype == BIPOLAR and not table
        return (2 * levels - 1 if bipolar else levels,)

    def resources(self) -> Resources:
        """Sum of the parts; LUT within 15% of Yosys 0.70 `synth_xilinx`, xc7, mostly low."""
        return bitconv_area(self)
