#!/usr/bin/env bash
# onnx 1.21.0, onnx.version_converter.convert_version ("converts to a specified opset version"), silent changes of what a file computes:
# - linear Upsample of opset 9, and Resize of opset 10, take pixel x from x / scale; opset 11 gave Resize a coordinate_transformation_mode
#   whose default is half_pixel. It is left to that default: every interpolated pixel moves by up to half of one. (nearest is right);
# - Hardmax of opset 11 flattens from axis 1 on, that of 13 works along the last axis: nothing is inserted (for Softmax it is, and right);
# - the way back, Softmax from 13 to 11: axis is kept, and then means flattening.
# ONNX Runtime runs the file before and the file after. Who lifts an old file for a newer tool gets another network.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check onnx==1.21.0 onnxruntime==1.25.1 numpy==2.3.5
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, version_converter

node = helper.make_node
row, square = np.float32([[[[0, 4, 8]]]]), np.float32([[[1, 2], [3, 4]]])
scales = numpy_helper.from_array(np.float32([1, 1, 1, 2]), "scales")
for name, operator, image, old, new in (
    ("Upsample, linear", node("Upsample", ["x", "scales"], ["y"], mode="linear"), row, 9, 13),
    ("Upsample, nearest", node("Upsample", ["x", "scales"], ["y"], mode="nearest"), row, 9, 13),
    ("Resize, linear", node("Resize", ["x", "scales"], ["y"], mode="linear"), row, 10, 13),
    ("Hardmax, axis 1", node("Hardmax", ["x"], ["y"], axis=1), square, 11, 13),
    ("Softmax, axis 1", node("Softmax", ["x"], ["y"], axis=1), square, 11, 13),
    ("Softmax, axis 1", node("Softmax", ["x"], ["y"], axis=1), square, 13, 11),
):
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", image.shape), ("y", None))]
    graph = helper.make_graph([operator], "lift", ends[:1], ends[1:], [scales][: len(operator.input) - 1])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", old)], ir_version=6)
    show = []
    for file in (model, version_converter.convert_version(model, new)):
        found = onnxruntime.InferenceSession(file.SerializeToString()).run(None, {"x": image})[0]
        show.append([round(float(v), 2) for v in found.ravel()])
    print(f"{name}, opset {old} to {new}: {show[0]} before, {show[1]} after")
PY
cat > "$folder/expected" <<'EXPECTED'
Upsample, linear, opset 9 to 13: [0.0, 2.0, 4.0, 6.0, 8.0, 8.0] before, [0.0, 1.0, 3.0, 5.0, 7.0, 8.0] after
Upsample, nearest, opset 9 to 13: [0.0, 0.0, 4.0, 4.0, 8.0, 8.0] before, [0.0, 0.0, 4.0, 4.0, 8.0, 8.0] after
Resize, linear, opset 10 to 13: [0.0, 2.0, 4.0, 6.0, 8.0, 8.0] before, [0.0, 1.0, 3.0, 5.0, 7.0, 8.0] after
Hardmax, axis 1, opset 11 to 13: [0.0, 0.0, 0.0, 1.0] before, [0.0, 0.0, 1.0, 1.0] after
Softmax, axis 1, opset 11 to 13: [0.03, 0.09, 0.24, 0.64] before, [0.03, 0.09, 0.24, 0.64] after
Softmax, axis 1, opset 13 to 11: [0.12, 0.12, 0.88, 0.88] before, [0.03, 0.09, 0.24, 0.64] after
EXPECTED
diff "$folder/expected" "$folder/seen"
