#!/usr/bin/env bash
# openvino 2026.4.1, MaxPool with its second output, Indices, and storage_order 1: ONNX has the places of the maxima counted by columns then, in a
# tensor of the shape of the first output. OpenVINO keeps the numbers counted by rows and transposes the tensor instead: another shape, and places
# of other pixels for who reads them as ONNX says (MaxUnpool, saliency). storage_order 0 is right. No warning. Reference: row and column of each
# maximum (every pixel below holds its own place), and ONNX Runtime 1.32.0.
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


def graph(nodes, x, outputs, opset, constants=None):
    """Outputs by name and type."""
    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in (constants or {}).items()]
    ends = [helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)]
    ends = ends, [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()]
    return helper.make_model(helper.make_graph(nodes, "g", *ends, tensors), opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def openvino_gives(model, x):
    core = openvino.Core()
    results = core.compile_model(core.read_model(model.SerializeToString(), b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})({"x": x})
    return [results[i] for i in range(len(model.graph.output))]


def onnxruntime_gives(model, x):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})


x = np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4)
for order in (0, 1):
    node = helper.make_node("MaxPool", ["x"], ["y", "i"], kernel_shape=[2, 2], storage_order=order)
    model = graph([node], x, {"y": TensorProto.FLOAT, "i": TensorProto.INT64}, 12)
    found, other = openvino_gives(model, x), onnxruntime_gives(model, x)
    row, column = (found[0].astype(int) // 4, found[0].astype(int) % 4)
    right = column * 3 + row if order else row * 4 + column
    print(f"storage_order {order}: right {right[0, 0].tolist()}, ONNX Runtime {other[1][0, 0].tolist()}, OpenVINO {found[1][0, 0].tolist()}")
PY
cat > "$folder/expected" <<'EXPECTED'
storage_order 0: right [[5, 6, 7], [9, 10, 11]], ONNX Runtime [[5, 6, 7], [9, 10, 11]], OpenVINO [[5, 6, 7], [9, 10, 11]]
storage_order 1: right [[4, 7, 10], [5, 8, 11]], ONNX Runtime [[4, 7, 10], [5, 8, 11]], OpenVINO [[5, 9], [6, 10], [7, 11]]
EXPECTED
diff "$folder/expected" "$folder/seen"
