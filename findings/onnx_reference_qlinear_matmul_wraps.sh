#!/usr/bin/env bash
# onnx 1.21.0, onnx.reference.ReferenceEvaluator, QLinearMatMul: quotients beyond the type of the output wrap around. ONNX
# (QLinearMatMul-10 and -21): "the output is saturated", as QuantizeLinear's is. 260 comes out as 4, 290 as 34, of the right type and
# without a word; QLinearConv of the same evaluator saturates, and ONNX Runtime does in both. So a dense layer whose range is exceeded
# differs from a convolution of 1 x 1 with the same numbers; a reference for quantized dense layers is better taken elsewhere.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check onnx==1.21.0 onnxruntime==1.25.1 numpy==2.3.5
"$folder/env/bin/python" -W ignore - <<'PY' 2>/dev/null | tee "$folder/seen"
import numpy as np
import onnxruntime
from onnx import helper
from onnx.reference import ReferenceEvaluator


def both(kind, inputs, **how):
    names = ["" if value is None else f"x{i}" for i, value in enumerate(inputs)]
    given = {name: value for name, value in zip(names, inputs) if name}
    ends = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for n, v in given.items()]
    graph = helper.make_graph(
        [helper.make_node(kind, names, ["y"], **how)], "one", ends, [helper.make_empty_tensor_value_info("y")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    try:
        seen = ReferenceEvaluator(model).run(None, given)[0].tolist()
    except Exception as error:
        seen = type(error).__name__
    return seen, onnxruntime.InferenceSession(model.SerializeToString()).run(None, given)[0].tolist()


one, zero = np.array(1, np.float32), np.array(0, np.uint8)
for total, point in ((200, 0), (260, 0), (90, 200), (10, 0)):
    parts = np.array([[total // 2, total - total // 2]], np.uint8)  # two inputs that sum up to the total
    end = np.array(point, np.uint8)
    dense = both("QLinearMatMul", [parts, one, zero, np.ones((2, 1), np.uint8), one, zero, one, end])
    conv = both("QLinearConv", [parts.reshape(1, 2, 1, 1), one, zero, np.ones((1, 2, 1, 1), np.uint8), one, zero, one, end])
    right = min(total + point, 255)
    print(f"{total} + {point}: saturated {right}; QLinearMatMul: onnx {dense[0][0][0]}, onnxruntime {dense[1][0][0]};", end=" ")
    print(f"QLinearConv: onnx {conv[0][0][0][0][0]}, onnxruntime {conv[1][0][0][0][0]}")
PY
cat > "$folder/expected" <<'EXPECTED'
200 + 0: saturated 200; QLinearMatMul: onnx 200, onnxruntime 200; QLinearConv: onnx 200, onnxruntime 200
260 + 0: saturated 255; QLinearMatMul: onnx 4, onnxruntime 255; QLinearConv: onnx 255, onnxruntime 255
90 + 200: saturated 255; QLinearMatMul: onnx 34, onnxruntime 255; QLinearConv: onnx 255, onnxruntime 255
10 + 0: saturated 10; QLinearMatMul: onnx 10, onnxruntime 10; QLinearConv: onnx 10, onnxruntime 10
EXPECTED
diff "$folder/expected" "$folder/seen"
