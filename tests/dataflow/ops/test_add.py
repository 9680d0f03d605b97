import numpy as np
import pytest
from qonnx.core.datatype import DataType

from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks


def add(lhs: str, rhs: str, lhs_scale: int = 1, rhs_scale: int = 1, pe: int = 1) -> OpCase:
    attributes = {
        "NumChannels": 6, "PE": pe, "numInputVectors": [1, 3, 2], "lhsDataType": lhs, "rhsDataType": rhs,
        "lhsScale": lhs_scale, "rhsScale": rhs_scale,
    }  # fmt: skip
    return OpCase(attributes, lambda a, b: lhs_scale * a + rhs_scale * b)


CASES = [
    *(add("INT4", "INT4", pe=pe) for pe in (1, 2, 3, 6)),
    *(add(a, b, pe=2) for a in ("BIPOLAR", "BINARY", "UINT4", "INT5") for b in ("BIPOLAR", "UINT2", "INT8")),
    add("INT8", "UINT8", 3, 5),
    add("UINT4", "INT3", 4, 1, pe=3),
    add("BIPOLAR", "BIPOLAR", 7, 2),
    add("UINT8", "INT8", 1, -1, pe=2),
    add("INT4", "BIPOLAR", 3, -4),
    add("INT5", "UINT3", 87, -119, pe=2),  # signed digits, and a register behind the products
    add("INT4", "INT4", 11, 110, pe=3),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("StreamAdd_rtl", CASES)


class TestAdd(OpChecks):
    pass


def test_the_sums_type_is_the_smallest_that_holds_it() -> None:
    types = [
        op.streams_out()[0].dtype for op in OpBench("StreamAdd_rtl", [add("INT4", "INT4"), add("UINT2", "UINT2")]).ops
    ]
    assert types == [DataType["INT5"], DataType["UINT3"]]
    assert np.all(np.array([t.bitwidth() for t in types]) == [5, 3])


def test_what_is_taken_off_is_least_at_its_greatest() -> None:
    bench = OpBench("StreamAdd_rtl", [add("INT8", "INT8", 2, -3)])
    ranges = [(np.array([-1]), np.array([4])), (np.array([0]), np.array([5]))]
    ((low, high),) = bench.ops[0].output_ranges(bench.model, ranges)
    assert np.all(low == -17) and np.all(high == 8)
