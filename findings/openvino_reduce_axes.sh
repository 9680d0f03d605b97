#!/usr/bin/env bash
# openvino 2026.4.1 reads ReduceL1, ReduceLogSum and ReduceLogSumExp of opsets below 18, where the axes are an attribute, and drops the
# axes: it reduces over all of them, and the result has another shape and other values. No warning. The relatives below keep the
# axes. PyTorch's exporter writes torch.logsumexp that way at opsets up to 17.
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


x = np.arange(1, 13, dtype=np.float32).reshape(1, 2, 2, 3) / 8
for op in ("ReduceL1", "ReduceLogSum", "ReduceLogSumExp", "ReduceL2", "ReduceMean", "ReduceSumSquare", "ReduceProd", "ReduceMax"):
    model = graph([(op, ["x"], ["y"], {"axes": [1]})], x.shape, 13)
    found, right = openvino_gives(model, x), onnxruntime_gives(model, x)
    same = found.shape == right.shape and np.allclose(found, right, rtol=1e-4)
    print(op, "of axis 1:", "equal" if same else f"OpenVINO {found.shape}, ONNX Runtime {right.shape}")
PY
cat > "$folder/expected" <<'EXPECTED'
ReduceL1 of axis 1: OpenVINO (1, 1, 1, 1), ONNX Runtime (1, 1, 2, 3)
ReduceLogSum of axis 1: OpenVINO (1, 1, 1, 1), ONNX Runtime (1, 1, 2, 3)
ReduceLogSumExp of axis 1: OpenVINO (1, 1, 1, 1), ONNX Runtime (1, 1, 2, 3)
ReduceL2 of axis 1: equal
ReduceMean of axis 1: equal
ReduceSumSquare of axis 1: equal
ReduceProd of axis 1: equal
ReduceMax of axis 1: equal
EXPECTED
diff "$folder/expected" "$folder/seen"
