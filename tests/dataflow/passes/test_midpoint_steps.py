import numpy as np
import pytest
from qonnx.core.onnx_exec import execute_onnx
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.ops._midpoint import ATTRIBUTES
from finn_build.dataflow.ops._ram import LUTS_PER_BRAM18
from finn_build.dataflow.passes.midpoint_steps import MidpointSteps
from tests.dataflow.ops.op_case import OpBench, OpCase
from tests.dataflow.ops.test_thresholding import rsilu, steps


def _bench(case: OpCase) -> OpBench:
    plain = {name: value for name, value in case.attributes.items() if name not in ATTRIBUTES}
    return OpBench("StepThresholding_rtl", [OpCase(plain, case.reference, case.parameters)])


@pytest.mark.parametrize("dip_bits", [4, 5])
def test_takes_the_dip_that_costs_least(dip_bits: int) -> None:
    case = rsilu("INT14", 8, dip_bits, shift=0.15)
    bench = _bench(case)
    before = {name: execute_onnx(bench.model, {name: x[0].astype(np.float32)}) for name, x in bench.values.items()}
    after = bench.model.transform(MidpointSteps())
    found, given = getCustomOp(after.graph.node[0]), OpBench("StepThresholding_rtl", [case]).ops[0]
    costs = [op.resources().lut + LUTS_PER_BRAM18 * op.resources().bram18 for op in (found, given, bench.ops[0])]
    assert found.midpoint is not None and costs[0] <= costs[1] < costs[2]
    for name, out in before.items():
        again = execute_onnx(after, {name: bench.values[name][0].astype(np.float32)})
        assert all(np.array_equal(again[t], out[t]) for t in out)


@pytest.mark.parametrize(
    "case",
    [
        steps("INT10", "UINT3", 7),
        steps("INT10", "BIPOLAR", 15, table=True),
        steps("INT12", "UINT8", 255, table=True),
        steps("INT12", "UINT8", 255, shared=True),
    ],
    ids=["few", "bipolar", "up and down", "one row for all"],
)
def test_skipped(case: OpCase) -> None:
    op = getCustomOp(_bench(case).model.transform(MidpointSteps()).graph.node[0])
    assert op.midpoint is None and op.attr("spanBits") == []
