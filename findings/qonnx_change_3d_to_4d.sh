#!/usr/bin/env bash
# qonnx 1.0.0, Change3DTo4DTensors ("replaces 3D tensors with 4D tensors", [N, C, H] to [N, C, H, 1], for 1-D convolutions):
# - a negative axis is counted again for ArgMax, TopK, Flatten and "LogSoftMax": ONNX's operator is LogSoftmax, so its axis -1 then
#   means the new dimension of one value, and every class gets log-probability 0;
# - a constant of two dimensions, (C, 1), one value a channel, is left as it is: behind the change it broadcasts along H, not along C.
#   Where C = H that is another network and no error.
# Same tensors with three dimensions, (1, C, 1), and axis counted from the front, are right. No warning. Reference: executed before.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check qonnx==1.0.0 onnx==1.21.0 onnxruntime==1.25.1 numpy==2.3.5
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.change_3d_tensors_to_4d import Change3DTo4DTensors
from qonnx.transformation.infer_shapes import InferShapes

image = np.arange(4, dtype=np.float32).reshape(1, 2, 2)
channels = np.float32([10, 20])
for name, node, constants in (
    ("Add of (1, C, 1)", helper.make_node("Add", ["x", "c"], ["y"]), {"c": channels.reshape(1, 2, 1)}),
    ("Add of (C, 1)", helper.make_node("Add", ["x", "c"], ["y"]), {"c": channels.reshape(2, 1)}),
    ("LogSoftmax, axis 2", helper.make_node("LogSoftmax", ["x"], ["y"], axis=2), {}),
    ("LogSoftmax, axis -1", helper.make_node("LogSoftmax", ["x"], ["y"], axis=-1), {}),
):
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 2, 2]) for n in "xy"]
    graph = helper.make_graph([node], "sequence", ends[:1], ends[1:], [numpy_helper.from_array(v, n) for n, v in constants.items()])
    model = ModelWrapper(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)).transform(InferShapes())
    before = execute_onnx(model, {"x": image})["y"]
    after = execute_onnx(model.transform(Change3DTo4DTensors()), {"x": image[..., None]})["y"]
    print(f"{name}: {[round(float(v), 2) for v in before.ravel()]} before, {[round(float(v), 2) for v in after.ravel()]} after")
PY
cat > "$folder/expected" <<'EXPECTED'
Add of (1, C, 1): [10.0, 11.0, 22.0, 23.0] before, [10.0, 11.0, 22.0, 23.0] after
Add of (C, 1): [10.0, 11.0, 22.0, 23.0] before, [10.0, 21.0, 12.0, 23.0] after
LogSoftmax, axis 2: [-1.31, -0.31, -1.31, -0.31] before, [-1.31, -0.31, -1.31, -0.31] after
LogSoftmax, axis -1: [-1.31, -0.31, -1.31, -0.31] before, [0.0, 0.0, 0.0, 0.0] after
EXPECTED
diff "$folder/expected" "$folder/seen"
