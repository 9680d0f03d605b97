"""StreamEltwise: the product of two streams element by element, or the greater or the lesser of the two."""

from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.dataflow.ops._dsp import lut_product
from finn_build.dataflow.ops._operands import OPERANDS, TwoOperands
from finn_build.dataflow.ops.base import JOIN_RTL, Range, StreamOp, Trait
from finn_build.dataflow.stream import Resources, Stream, sizes

_FUNCTIONS = {"mul": np.multiply, "max": np.maximum, "min": np.minimum}
_FEW_BITS = 5  # of the narrower operand, up to which a product is LUTs


@register_custom_op
class StreamEltwise_rtl(TwoOperands, StreamOp):  # noqa: N801  # FINN finds RTL ops by this suffix
    """`a * b`, `max(a, b)` or `min(a, b)`.

    A product takes a DSP slice a lane where both operands are wide, unless `resType` says otherwise.
    """

    rtl_module = "sf_eltwise"
    traits = frozenset({Trait.IN_STEP, Trait.JOINS})
    lane_sizes = sizes(PE="NumChannels")
    ram_styles = ()
    rtl_sources = (*JOIN_RTL, "eltwise/sf_eltwise.sv")

    @classmethod
    def own_attributes(cls) -> dict[str, Any]:
        """Of both operands, what is made of them, and of what."""
        return {
            **OPERANDS,
            "Function": ("s", True, "", set(_FUNCTIONS)),
            "resType": ("s", False, "auto", {"auto", "lut", "dsp"}),
        }

    @property
    def has_products(self) -> bool:
        """Where that is its function."""
        return bool(self.attr("Function") == "mul")

    @property
    def in_slices(self) -> bool:
        """Whether products are made in DSP slices."""
        few = min(s.dtype.bitwidth() for s in self.streams_in()) <= _FEW_BITS
        kind = self.attr("resType")
        return self.has_products and (kind == "dsp" or (kind == "auto" and not few))

    def streams_out(self) -> list[Stream]:
        """The smallest type that holds whatever comes of the operands' types."""
        ends = [np.asarray([int(s.dtype.min()), int(s.dtype.max())]) for s in self.streams_in()]
        found = _FUNCTIONS[self.attr("Function")](ends[0][:, None], ends[1])
        return [self.stream(integer_range_dtype(int(found.min()), int(found.max())))]

    def rtl_parameters(self) -> dict[str, int | str]:
        """Of both operands, and the function."""
        number = list(_FUNCTIONS).index(self.attr("Function"))
        return {**self.operand_parameters(), "FUNCTION": number, "DSP": int(self.in_slices)}

    def compute(self, *operands: np.ndarray) -> tuple[np.ndarray, ...]:
        """In int64."""
        return (_FUNCTIONS[self.attr("Function")](*operands),)

    def fill_cycles(self) -> int:
        """The operands' places, the result, and the output register."""
        return 3

    def output_ranges(self, model: ModelWrapper, ranges: list[Range | None]) -> list[Range]:
        """The ends of any two ends of the operands."""
        if any(r is None for r in ranges):
            return []
        a, b = (np.stack(r) for r in ranges if r is not None)
        found = _FUNCTIONS[self.attr("Function")](a[:, None], b)
        return [(found.min(axis=(0, 1)), found.max(axis=(0, 1)))]

    def resources(self) -> Resources:
        """Operands, result and output register."""
        (a, b), out, lanes = (
            (s.dtype.bitwidth() for s in self.streams_in()),
            self.streams_out()[0].width,
            self.attr("PE"),
        )
        if self.attr("Function") != "mul":
            made = Resources(lut=out + lanes * max(a, b) // 2, ff=2 * out)
        elif self.in_slices:
            made = Resources(dsp=lanes)
        else:
            made = Resources(lut=lut_product(a, b) * lanes, ff=2 * out)
        return self.operand_area() + made + Resources(lut=2, ff=2)
