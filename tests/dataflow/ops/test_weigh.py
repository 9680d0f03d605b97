from collections.abc import Sequence

import numpy as np
import pytest

from finn_build.errors import ConfigError
from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks


def weigh(rows: Sequence[int], columns: Sequence[int], channels: int = 1, pe: int = 1, dtype: str = "UINT4") -> OpCase:
    attributes = {
        "RowFactors": list(rows), "ColumnFactors": list(columns), "NumChannels": channels, "PE": pe,
        "inputDataType": dtype,
    }  # fmt: skip
    return OpCase(attributes, lambda x: np.einsum("nijc,i,j->nijc", x, np.asarray(rows), np.asarray(columns)))


CASES = [
    weigh((3, 2, 2, 3), (3, 2, 3)),
    weigh((2, 1), (1, 1, 2), channels=8, pe=2, dtype="INT5"),
    weigh((1,), (20, 15, 12, 15, 20), channels=3, pe=3, dtype="INT3"),
    weigh((1, 4), (1,), channels=2, dtype="BIPOLAR"),
    weigh((1,), (1,), channels=2, pe=2, dtype="UINT1"),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("StreamWeigh_rtl", CASES)


class TestWeigh(OpChecks):
    pass


def test_a_factor_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^StreamWeigh_rtl_0: a factor of 0; legal: 1 or more$"):
        OpBench("StreamWeigh_rtl", [weigh((1, 0), (1,))])
