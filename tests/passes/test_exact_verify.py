import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.errors import GateError
from finn_build.passes.exact_verify import VerifyExactly
from tests.passes.graphs import IntegerGraph, run

# FINN's builder wants a simulator behind finn.xsi at import; this process must not keep such a stand-in.
FINN_VERIFY = """
import sys
from finn_build.finn_env import prepare_finn
prepare_finn(sys.argv[1])
import finn.xsi
finn.xsi.SimEngine = object
import numpy as np
from finn.builder.build_dataflow_config import DataflowBuildConfig
from finn.builder.build_dataflow_steps import verify_step
from qonnx.core.modelwrapper import ModelWrapper
for error in (0.0009, 1.0):
    expected = np.load(sys.argv[1] + "/y.npy")
    expected[0, 0, 0, 0] += error
    np.save(sys.argv[1] + "/expected.npy", expected)
    cfg = DataflowBuildConfig(
        output_dir=sys.argv[1] + f"/out{error}", synth_clk_period_ns=10.0, generate_outputs=[],
        verify_steps=["finn_onnx_python"], verify_input_npy=sys.argv[1] + "/x.npy",
        verify_expected_output_npy=sys.argv[1] + "/expected.npy",
    )
    verify_step(ModelWrapper(sys.argv[1] + "/model.onnx"), cfg, "finn_onnx_python", need_parent=False)
"""


def small() -> tuple[ModelWrapper, np.ndarray, np.ndarray]:
    """One convolution, three frames of input, their outputs."""
    graph = IntegerGraph([1, 2, 5, 5], "INT4", seed=0)
    model = graph.model(graph.conv("x", 2, 3))
    x = np.concatenate([graph.sample() for _ in range(3)])
    return model, x, np.concatenate([run(model, frame[None])[0] for frame in x])


def test_finn_alone_accepts_differences(tmp_path: Path) -> None:
    model, x, y = small()
    model.save(str(tmp_path / "model.onnx"))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", FINN_VERIFY, str(tmp_path)], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr  # neither difference fails the build
    verdicts = sorted(path.name for path in tmp_path.glob("out*/**/verify_finn_onnx_python_0_*"))
    assert verdicts == ["verify_finn_onnx_python_0_FAIL.npy", "verify_finn_onnx_python_0_SUCCESS.npy"]


def test_equal_passes() -> None:
    model, x, y = small()
    model.transform(VerifyExactly({"x": x}, {model.graph.output[0].name: y}))


@pytest.mark.parametrize("error", [1.0, 0.0009])
def test_difference_fails_and_is_located(error: float) -> None:
    model, x, y = small()
    y[1, 2, 0, 1] += error
    name = model.graph.output[0].name
    got, expected = y[1, 2, 0, 1] - np.float32(error), y[1, 2, 0, 1]
    text = f"tensor {name}, frame 1, index (0, 2, 0, 1): got {np.round(got)}, expected {expected}; 1 of 27"
    with pytest.raises(GateError, match=re.escape(text)):
        model.transform(VerifyExactly({"x": x}, {name: y}))


def test_missing_tensor_shape_and_frames_are_named() -> None:
    model, x, y = small()
    name = model.graph.output[0].name
    with pytest.raises(GateError, match=r"tensor nope: not in the graph; legal: .*x"):
        model.transform(VerifyExactly({"x": x}, {"nope": y}))
    with pytest.raises(GateError, match=re.escape("shape (1, 3, 3, 3), expected (1, 27)")):
        model.transform(VerifyExactly({"x": x}, {name: y.reshape(3, 27)}))
    with pytest.raises(GateError, match=re.escape("hold [2, 3] frames; legal: one common number > 0")):
        VerifyExactly({"x": x}, {name: y[:2]})
