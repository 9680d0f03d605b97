#!/usr/bin/env bash
# qonnx 1.0.0, QCDQToQuant: weights that are uint8 with a zero point (what ONNX Runtime writes for unsigned weights) are
# dequantized by a subtraction in uint8, which wraps: 100 with zero point 128 becomes 228, not -28, and is clipped to 127. No warning, another
# network. Reference: ONNX Runtime on the file before. int8 weights whose zero point is not 0 wrap likewise.
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
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.qcdq_to_qonnx import QCDQToQuant

for weights, zero in ((np.uint8([0, 100, 128, 255]), np.uint8(128)), (np.int8([-128, 0, 100]), np.int8(10))):
    constants = {"w": weights, "scale": np.float32(1), "zero": zero}
    nodes = [helper.make_node("DequantizeLinear", ["w", "scale", "zero"], ["f"]), helper.make_node("Add", ["x", "f"], ["y"])]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [len(weights)]) for n in "xy"]
    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()]
    graph = helper.make_graph(nodes, "weights", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    nothing = np.zeros(len(weights), np.float32)
    before = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": nothing})[0]
    converted = ModelWrapper(model).transform(InferShapes()).transform(QCDQToQuant())
    after = execute_onnx(converted, {"x": nothing})["y"]
    print(weights.dtype, before.astype(int).tolist(), "before,", after.astype(int).tolist(), "after")
PY
cat > "$folder/expected" <<'EXPECTED'
uint8 [-128, -28, 0, 127] before, [127, 127, 0, 127] after
int8 [-138, -10, 90] before, [117, -10, 90] after
EXPECTED
diff "$folder/expected" "$folder/seen"
