#!/usr/bin/env bash
# Cast of a float to INT4 or UINT4: three answers. ONNX's text on 4-bit integers: rounded to the nearest integer, ties to even.
# onnx 1.21.0's ReferenceEvaluator cuts towards 0 as for INT8; onnxruntime 1.25.1 rounds, but ties away from 0 (2.5 becomes 3), and cuts
# towards 0 for INT8, so that float -> INT8 -> INT4 and float -> INT4 are not the same either. UINT4 likewise, with negative ones
# wrapped (-0.5 becomes 15). No warning. QuantizeLinear to INT4 with scale 1 gives ties to even in both: exact networks use that one.
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

node, values = helper.make_node, np.float32([-1.5, -0.5, 0.5, 1.5, 2.5, 2.75])
cast = node("Cast", ["q"], ["y"], to=TensorProto.FLOAT)
ways = {
    "INT4": [node("Cast", ["x"], ["q"], to=TensorProto.INT4), cast],
    "UINT4": [node("Cast", ["x"], ["q"], to=TensorProto.UINT4), cast],
    "INT8": [node("Cast", ["x"], ["q"], to=TensorProto.INT8), cast],
    "INT8, INT4": [node("Cast", ["x"], ["p"], to=TensorProto.INT8), node("Cast", ["p"], ["q"], to=TensorProto.INT4), cast],
    "QuantizeLinear to INT4": [node("QuantizeLinear", ["x", "scale"], ["q"], output_dtype=TensorProto.INT4), cast],
}
print("from", values.tolist())
for name, nodes in ways.items():
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [6]) for n in "xy"]
    graph = helper.make_graph(nodes, "cast", ends[:1], ends[1:], [numpy_helper.from_array(np.float32(1), "scale")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    seen = ReferenceEvaluator(model).run(None, {"x": values})[0].astype(int).tolist()
    other = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": values})[0].astype(int).tolist()
    print(f"{name}: onnx {seen}, onnxruntime {other}")
PY
cat > "$folder/expected" <<'EXPECTED'
from [-1.5, -0.5, 0.5, 1.5, 2.5, 2.75]
INT4: onnx [-1, 0, 0, 1, 2, 2], onnxruntime [-2, -1, 1, 2, 3, 3]
UINT4: onnx [15, 0, 0, 1, 2, 2], onnxruntime [14, 15, 1, 2, 3, 3]
INT8: onnx [-1, 0, 0, 1, 2, 2], onnxruntime [-1, 0, 0, 1, 2, 2]
INT8, INT4: onnx [-1, 0, 0, 1, 2, 2], onnxruntime [-1, 0, 0, 1, 2, 2]
QuantizeLinear to INT4: onnx [-2, 0, 0, 2, 2, 3], onnxruntime [-2, 0, 0, 2, 2, 3]
EXPECTED
diff "$folder/expected" "$folder/seen"
