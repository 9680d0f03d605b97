#!/usr/bin/env bash
# openvino 2026.4.1 reads Softmax of opsets below 13 with the meaning of 13: along one axis. Until then ONNX flattens to two dimensions
# at the axis, 1 by default, and normalises all that follows it, as ONNX Runtime does: a map's probabilities sum to 1 over channels
# and pixels together. LogSoftmax and Hardmax of the same opset are flattened as they should be. No warning; for (N, C) both agree.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper


def graph(nodes, shape, opset, constants=None):
    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in (constants or {}).items()]
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    nodes = [helper.make_node(op, inputs, outputs, **attributes) for op, inputs, outputs, attributes in nodes]
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(helper.make_graph(nodes, "g", *ends, tensors), opset_imports=opsets, ir_version=8)


def openvino_gives(model, x):
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model.SerializeToString(), b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return list(compiled({"x": x}).values())[0]


def onnxruntime_gives(model, x, level="ORT_DISABLE_ALL"):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


x = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2) % 5
for op in ("Softmax", "LogSoftmax", "Hardmax"):
    for axis in (1, 2, 3):
        model = graph([(op, ["x"], ["y"], {"axis": axis})], x.shape, 11)
        found, right = openvino_gives(model, x), onnxruntime_gives(model, x)
        print(op, axis, "equal" if np.allclose(found, right, atol=1e-4) else f"sums to {found.sum():.2f}, not {right.sum():.2f}")
PY
cat > "$folder/expected" <<'EXPECTED'
Softmax 1 sums to 4.00, not 1.00
Softmax 2 sums to 4.00, not 2.00
Softmax 3 equal
LogSoftmax 1 equal
LogSoftmax 2 equal
LogSoftmax 3 equal
Hardmax 1 equal
Hardmax 2 equal
Hardmax 3 equal
EXPECTED
diff "$folder/expected" "$folder/seen"
