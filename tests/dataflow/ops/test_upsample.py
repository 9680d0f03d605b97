from collections.abc import Sequence

import numpy as np
import pytest
from qonnx.core.datatype import DataType

from finn_build.errors import ConfigError
from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks


def upsample(
    image: Sequence[int], scale: Sequence[int] = (2, 2), channels: int = 1, pe: int = 1, dtype: str = "UINT4",
    function: str = "nearest", ram_style: str = "auto",
) -> OpCase:  # fmt: skip
    attributes = {
        "IFMDim": list(image), "NumChannels": channels, "Scale": list(scale), "PE": pe, "inputDataType": dtype,
        "Function": function, "ram_style": ram_style,
    }  # fmt: skip

    def reference(x: np.ndarray) -> np.ndarray:
        block = np.zeros(scale, int) if function == "zeros" else np.ones(scale, int)
        block[0, 0] = 1
        return np.kron(x[0].transpose(2, 0, 1), block).transpose(1, 2, 0)[None]

    return OpCase(attributes, reference)


CASES = [
    upsample((4, 5)),
    upsample((4, 5), channels=6, pe=2, dtype="INT3"),
    upsample((3, 7), (3, 2), channels=4, pe=4, dtype="BIPOLAR"),
    upsample((3, 4), (1, 3), channels=4, pe=2),
    upsample((3, 4), (2, 1), channels=2, pe=1, ram_style="block"),
    upsample((1, 1), (4, 4), channels=2),
    upsample((3, 1), (2, 2), dtype="UINT1", ram_style="block"),
    upsample((3, 4), (1, 1), channels=2),
    upsample((4, 5), channels=4, pe=2, function="zeros"),
    upsample((3, 4), (3, 2), channels=2, pe=2, function="zeros", dtype="BIPOLAR"),
    upsample((2, 3), (1, 2), function="zeros", dtype="INT4"),
    upsample((3, 4), (1, 2), channels=6, pe=2),  # a pixel is no power of two of beats
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("Upsample_rtl", CASES)


class TestUpsample(OpChecks):
    pass


def test_zeros_between_bipolar_pixels_are_three_valued() -> None:
    assert OpBench("Upsample_rtl", CASES).ops[9].streams_out()[0].dtype == DataType["TERNARY"]


def test_a_scale_of_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^Upsample_rtl_0: Scale=\[0, 2\]; legal: two integers from 1 on$"):
        OpBench("Upsample_rtl", [upsample((2, 2), (0, 2))])
