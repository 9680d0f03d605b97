from collections.abc import Sequence

import pytest
import torch
from torch.nn import functional

from finn_build.errors import ConfigError
from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks


def pad(
    image: Sequence[int], padding: Sequence[int], channels: int = 1, pe: int = 1, dtype: str = "UINT4", value: int = 0
) -> OpCase:
    top, left, bottom, right = padding
    attributes = {
        "IFMDim": list(image), "NumChannels": channels, "Padding": list(padding), "PE": pe, "inputDataType": dtype,
        "Value": value,
    }  # fmt: skip
    sides = (0, 0, left, right, top, bottom)
    return OpCase(attributes, lambda x: functional.pad(torch.from_numpy(x), sides, value=value).numpy())


CASES = [
    pad((4, 5), (0, 0, 1, 1)),
    pad((4, 5), (1, 2, 0, 0), channels=4, pe=2, dtype="INT3"),
    pad((3, 4), (0, 0, -1, -1), channels=3, pe=3),
    pad((5, 6), (-2, -1, 0, -2), channels=2, dtype="BIPOLAR"),
    pad((3, 4), (2, -1, -1, 3)),
    pad((3, 3), (-1, 1, 1, -1), channels=2, pe=2, dtype="UINT1"),
    pad((1, 1), (0, 0, 0, 0), channels=2),
    pad((3, 3), (1, 1, 1, 1), channels=4, pe=4, dtype="BIPOLAR", value=-1),
    pad((2, 3), (1, 0, 0, 2), channels=2, dtype="BIPOLAR", value=1),
    pad((2, 3), (1, 1, -1, 0), channels=8, pe=2, dtype="INT5", value=-9),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("StreamPad_rtl", CASES)


class TestPad(OpChecks):
    pass


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (pad((2, 2), (0, 0, 0, -2)), r"^StreamPad_rtl_0: Padding=\[0, 0, 0, -2\] leaves nothing of 2x2 pixels$"),
        (pad((2, 3), (-1, 0, -1, 1)), r"^StreamPad_rtl_0: Padding=\[-1, 0, -1, 1\] leaves nothing of 2x3 pixels$"),
        (pad((2, 2), (0, 0, 0, 1), dtype="BIPOLAR"), "^StreamPad_rtl_0: BIPOLAR has no 0 to pad with; legal: types"),
    ],
)
def test_impossible_padding_is_refused(case: OpCase, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        OpBench("StreamPad_rtl", [case])
