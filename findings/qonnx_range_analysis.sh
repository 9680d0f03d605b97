#!/usr/bin/env bash
# qonnx 1.0.0, util.range_analysis (qonnx-range-analysis: "Report ranges"), from which accumulators are sized, leaves out values
# that the network takes:
# - Conv with zero padding: the zeros at the border are not in the input's range where that is, say, 1..3;
# - Gemm without the attribute transB, whose default in ONNX is 0: read as 1, so rows are summed in place of columns;
# - Conv of several groups with more than one channel each: every output is taken to see one channel (1 x 1 kernels; others raise);
# - Div by a range around zero: only its ends are tried.
# The ranges below are printed beside the smallest and largest value that an input of that range really gives, by ONNX Runtime.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check qonnx==1.0.0 onnx==1.21.0 onnxruntime==1.25.1 numpy==2.3.5
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.util.range_analysis import range_analysis

node = helper.make_node
pixel = {"strides": [1, 1], "dilations": [1, 1]}
grouped = np.float32([1, 2, 3, 4]).reshape(4, 1, 1, 1).repeat(2, 1)
low, high = np.zeros(4, np.float32), np.float32([1, 10, 100, 1000])
networks = {
    "padded Conv": (
        node("Conv", ["x", "w"], ["y"], kernel_shape=[1, 2], pads=[0, 1, 0, 0], group=1, **pixel),
        {"w": np.float32([[[[-1, 1]]]])}, (1, 3), [np.float32([[[[3, 1, 3]]]])],
    ),
    "Gemm, transB 1": (
        node("Gemm", ["x", "w"], ["y"], alpha=1.0, beta=1.0, transB=1), {"w": np.float32([[1, 2], [10, 20]])}, (0, 1),
        [np.float32([[0, 0]]), np.float32([[1, 1]])],
    ),
    "Gemm, transB left out": (
        node("Gemm", ["x", "w"], ["y"], alpha=1.0, beta=1.0), {"w": np.float32([[1, 2], [10, 20]])}, (0, 1),
        [np.float32([[0, 0]]), np.float32([[1, 1]])],
    ),
    "grouped Conv": (
        node("Conv", ["x", "w"], ["y"], kernel_shape=[1, 1], pads=[0] * 4, group=2, **pixel), {"w": grouped}, (low, high),
        [low.reshape(1, 4, 1, 1), high.reshape(1, 4, 1, 1)],
    ),
    "Div": (node("Div", ["w", "x"], ["y"]), {"w": np.float32(1)}, (-1, 1), [np.float32([[-0.125, 0.125]])]),
}  # fmt: skip
for name, (operator, constants, span, images) in networks.items():
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, images[0].shape if n == "x" else None) for n in "xy"]
    graph = helper.make_graph([operator], "range", ends[:1], ends[1:], [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()])
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    found = range_analysis(ModelWrapper(file).transform(InferShapes()), irange=span, report_mode="range")["y"]
    session = onnxruntime.InferenceSession(file.SerializeToString())
    real = np.concatenate([session.run(None, {"x": i})[0].reshape(-1, images[0].shape[1]) for i in images])
    print(f"{name}: {[np.asarray(v).tolist() for v in found]}, real {[real.min(0).tolist(), real.max(0).tolist()]}")
PY
cat > "$folder/expected" <<'EXPECTED'
padded Conv: [-2.0, 2.0], real [[-2.0], [3.0]]
Gemm, transB 1: [[0.0, 0.0], [3.0, 30.0]], real [[0.0, 0.0], [3.0, 30.0]]
Gemm, transB left out: [[0.0, 0.0], [3.0, 30.0]], real [[0.0, 0.0], [11.0, 22.0]]
grouped Conv: [[0.0, 0.0, 0.0, 0.0], [2.0, 40.0, 600.0, 8000.0]], real [[0.0, 0.0, 0.0, 0.0], [11.0, 22.0, 3300.0, 4400.0]]
Div: [-1.0, 1.0], real [[-8.0, 8.0], [-8.0, 8.0]]
EXPECTED
diff "$folder/expected" "$folder/seen"
