#!/usr/bin/env bash
# qonnx 1.0.0, RemoveIdentityOps: an Add of zeros (a Mul by ones) is taken away without a look at shapes, also where it broadcasts its
# input to more rows, channels or pixels. The network then gives a tensor of another shape, with no error as long as what follows takes
# any shape; the annotated shape stays the old one. Positional terms that were trained to, or set to, zero are such operands. Where the
# shapes are equal the step is right.
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


def network(nodes, shape, out, **weights):
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", shape), ("y", out))]
    kept = [numpy_helper.from_array(np.asarray(v, np.float32), n) for n, v in weights.items()]
    graph = helper.make_graph(nodes, "one", ends[:1], ends[1:], kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return ModelWrapper(model).transform(InferShapes())


def values(model, x):
    return execute_onnx(model, {"x": x})["y"].tolist()

from qonnx.transformation.remove import RemoveIdentityOps

x = np.array([[1, 2, 3]], np.float32)
for name, kind, operand in (
    ("Add of zeros (1, 3)", "Add", np.zeros((1, 3))),
    ("Add of zeros (2, 3)", "Add", np.zeros((2, 3))),
    ("Mul by ones (2, 3)", "Mul", np.ones((2, 3))),
):
    nodes = [helper.make_node(kind, ["x", "c"], ["s"]), helper.make_node("Relu", ["s"], ["y"])]
    model = network(nodes, [1, 3], list(operand.shape), c=operand)
    changed = model.transform(RemoveIdentityOps())
    print(f"{name}: before {values(model, x)}, after {values(changed, x)}")
    print(f"  nodes {[n.op_type for n in changed.graph.node]}, annotated {changed.get_tensor_shape('y')}")
PY
cat > "$folder/expected" <<'EXPECTED'
Add of zeros (1, 3): before [[1.0, 2.0, 3.0]], after [[1.0, 2.0, 3.0]]
  nodes ['Relu'], annotated [1, 3]
Add of zeros (2, 3): before [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], after [[1.0, 2.0, 3.0]]
  nodes ['Relu'], annotated [2, 3]
Mul by ones (2, 3): before [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], after [[1.0, 2.0, 3.0]]
  nodes ['Relu'], annotated [2, 3]
EXPECTED
diff "$folder/expected" "$folder/seen"
