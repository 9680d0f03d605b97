#!/usr/bin/env bash
# onnxruntime 1.25.1, CPU, AveragePool with ceil_mode = 1 and count_include_pad = 1: up to opset 18 the last windows, which reach past
# the padding, are divided by all places of the kernel; from opset 19 on by those within image and padding, as PyTorch does and as
# onnx 1.21.0's reference evaluator does in every opset. The file is the same but for its opset number, and so is the shape. PyTorch
# writes count_include_pad = 1 for nn.AvgPool2d as it is by default, with or without padding, and exporters of 1-bit networks use
# opsets 11 to 17, so the right and lower edge of such a network comes out smaller than it was trained, 25.0 as 6.25 in the corner
# below. With count_include_pad = 0 all agree.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check onnx==1.21.0 onnxruntime==1.25.1 numpy==2.3.5
"$folder/env/bin/python" -W ignore - <<'PY' 2>/dev/null | tee "$folder/seen"
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

x = np.arange(1, 26, dtype=np.float32).reshape(1, 1, 5, 5)
for opset in (11, 18, 19, 22):
    for padded in (0, 1):
        how = {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1, "count_include_pad": padded}
        ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape), helper.make_empty_tensor_value_info("y")]
        graph = helper.make_graph([helper.make_node("AveragePool", ["x"], ["y"], **how)], "pool", ends[:1], ends[1:])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        seen = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]
        right = ReferenceEvaluator(model).run(None, {"x": x})[0]
        last = f"last row: onnxruntime {seen[0, 0, -1].tolist()}, onnx {right[0, 0, -1].tolist()}"
        print(f"opset {opset}, count_include_pad {padded}, {last}")
PY
cat > "$folder/expected" <<'EXPECTED'
opset 11, count_include_pad 0, last row: onnxruntime [21.5, 23.5, 25.0], onnx [21.5, 23.5, 25.0]
opset 11, count_include_pad 1, last row: onnxruntime [10.75, 11.75, 6.25], onnx [21.5, 23.5, 25.0]
opset 18, count_include_pad 0, last row: onnxruntime [21.5, 23.5, 25.0], onnx [21.5, 23.5, 25.0]
opset 18, count_include_pad 1, last row: onnxruntime [10.75, 11.75, 6.25], onnx [21.5, 23.5, 25.0]
opset 19, count_include_pad 0, last row: onnxruntime [21.5, 23.5, 25.0], onnx [21.5, 23.5, 25.0]
opset 19, count_include_pad 1, last row: onnxruntime [21.5, 23.5, 25.0], onnx [21.5, 23.5, 25.0]
opset 22, count_include_pad 0, last row: onnxruntime [21.5, 23.5, 25.0], onnx [21.5, 23.5, 25.0]
opset 22, count_include_pad 1, last row: onnxruntime [21.5, 23.5, 25.0], onnx [21.5, 23.5, 25.0]
EXPECTED
diff "$folder/expected" "$folder/seen"
