"""CheckWidths: a parameter that its width does not hold is named; all that the compiler makes passes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from finn_build.dataflow.passes.check_widths import CheckWidths
from finn_build.dataflow.passes.compact_steps import CompactSteps
from finn_build.dataflow.passes.fuse_conv_units import FuseConvUnits
from finn_build.errors import UnsupportedModelError
from tests.dataflow.ops.op_case import OpBench, OpCase
from tests.dataflow.ops.test_bitconv import bitconv
from tests.dataflow.ops.test_mvau import mvau
from tests.dataflow.ops.test_thresholding import steps
from tests.dataflow.ops.test_vvau import vvau
from tests.dataflow.passes.streams import lowered

WRONG = "which does not hold it; the graph's types are wrong$"


def holding(case: OpCase, parameter: int, value: int) -> OpCase:
    """A case whose parameter has one value more than it should."""
    parameters = list(case.parameters)
    values, dtype = parameters[parameter]
    parameters[parameter] = (np.where(np.arange(values.size).reshape(values.shape) == 1, value, values), dtype)
    return replace(case, parameters=parameters)


@pytest.mark.parametrize("bits", [1, 2])
def test_a_network_passes_and_is_left_as_it_is(tmp_path: Path, bits: int) -> None:
    model = lowered(tmp_path, bits).transform(FuseConvUnits()).transform(CompactSteps())
    assert model.transform(CheckWidths()).model == model.model


@pytest.mark.parametrize(
    ("op", "case", "text"),
    [
        ("BitMVAU_rtl", holding(mvau("UINT8", "INT4", 6, 2, 3, 1), 0, 8), "weights of 8 are kept as INT4"),
        ("BitMVAU_rtl", holding(mvau("BIPOLAR", "BIPOLAR", 6, 2, 3, 1), 0, 0), "weights of 0 are kept as BIPOLAR"),
        ("StreamVVAU_rtl", holding(vvau(), 0, -9), "weights of -9 are kept as INT4"),
        ("BitConv_rtl", holding(bitconv(), 1, 3), "weights of 3 are kept as BIPOLAR"),
        ("BitConv_rtl", holding(bitconv(steps=6, table=True), 3, 8), "levels of 8 are kept as INT4"),
        ("StepThresholding_rtl", steps("INT8", "UINT3", 8, 1), "levels of 8 are kept as UINT3"),
    ],
)
def test_what_does_not_fit_is_named(op: str, case: OpCase, text: str) -> None:
    with pytest.raises(UnsupportedModelError, match=f"^{op}_0: {text}, {WRONG}"):
        OpBench(op, [case]).model.transform(CheckWidths())


def test_a_bias_beyond_the_levels_is_named_when_the_rtl_is_written(tmp_path: Path) -> None:
    case = bitconv()
    attributes: dict[str, Any] = {**case.attributes, "outBias": -9}
    op = OpBench("BitConv_rtl", [replace(case, attributes=attributes)]).ops[0]
    model = OpBench("BitConv_rtl", [replace(case, attributes=attributes)]).model
    with pytest.raises(UnsupportedModelError, match=f"levels of -9 are kept as INT4, {WRONG}"):
        op.generate_hdl(model, "", 0.0)
