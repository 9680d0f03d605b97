#!/usr/bin/env bash
# qonnx 1.0.0, RemoveIdentityOps: to take a node out it renames the *first* output of the node before. Behind a Split that
# is another tensor: the second half times a scale of one, or through an Identity or a Dropout, becomes the first half. An Add of
# zeros of a larger shape goes too, and its broadcast with it. No warning. ONNX: all of them keep what they are given. The pass also
# runs inside ExtractQuantScaleZeroPt and GemmToMatMul. Who splits channels and scales the halves gets other numbers.
# Reference: the same file, executed before.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check qonnx==1.0.0 onnx==1.21.0 onnxruntime==1.25.1 numpy==2.3.5
"$folder/env/bin/python" -W ignore - <<'PY' 2>/dev/null | tee "$folder/seen"
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.remove import RemoveIdentityOps

node, image = helper.make_node, np.float32([[1, 4, 2, 3]])
constants = {"one": np.float32(1), "zeros": np.zeros((2, 4), np.float32)}
networks = {
    "Split, first half": ([node("Split", ["x"], ["a", "b"], axis=1), node("Mul", ["a", "one"], ["y"])], [1, 2]),
    "Split, second half": ([node("Split", ["x"], ["a", "b"], axis=1), node("Mul", ["b", "one"], ["y"])], [1, 2]),
    "Split, second half, Identity": ([node("Split", ["x"], ["a", "b"], axis=1), node("Identity", ["b"], ["y"])], [1, 2]),
    "Add of zeros": ([node("Add", ["x", "zeros"], ["a"]), node("Relu", ["a"], ["y"])], [2, 4]),
}
for name, (nodes, shape) in networks.items():
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [1, 4]), ("y", shape))]
    read = {n for node in nodes for n in node.input}
    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items() if n in read]
    graph = helper.make_graph(nodes, "identity", ends[:1], ends[1:], tensors)
    model = ModelWrapper(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)).transform(InferShapes())
    before = execute_onnx(model, {"x": image})["y"]
    after = execute_onnx(model.transform(RemoveIdentityOps()), {"x": image})["y"]
    print(f"{name}: {before.astype(int).tolist()} before, {after.astype(int).tolist()} after")
PY
cat > "$folder/expected" <<'EXPECTED'
Split, first half: [[1, 4]] before, [[1, 4]] after
Split, second half: [[2, 3]] before, [[1, 4]] after
Split, second half, Identity: [[2, 3]] before, [[1, 4]] after
Add of zeros: [[1, 4, 2, 3], [1, 4, 2, 3]] before, [[1, 4, 2, 3]] after
EXPECTED
diff "$folder/expected" "$folder/seen"
