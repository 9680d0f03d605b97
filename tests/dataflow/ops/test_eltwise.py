import numpy as np
import pytest
from qonnx.core.datatype import DataType

from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks

FUNCTIONS = {"mul": lambda a, b: a * b, "max": np.maximum, "min": np.minimum}


def eltwise(function: str, lhs: str, rhs: str, pe: int = 1, res_type: str = "auto") -> OpCase:
    attributes = {
        "NumChannels": 6, "PE": pe, "numInputVectors": [1, 3, 2], "lhsDataType": lhs, "rhsDataType": rhs,
        "Function": function, "resType": res_type,
    }  # fmt: skip
    return OpCase(attributes, FUNCTIONS[function])


CASES = [
    eltwise("mul", "INT8", "UINT8", 3),
    eltwise("mul", "UINT8", "UINT8", 2),
    eltwise("mul", "INT8", "INT8", res_type="lut"),
    *(eltwise("mul", a, b, 2) for a in ("BIPOLAR", "BINARY", "UINT4") for b in ("BIPOLAR", "INT3")),
    eltwise("mul", "UINT3", "INT4", res_type="dsp"),
    *(eltwise(f, a, b, 2) for f in ("max", "min") for a in ("INT8", "UINT4") for b in ("UINT8", "BIPOLAR", "INT5")),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("StreamEltwise_rtl", CASES)


class TestEltwise(OpChecks):
    pass


@pytest.mark.parametrize(
    ("case", "dtype"),
    [
        (eltwise("mul", "UINT8", "UINT8"), "UINT16"),
        (eltwise("mul", "INT8", "INT8"), "INT16"),  # 2^14 at most
        (eltwise("mul", "INT8", "UINT8"), "INT16"),
        (eltwise("max", "INT8", "UINT4"), "UINT7"),
        (eltwise("min", "INT8", "UINT8"), "INT8"),
    ],
)
def test_the_result_is_of_the_smallest_type_that_holds_it(case: OpCase, dtype: str) -> None:
    assert OpBench("StreamEltwise_rtl", [case]).ops[0].streams_out()[0].dtype == DataType[dtype]


def test_ranges_come_of_any_two_ends() -> None:
    bench = OpBench("StreamEltwise_rtl", [eltwise("mul", "INT8", "INT8")])
    a, b = (np.array([-3, 2]), np.array([4, 5])), (np.array([-2, -7]), np.array([6, -1]))
    ((low, high),) = bench.ops[0].output_ranges(bench.model, [a, b])
    assert low.tolist() == [-18, -35] and high.tolist() == [24, -2]
    assert bench.ops[0].output_ranges(bench.model, [a, None]) == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_range_holds_every_result_and_its_ends_are_some(function: str) -> None:
    bench = OpBench("StreamEltwise_rtl", [eltwise(function, "INT8", "INT8")])
    a, b = np.arange(-3, 8)[:, None], np.arange(-5, 2)
    ((low, high),) = bench.ops[0].output_ranges(bench.model, [(a[0], a[-1]), (b[:1], b[-1:])])
    results = FUNCTIONS[function](a, b)
    assert (low, high) == (results.min(), results.max())
