from pathlib import Path

import numpy as np
import pytest

from finn_build.errors import ConfigError
from tests.dataflow.ops.op_case import FRAMES, OpBench, OpCase, OpChecks


def duplicate(outputs: int, pe: int, dtype: str) -> OpCase:
    attributes = {
        "NumChannels": 6,
        "PE": pe,
        "NumOutputStreams": outputs,
        "inputDataType": dtype,
        "numInputVectors": [1, 3, 4],
        "outFIFODepths": [2] * outputs,
    }
    return OpCase(attributes, lambda x: (x,) * outputs)


CASES = [duplicate(n, pe, dtype) for n in (2, 3, 5) for pe, dtype in ((1, "BIPOLAR"), (2, "INT5"), (6, "UINT3"))]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("DuplicateStreams_rtl", CASES)


class TestDuplicate(OpChecks):
    def test_both_outputs_carry_the_input(self, bench: OpBench, tmp_path: Path) -> None:
        results = bench.simulate(tmp_path)
        for op in bench.ops:
            outputs = results[op.onnx_node.name].outputs
            sent = bench.values[op.onnx_node.input[0]]
            assert sent.shape[0] == FRAMES
            assert [np.array_equal(outputs[name], sent) for name in op.onnx_node.output] == [True] * len(outputs)


def test_one_output_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^DuplicateStreams_rtl_0: NumOutputStreams=1; legal: >= 2$"):
        OpBench("DuplicateStreams_rtl", [duplicate(1, 1, "INT2")])
