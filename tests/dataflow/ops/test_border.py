from collections.abc import Sequence

import pytest
import torch
from torch.nn import functional

from finn_build.errors import ConfigError
from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks


def border(
    image: Sequence[int],
    padding: Sequence[int],
    mode: str,
    channels: int = 1,
    pe: int = 1,
    dtype: str = "UINT4",
    ram_style: str = "auto",
) -> OpCase:
    top, left, bottom, right = padding
    attributes = {
        "IFMDim": list(image), "NumChannels": channels, "Padding": list(padding), "Mode": mode, "PE": pe,
        "inputDataType": dtype, "ram_style": ram_style,
    }  # fmt: skip
    named = {"reflect": "reflect", "edge": "replicate"}[mode]

    def reference(x):
        first = torch.from_numpy(x).movedim(-1, 1).double()
        return functional.pad(first, (left, right, top, bottom), mode=named).movedim(1, -1).numpy()

    return OpCase(attributes, reference)


CASES = [
    border((4, 5), (1, 1, 1, 1), "reflect"),
    border((3, 4), (2, 3, 1, 0), "reflect", channels=4, pe=2, dtype="INT3"),
    border((5, 3), (0, 0, 4, 2), "reflect", channels=3, dtype="BIPOLAR"),
    border((1, 6), (0, 5, 0, 2), "reflect", channels=2, pe=2),
    border((4, 4), (3, 0, 0, 0), "reflect"),
    border((2, 2), (0, 0, 0, 0), "reflect", channels=2),
    border((4, 3), (1, 1, 1, 1), "edge", channels=2, dtype="INT5"),
    border((1, 1), (2, 3, 1, 0), "edge", channels=2, pe=2),
    border((3, 2), (4, 0, 5, 3), "edge", dtype="BIPOLAR"),
    border((6, 4), (3, 1, 2, 2), "reflect", channels=2, dtype="INT6", ram_style="block"),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("StreamBorder_rtl", CASES)


class TestBorder(OpChecks):
    pass


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (border((2, 3), (2, 0, 0, 0), "reflect"), r"Padding=\[2, 0, 0, 0\]; legal: 0 to 1 rows and 0 to 2 columns$"),
        (border((2, 3), (0, 0, -1, 0), "edge"), r"Padding=\[0, 0, -1, 0\]; legal: 0 or more$"),
    ],
)
def test_impossible_borders_are_refused(case: OpCase, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        OpBench("StreamBorder_rtl", [case])
