#!/usr/bin/env bash
# qonnx 1.0.0, GemmToMatMul: a Gemm with alpha or beta other than 1 becomes MatMul, Mul and Add whose factor is a tensor of doubles, and
# the result cannot be loaded (Mul is bound to float and double): the transformation itself ends without a word. A Gemm without its
# optional third input (since Gemm-11) ends in an IndexError. With alpha = beta = 1 and a bias all is well. FINN's flow begins with this
# step: fold alpha and beta into the weights first, and give a bias of zeros.
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

from qonnx.transformation.gemm_to_matmul import GemmToMatMul

x = np.array([[1, 2]], np.float32)
for name, inputs, how in (
    ("alpha 1, beta 1", 3, {}),
    ("alpha 0.5", 3, {"alpha": 0.5}),
    ("beta 2", 3, {"beta": 2.0}),
    ("no bias", 2, {}),
):
    gemm = helper.make_node("Gemm", ["x", "w", "b"][:inputs], ["y"], **how)
    model = network([gemm], [1, 2], [1, 2], w=[[1, 2], [3, 4]], b=[10, 20])
    stage = "GemmToMatMul"
    try:
        changed, stage = model.transform(GemmToMatMul()), "execution"
        after = values(changed, x)
    except Exception as error:
        after = f"{type(error).__name__} in {stage}"
    print(f"{name}: before {values(model, x)}, after {after}")
PY
cat > "$folder/expected" <<'EXPECTED'
alpha 1, beta 1: before [[17.0, 30.0]], after [[17.0, 30.0]]
alpha 0.5: before [[13.5, 25.0]], after Fail in execution
beta 2: before [[27.0, 50.0]], after Fail in execution
no bias: before [[7.0, 10.0]], after IndexError in GemmToMatMul
EXPECTED
diff "$folder/expected" "$folder/seen"
