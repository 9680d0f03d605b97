#!/usr/bin/env bash
# qonnx 1.0.0, QCDQToQuant: per-channel weights (DequantizeLinear with axis 0 and a vector of scales) are multiplied by the
# scales before these get their place on that axis, so NumPy puts them on the last one. Square weights, of a dense layer
# with as many inputs as outputs, silently become others; of any other shape it is an error of NumPy. Reference: ONNX Runtime
# on the file before.
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

for shape in ((2, 2), (2, 3)):
    weights = np.full(shape, 3, np.int8)
    constants = {"w": weights, "scale": np.float32([1, 10]), "zero": np.int8([0, 0])}
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "scale", "zero"], ["f"], axis=0),
        helper.make_node("Add", ["x", "f"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, list(shape)) for n in "xy"]
    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()]
    graph = helper.make_graph(nodes, "weights", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    nothing = np.zeros(shape, np.float32)
    before = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": nothing})[0]
    try:
        converted = ModelWrapper(model).transform(InferShapes()).transform(QCDQToQuant())
        after = execute_onnx(converted, {"x": nothing})["y"].astype(int).tolist()
    except ValueError as error:
        after = type(error).__name__
    print(shape, before.astype(int).tolist(), "before,", after, "after")
PY
cat > "$folder/expected" <<'EXPECTED'
(2, 2) [[3, 3], [30, 30]] before, [[3, 30], [0, 30]] after
(2, 3) [[3, 3, 3], [30, 30, 30]] before, ValueError after
EXPECTED
diff "$folder/expected" "$folder/seen"
