#!/usr/bin/env bash
# onnxslim 0.1.98, slim(): a Mul by a vector behind a Conv is fused into the weights as one factor per output channel whenever its length is that
# of the channels. A vector of shape (W) goes along the *width* by ONNX's broadcasting; (C, 1, 1) or (1, C, 1, 1) would be channels. Where a map is as
# wide as it has channels the result is another network, without a warning; Add of the same vector stays right, and so does a width that is not C.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check onnxslim==0.1.98 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import numpy as np
import onnxruntime
import onnxslim
from onnx import TensorProto, helper, numpy_helper


def graph(nodes, shape, opset, constants=None):
    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in (constants or {}).items()]
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    nodes = [helper.make_node(op, inputs, outputs, **attributes) for op, inputs, outputs, attributes in nodes]
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(helper.make_graph(nodes, "g", *ends, tensors), opset_imports=opsets, ir_version=8)


def onnxruntime_gives(model, x, level="ORT_DISABLE_ALL"):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


x = np.ones((1, 1, 2, 3), np.float32)
weights = np.ones((3, 1, 1, 1), np.float32)
for name, factors in (("(3)", [1, 2, 3]), ("(3, 1, 1)", [[[1]], [[2]], [[3]]])):
    nodes = [("Conv", ["x", "w"], ["c"], {}), ("Mul", ["c", "k"], ["y"], {})]
    model = graph(nodes, x.shape, 17, {"w": weights, "k": np.array(factors, np.float32)})
    fused = onnxslim.slim(model)
    print(name, "before", onnxruntime_gives(model, x)[0, :, 0].tolist())
    print(name, "after ", onnxruntime_gives(fused, x)[0, :, 0].tolist(), [node.op_type for node in fused.graph.node])
PY
cat > "$folder/expected" <<'EXPECTED'
(3) before [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]
(3) after  [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [3.0, 3.0, 3.0]] ['Conv']
(3, 1, 1) before [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [3.0, 3.0, 3.0]]
(3, 1, 1) after  [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [3.0, 3.0, 3.0]] ['Conv']
EXPECTED
diff "$folder/expected" "$folder/seen"
