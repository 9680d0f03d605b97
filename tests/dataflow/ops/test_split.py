from collections.abc import Sequence

import numpy as np
import pytest

from finn_build.errors import ConfigError
from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks


def split(selection: Sequence[int], pe: int = 1, dtype: str = "INT4") -> OpCase:
    attributes = {"Selection": list(selection), "PE": pe, "numInputVectors": [1, 3, 2], "inputDataType": dtype}
    outputs = [[c for c, s in enumerate(selection) if s == i] for i in range(max(selection) + 1)]
    return OpCase(attributes, lambda x: tuple(np.take(x, channels, -1) for channels in outputs))


CASES = [
    split([0, 0, 0, 1, 1, 1]),
    split([0, 0, 0, 1, 1, 1], pe=3),
    split([0, 1] * 12, dtype="UINT3"),
    split([1, 0, 0, 1, 0, 1, 1], dtype="BIPOLAR"),
    split([2, 2, 0, 0, 1, 1, 1, 1], pe=2, dtype="INT5"),
    split([0, -1, 1, 1, -1], dtype="INT2"),
    split([-1, 0, 0]),
    split([0, 1]),
    split([*range(5)], dtype="UINT2"),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("StreamSplit_rtl", CASES)


class TestSplit(OpChecks):
    pass


def test_lanes_of_a_beat_go_one_way() -> None:
    with pytest.raises(
        ConfigError,
        match=r"^StreamSplit_rtl_0: PE=4 puts channels with different Selection into one beat; legal: 1, 2, 3, 6$",
    ):
        OpBench("StreamSplit_rtl", [split([0] * 6 + [1] * 6, pe=4)])


def test_every_output_gets_a_channel() -> None:
    with pytest.raises(ConfigError, match=r"Selection=\[0, 2\]; legal: every output from 0 on gets a channel$"):
        OpBench("StreamSplit_rtl", [OpCase(dict(split([0, 1]).attributes) | {"Selection": [0, 2]}, lambda x: x)])
