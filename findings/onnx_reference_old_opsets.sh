#!/usr/bin/env bash
# onnx 1.21.0, onnx.reference.ReferenceEvaluator on files of older opsets (qonnx 1.0.0 prefers 11 to this day):
# - BatchNormalization of opset 9 with one output, test mode by its text, is normalized with the batch's own mean and variance, blended
#   in by momentum (0.9 unless given): the result depends on the other images of the batch;
# - Softmax and Hardmax of opset 11 flatten everything from axis 1 on; they are computed along one axis, as from opset 13 on.
# The same nodes in newer opsets are right. ONNX Runtime follows the version that the file states. No warning.
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

names = ["gamma", "beta", "mean", "variance"]
norm = helper.make_node("BatchNormalization", ["x", *names], ["y"], epsilon=0.0)
parameters = [numpy_helper.from_array(np.float32([v]), n) for v, n in zip((1, 0, 0, 1), names)]
for name, node, tensors, opsets, image in (
    ("BatchNormalization", norm, parameters, (9, 15), np.float32([[[1, 3, 5, 7]]])),
    ("Softmax", helper.make_node("Softmax", ["x"], ["y"], axis=1), [], (11, 13), np.ones((1, 2, 2), np.float32)),
    ("Hardmax", helper.make_node("Hardmax", ["x"], ["y"], axis=1), [], (11, 13), np.float32([[[1, 1], [1, 3]]])),
):
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, image.shape) for n in "xy"]
    graph = helper.make_graph([node], "old", ends[:1], ends[1:], tensors)
    for opset in opsets:
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=6)
        seen = ReferenceEvaluator(model).run(None, {"x": image})[0]
        right = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": image})[0]
        show = [[round(float(v), 2) for v in a.ravel()] for a in (seen, right)]
        print(f"{name} of opset {opset}: onnx {show[0]}, onnxruntime {show[1]}")
PY
cat > "$folder/expected" <<'EXPECTED'
BatchNormalization of opset 9: onnx [0.51, 2.2, 3.89, 5.58], onnxruntime [1.0, 3.0, 5.0, 7.0]
BatchNormalization of opset 15: onnx [1.0, 3.0, 5.0, 7.0], onnxruntime [1.0, 3.0, 5.0, 7.0]
Softmax of opset 11: onnx [0.5, 0.5, 0.5, 0.5], onnxruntime [0.25, 0.25, 0.25, 0.25]
Softmax of opset 13: onnx [0.5, 0.5, 0.5, 0.5], onnxruntime [0.5, 0.5, 0.5, 0.5]
Hardmax of opset 11: onnx [1.0, 0.0, 0.0, 1.0], onnxruntime [0.0, 0.0, 0.0, 1.0]
Hardmax of opset 13: onnx [1.0, 0.0, 0.0, 1.0], onnxruntime [1.0, 0.0, 0.0, 1.0]
EXPECTED
diff "$folder/expected" "$folder/seen"
