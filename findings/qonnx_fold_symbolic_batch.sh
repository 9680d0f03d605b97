#!/usr/bin/env bash
# qonnx 1.0.0, FoldConstants (part of cleanup_model and qonnx-cleanup): Shape of a tensor with a named dimension, as every exporter
# writes a batch of any size, counts as a constant: the size it does not know is taken as 0 and baked in. ONNX: a dimension with
# dim_param is known only when the file runs. A mean written as sum / size divides by 0; a Reshape to "twice the batch" gets 0, which
# means "as the input". Fixed sizes are right. The file stays valid, no warning. Reference: ONNX Runtime on the file before.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check qonnx==1.0.0 onnx==1.21.0 onnxruntime==1.25.1 numpy==2.3.5
"$folder/env/bin/python" -W ignore - <<'PY' 2>/dev/null | tee "$folder/seen"
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.cleanup import cleanup_model

node, image = helper.make_node, np.arange(8, dtype=np.float32).reshape(2, 4)
mean = [
    node("Shape", ["x"], ["s"]), node("ReduceProd", ["s"], ["n"], keepdims=0), node("Cast", ["n"], ["f"], to=TensorProto.FLOAT),
    node("ReduceSum", ["x"], ["sum"], keepdims=0), node("Div", ["sum", "f"], ["y"]),
]  # fmt: skip
halves = [
    node("Shape", ["x"], ["s"]), node("Gather", ["s", "first"], ["n"]), node("Mul", ["n", "two"], ["m"]),
    node("Concat", ["m", "rest"], ["to"], axis=0), node("Reshape", ["x", "to"], ["y"]),
]  # fmt: skip
constants = {"first": np.int64([0]), "two": np.int64([2]), "rest": np.int64([-1])}


def run(file):
    session = onnxruntime.InferenceSession(file.SerializeToString())
    return session.run(None, {session.get_inputs()[0].name: image})[0]


for name, nodes, output in (("sum / size", mean, []), ("Reshape to 2N", halves, ["M", "K"])):
    for batch in ("N", 2):
        ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [batch, 4]), ("y", output))]
        tensors = [numpy_helper.from_array(v, n) for n, v in constants.items() if nodes is halves]
        graph = helper.make_graph(nodes, "batch", ends[:1], ends[1:], tensors)
        file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        before, after = run(file), run(cleanup_model(ModelWrapper(file)).model)
        show = (before.shape, after.shape) if nodes is halves else (before.item(), after.item())
        print(f"{name}, batch {batch}: {show[0]} before, {show[1]} after")
PY
cat > "$folder/expected" <<'EXPECTED'
sum / size, batch N: 3.5 before, inf after
sum / size, batch 2: 3.5 before, 3.5 after
Reshape to 2N, batch N: (4, 2) before, (2, 4) after
Reshape to 2N, batch 2: (4, 2) before, (4, 2) after
EXPECTED
diff "$folder/expected" "$folder/seen"
