#!/usr/bin/env bash
# qonnx 1.0.0, QCDQToQuant: of a Clip between QuantizeLinear and DequantizeLinear only the number of its values is kept,
# rounded up to bits, beside the sign of the integer type. Any range that is not exactly that type's is another function:
#   int8,  Clip 0..15  -> Quant of 4 signed bits, -8..7     (a ReLU of 4 bits saturates at half its range)
#   uint8, Clip 0..9   -> Quant of 4 unsigned bits, 0..15   (ten levels become sixteen)
#   int8,  Clip -3..2  -> Quant of 3 signed bits, -4..3
# No warning. A range of -8..7 or 0..15 of its own sign converts right. Reference: ONNX Runtime on the file before.
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

image = np.arange(-20, 20, dtype=np.float32)
for dtype, low, high in ((np.int8, 0, 15), (np.uint8, 0, 9), (np.int8, -3, 2), (np.int8, -8, 7), (np.uint8, 0, 15)):
    constants = {"scale": np.float32(1), "zero": dtype(0), "low": dtype(low), "high": dtype(high)}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        helper.make_node("Clip", ["q", "low", "high"], ["c"]),
        helper.make_node("DequantizeLinear", ["c", "scale", "zero"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [40]) for n in "xy"]
    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()]
    graph = helper.make_graph(nodes, "qcdq", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    before = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": image})[0]
    converted = ModelWrapper(model).transform(InferShapes()).transform(QCDQToQuant())
    after = execute_onnx(converted, {"x": image})["y"]
    print(f"{dtype.__name__} {low}..{high}: {before.min():g}..{before.max():g} before, {after.min():g}..{after.max():g} after")
PY
cat > "$folder/expected" <<'EXPECTED'
int8 0..15: 0..15 before, -8..7 after
uint8 0..9: 0..9 before, 0..15 after
int8 -3..2: -3..2 before, -4..3 after
int8 -8..7: -8..7 before, -8..7 after
uint8 0..15: 0..15 before, 0..15 after
EXPECTED
diff "$folder/expected" "$folder/seen"
