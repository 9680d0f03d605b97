"""StepThresholding: any per-channel step function, by binary search: among thresholds and, where it is not monotone,
with a table; or, where that is smaller and exact, among displacements (`arithmetic/midpoint.py`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.arithmetic.midpoint import MidpointSteps, fit_midpoint
from finn_build.arithmetic.step_function import StepFunction
from finn_build.dataflow.ops._folds import folds
from finn_build.dataflow.ops._memory import Rom, lane_files, rom_parameters
from finn_build.dataflow.ops._midpoint import ATTRIBUTES, MidpointForm, midpoint_attributes
from finn_build.dataflow.ops._steps import level_numbers, level_ranges, step_function
from finn_build.dataflow.ops._widths import Numbers
from finn_build.dataflow.ops.base import FIFO_RTL, LATE_ROM_RTL, Range, StreamOp, Trait
from finn_build.dataflow.ops.fifo import pair_area
from finn_build.dataflow.stream import Resources, Stream, sizes

_BIPOLAR = DataType["BIPOLAR"]
_FEW_STEPS = 7  # a search among these is small
_MOST_DIP_BITS = 6


@register_custom_op
class StepThresholding_rtl(StreamOp):  # noqa: N801  # FINN finds RTL ops by this suffix
    """`outBias + #{j : x >= thresholds[c, j]}`, or `table[c, #{...}]`.

    Without a table, a BIPOLAR output reads count 0, 1 as -1, +1.

    Shapes:
        x (*numInputVectors, C), thresholds (C or 1, S) ascending, table (C or 1, S + 1) -> like x.
    """

    rtl_module = "sf_thresholding"
    traits = frozenset({Trait.IN_STEP, Trait.PACED, Trait.FOLDED})
    lane_sizes = sizes(PE="NumChannels")
    ram_styles = ()
    rtl_sources = (
        *(*FIFO_RTL, *LATE_ROM_RTL),
        *(f"thresholding/sf_thresholding{part}.sv" for part in ("_search", "_midpoint", "")),
    )

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Channels, lanes, steps and types; formats of displacements where CompactSteps has found some."""
        return {
            "NumChannels": ("i", True, 0),
            "PE": ("i", True, 1),
            "numSteps": ("i", True, 1),
            "numInputVectors": ("ints", True, []),
            "inputDataType": ("s", True, ""),
            "outputDataType": ("s", True, ""),
            "outBias": ("i", False, 0),
            "hasTable": ("i", False, 0, {0, 1}),
            "sharedSteps": ("i", False, 0, {0, 1}),
        } | dict(ATTRIBUTES)

    def streams_in(self) -> list[Stream]:
        """The values."""
        return [Stream(self._shape(), self.attr("PE"), DataType[self.attr("inputDataType")])]

    def streams_out(self) -> list[Stream]:
        """The levels."""
        return [Stream(self._shape(), self.attr("PE"), DataType[self.attr("outputDataType")])]

    def rtl_parameters(self) -> dict[str, int | str]:
        """Sizes, signs, and which memories are read in pairs.

        Raises:
            ConfigError: PE does not divide NumChannels.
        """
        in_dtype, form = self.streams_in()[0].dtype, self.midpoint
        common = {
            "PE": self.attr("PE"),
            "FOLDS": self._folds(),
            "IN_BITS": in_dtype.bitwidth(),
            "SIGNED": int(in_dtype.signed() and in_dtype != _BIPOLAR),
            "STAGES": self._stages,
            "SHARED": self.attr("sharedSteps"),
            "OUT_BITS": self.streams_out()[0].dtype.bitwidth(),
            "BIAS": self.attr("outBias"),
            "TABLE": self.attr("hasTable"),
            "PAIRED": sum(bool(rom and rom.is_paired) << k for k, rom in enumerate(self._of_a_lane(form))),
            **rom_parameters(self.roms()),
        }
        return common if form is None else common | form.parameters(int(in_dtype.min()))

    def roms(self) -> list[Rom | None]:
        """Of every lane: one per stage, the table's behind them, or those of the displacements (see the RTL)."""
        lane, prefix = self._of_a_lane(self.midpoint), f"{self.onnx_node.name}_steps"
        return [rom and rom.of_lane(prefix, k) for k in range(self.attr("PE")) for rom in lane]

    def memory_files(self, model: ModelWrapper) -> dict[str, list[str]]:
        """Files of every lane's memories."""
        prefix, form = f"{self.onnx_node.name}_steps", self.midpoint
        return lane_files(prefix, self.attr("PE"), self._of_a_lane(form), self._images(model, form))

    def _images(self, model: ModelWrapper, form: MidpointForm | None) -> dict[str, np.ndarray]:
        """Words of the memories by name, [channels or 1, words of one]."""
        stages, in_dtype = self._stages, self.streams_in()[0].dtype
        if form is not None:
            fit = self.fit_midpoint(model, form.dipBits)
            assert fit is not None, "the form was found in these very steps"
            return form.images(fit, self.streams_out()[0].dtype.bitwidth())
        given = model.get_initializer(self.onnx_node.input[1]).astype(np.int64)
        codes = 2 if in_dtype == _BIPOLAR else 2 ** in_dtype.bitwidth()
        place = (given + 2) // 2 if in_dtype == _BIPOLAR else given - int(in_dtype.min())
        padded = np.full((len(given), 2**stages - 1), codes, dtype=np.int64)  # one more than any value
        padded[:, : given.shape[1]] = np.clip(place, 0, codes)
        images = {str(k): padded[:, 2 ** (stages - 1 - k) - 1 :: 2 ** (stages - k)] for k in range(stages)}
        return images | ({"table": self._table(model)} if self.attr("hasTable") else {})

    def numbers(self, model: ModelWrapper) -> list[Numbers]:
        """Its levels; thresholds beyond the input's type are always or never reached."""
        return [level_numbers(self, model)]

    def fit_midpoint(self, model: ModelWrapper, dip_bits: int) -> MidpointSteps | None:
        """The steps by midpoint displacement, exact for every value of the input's type; None where that is not to be.

        Args:
            model: graph that holds the thresholds.
            dip_bits: bits of the steps that stand apart.
        """
        dtypes = self.streams_in()[0].dtype, self.streams_out()[0].dtype
        if _BIPOLAR in dtypes or self.attr("sharedSteps"):
            return None
        steps = step_function(self, model)
        return fit_midpoint(steps, self.attr("NumChannels"), int(dtypes[0].min()), int(dtypes[0].max()), dip_bits)

    def step_forms(self, model: ModelWrapper, ranges: list[Range | None]) -> Iterator[Mapping[str, Any]]:
        """Displacements, with each size that the dip may have."""
        for dip_bits in range(_MOST_DIP_BITS + 1) if self.attr("numSteps") > _FEW_STEPS else ():
            fit = self.fit_midpoint(model, dip_bits)
            if fit is not None and (formats := midpoint_attributes(fit)) is not None:
                yield formats

    def output_ranges(self, model: ModelWrapper, ranges: list[Range | None]) -> list[Range]:
        """Of its levels."""
        return level_ranges(self, model)

    def _table(self, model: ModelWrapper) -> np.ndarray:
        """Levels, [channels or 1, 2^stages]; counts beyond the steps never occur."""
        given = model.get_initializer(self.onnx_node.input[2]).astype(np.int64)
        table = np.zeros((len(given), 2**self._plain_stages), dtype=np.int64)
        table[:, : given.shape[1]] = (given + 1) // 2 if self.streams_out()[0].dtype == _BIPOLAR else given
        return table

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """Count thresholds, channel by channel."""
        x, thresholds, *table = operands
        levels = StepFunction(thresholds, table[0] if table else None, self.attr("outBias"))(x)
        return (2 * levels - 1 if self.streams_out()[0].dtype == _BIPOLAR and not table else levels,)

    def get_exp_cycles(self) -> int:
        """One beat a cycle."""
        return self.streams_in()[0].beats

    def fill_cycles(self) -> int:
        """A stage one cycle, two for level and output; with displacements a stage two, four for the rest."""
        return self._latency(self.midpoint)

    def resources(self) -> Resources:
        """Logic of a lane, and its memories; compared with Yosys 0.70, raw LUTs.

        LUTs measured and estimated, (channels, PE, steps, input): (24, 4, 15, INT10) 287, 288; with a table 316, 320;
        shared 165, 204; (24, 2, 255, INT12) 612, 592; (64, 1, 3, INT12) 57, 65; (16, 4, 1, INT9) 46, 62.
        """
        return self._area(self.midpoint, self.bram_price)

    @property
    def midpoint(self) -> MidpointForm | None:
        """Formats of the displacements where they are known and take less, at the present lanes."""
        if not self.attr("spanBits"):
            return None
        form = MidpointForm(self._folds(), **{name: self.attr(name) for name in ATTRIBUTES})
        price = self.attr("lutsPerBram18")  # of the chip: the form stays when its memories move
        displaced, plain = (self._area(f, price).luts(price) for f in (form, None))
        return form if displaced < plain else None

    def _area(self, form: MidpointForm | None, price: int) -> Resources:
        pe, bits = self.attr("PE"), self.streams_in()[0].dtype.bitwidth()
        out_bits = self.streams_out()[0].dtype.bitwidth()
        stages = self._plain_stages if form is None else form.stages
        one_row = self.attr("sharedSteps") or self._folds() == 1  # then a LUT compares five bits or six with the first
        first = -(-(bits - 1) // 5) if one_row else bits // 2 + 1
        lut, registers = form.logic(bits, out_bits) if form else (first + (stages - 1) * (bits // 2 + 1), out_bits)
        bram = 0
        for k, rom in enumerate(self._of_a_lane(form, price)):
            area = rom.area() if rom else (0, 0)
            lut, bram = lut + area[0], bram + area[1]
            if form is None and rom and k < stages:
                registers += bits + k + (0 if rom.block or rom.depth == 1 else rom.width)
        row_bits = 0 if self.attr("sharedSteps") else (self._folds() - 1).bit_length()
        staged = (self._latency(form) - 1) * (1 + row_bits)
        return pair_area(pe * out_bits) + Resources(
            lut=pe * lut + 8 + 2 * stages, ff=pe * registers + staged, bram18=pe * bram
        )

    def _latency(self, form: MidpointForm | None) -> int:
        return self._plain_stages + 2 if form is None else 2 * form.stages + 4

    @property
    def _stages(self) -> int:
        form = self.midpoint
        return self._plain_stages if form is None else form.stages

    @property
    def _plain_stages(self) -> int:
        return int(self.attr("numSteps")).bit_length()

    def _folds(self) -> int:
        return folds(self.onnx_node.name, "PE", self.attr("PE"), "NumChannels", self.attr("NumChannels"))

    def _of_a_lane(self, form: MidpointForm | None, price: int = 0) -> list[Rom | None]:
        """Memories of one lane by slot: each stage's, the table's last, or those of a form."""
        out_bits, rows = self.streams_out()[0].dtype.bitwidth(), 1 if self.attr("sharedSteps") else self._folds()
        if form is not None:
            sizes = form.memories(out_bits)
        else:
            bits, stages = self.streams_in()[0].dtype.bitwidth() + 1, self._plain_stages
            sizes = {str(k): (rows << k, bits) for k in range(stages)}
            sizes |= {"table": (rows << stages, out_bits)} if self.attr("hasTable") else {}
        return [
            Rom(name, depth, width, late=depth > rows, direct=name == "mirror").placed(price or self.bram_price)
            if width
            else None
            for name, (depth, width) in sizes.items()
        ]

    def _shape(self) -> tuple[int, ...]:
        return (*(int(d) for d in self.attr("numInputVectors")), self.attr("NumChannels"))
