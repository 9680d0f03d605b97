import pytest

from finn_build.errors import ConfigError
from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks


def dwc(in_lanes: int, out_lanes: int, dtype: str) -> OpCase:
    attributes = {"shape": [1, 3, 2, 24], "inLanes": in_lanes, "outLanes": out_lanes, "dataType": dtype}
    return OpCase(attributes, lambda x: x)


LANES = ((1, 1), (6, 6), (1, 2), (1, 24), (2, 6), (8, 24), (2, 1), (24, 1), (6, 2), (24, 12))
CASES = [
    *(dwc(*lanes, dtype="BIPOLAR") for lanes in LANES),
    *(dwc(*lanes, dtype="INT3") for lanes in LANES),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("StreamDWC_rtl", CASES)


class TestDWC(OpChecks):
    pass


def test_lanes_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ConfigError, match="StreamDWC_rtl_0: inLanes=5 does not divide the last dimension=24"):
        OpBench("StreamDWC_rtl", [dwc(5, 1, "INT2")])


def test_lanes_with_no_integer_ratio_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^StreamDWC_rtl_0: inLanes=8, outLanes=12: one must divide the other$"):
        OpBench("StreamDWC_rtl", [dwc(8, 12, "INT2")])
