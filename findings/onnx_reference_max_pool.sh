#!/usr/bin/env bash
# onnx 1.21.0, onnx.reference.ReferenceEvaluator, MaxPool, two things at once. int8 images, which the operator takes (MaxPool-12 and
# later), end in a ValueError (cannot convert float NaN to integer), so that the pool between two quantizers of a signed QCDQ network
# has no reference; and with stride 1 pads are read in pairs, beginning and end of each axis, where ONNX says all beginnings, then all
# ends: pads 1 1 0 0 of a 2 x 2 window over 2 x 2 pixels give 3 x 1 values, not 2 x 2, with no error. Symmetric pads are right. ONNX Runtime does
# as the text says.
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


for kind, pads, stride in (
    (np.float32, [0, 0, 0, 0], 1),
    (np.float32, [1, 1, 1, 1], 1),
    (np.float32, [1, 1, 0, 0], 1),
    (np.float32, [1, 0, 1, 0], 1),
    (np.int8, [0, 0, 0, 0], 1),
):
    x = np.arange(1, 5).astype(kind).reshape(1, 1, 2, 2)
    seen, right = both("MaxPool", [x], kernel_shape=[2, 2], pads=pads, strides=[stride, stride])
    seen = seen if isinstance(seen, str) else seen[0][0]
    print(f"{kind.__name__}, pads {pads}, stride {stride}: onnx {seen}, onnxruntime {right[0][0]}")
PY
cat > "$folder/expected" <<'EXPECTED'
float32, pads [0, 0, 0, 0], stride 1: onnx [[4.0]], onnxruntime [[4.0]]
float32, pads [1, 1, 1, 1], stride 1: onnx [[1.0, 2.0, 2.0], [3.0, 4.0, 4.0], [3.0, 4.0, 4.0]], onnxruntime [[1.0, 2.0, 2.0], [3.0, 4.0, 4.0], [3.0, 4.0, 4.0]]
float32, pads [1, 1, 0, 0], stride 1: onnx [[2.0], [4.0], [4.0]], onnxruntime [[1.0, 2.0], [3.0, 4.0]]
float32, pads [1, 0, 1, 0], stride 1: onnx [[1.0, 2.0], [3.0, 4.0]], onnxruntime [[2.0], [4.0], [4.0]]
int8, pads [0, 0, 0, 0], stride 1: onnx ValueError, onnxruntime [[4]]
EXPECTED
diff "$folder/expected" "$folder/seen"
