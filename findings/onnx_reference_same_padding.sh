#!/usr/bin/env bash
# onnx 1.21.0, onnx.reference.ReferenceEvaluator, auto_pad with a stride: what TensorFlow's "same" becomes. ONNX (Conv-11 and later):
# the output has ceil(in / stride) pixels, the padding is what that needs, its odd pixel at the end for SAME_UPPER. The evaluator:
# - Conv SAME_UPPER, 3 x 3, stride 2, 4 x 4 pixels: pads at the beginning instead, so every window is one pixel off;
# - MaxPool SAME_LOWER with a stride: windows are off too, or there are fewer of them than ceil(in / stride).
# Of the right shape in the first case and no error; ONNX Runtime does what the text says, and so does the evaluator when the same
# padding is written as pads. A reference for a strided convolution from Keras or TensorFlow is better taken elsewhere.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check onnx==1.21.0 onnxruntime==1.25.1 numpy==2.3.5
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

corner = np.zeros((1, 1, 3, 3), np.float32)
corner[0, 0, 0, 0] = 1  # the output is the pixel at each window's upper left corner
image = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)
for name, kind, how in (
    ("Conv, pads 0 0 1 1", "Conv", {"pads": [0, 0, 1, 1], "strides": [2, 2]}),
    ("Conv, SAME_UPPER", "Conv", {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    ("MaxPool, pads 1 1 0 0", "MaxPool", {"pads": [1, 1, 0, 0], "strides": [2, 2]}),
    ("MaxPool, SAME_LOWER", "MaxPool", {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    ("MaxPool, SAME_LOWER, stride 3", "MaxPool", {"auto_pad": "SAME_LOWER", "strides": [3, 3]}),
):
    node = helper.make_node(kind, ["x", "w"][: 1 + (kind == "Conv")], ["y"], kernel_shape=[3, 3], **how)
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", image.shape), ("y", None))]
    graph = helper.make_graph([node], "same", ends[:1], ends[1:], [numpy_helper.from_array(corner, "w")] if kind == "Conv" else [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    seen = ReferenceEvaluator(model).run(None, {"x": image})[0]
    right = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": image})[0]
    print(f"{name}: onnx {seen[0, 0].astype(int).tolist()}, onnxruntime {right[0, 0].astype(int).tolist()}")
PY
cat > "$folder/expected" <<'EXPECTED'
Conv, pads 0 0 1 1: onnx [[1, 3], [9, 11]], onnxruntime [[1, 3], [9, 11]]
Conv, SAME_UPPER: onnx [[0, 0], [0, 6]], onnxruntime [[1, 3], [9, 11]]
MaxPool, pads 1 1 0 0: onnx [[6, 8], [14, 16]], onnxruntime [[6, 8], [14, 16]]
MaxPool, SAME_LOWER: onnx [[11, 12], [15, 16]], onnxruntime [[6, 8], [14, 16]]
MaxPool, SAME_LOWER, stride 3: onnx [[16]], onnxruntime [[6, 8], [14, 16]]
EXPECTED
diff "$folder/expected" "$folder/seen"
