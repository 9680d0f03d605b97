#!/usr/bin/env bash
# onnxruntime 1.25.1, CPU, linear Resize of uint8 and int8: fractions are cut towards zero; with antialias = 1, which changes nothing in a
# growing image, halves are rounded away from zero. onnx 1.21.0's reference evaluator rounds halves to even in both. So one 8-bit image,
# made larger, has three results (int8 with antialias has none: every value is 0), and the one that ONNX Runtime gives by itself is darker by half a level on average: thresholds of a
# network trained on rounded images lie half a step off. Resize in float, then quantize, or train on images that ONNX Runtime resized.
# The text of the operator (Resize-19) says nothing of rounding.
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


twice = np.array([1, 1, 1, 2], np.float32)
for kind, image in ((np.float32, [0, 1, 3, 6]), (np.uint8, [0, 1, 3, 6]), (np.int8, [0, -1, -3, -6])):
    x = np.array(image, kind).reshape(1, 1, 1, 4)
    for antialias in (0, 1):
        seen, right = both("Resize", [x, None, twice], mode="linear", antialias=antialias)
        print(f"{kind.__name__}, antialias {antialias}: onnxruntime {right[0][0][0]}, onnx {seen[0][0][0]}")
PY
cat > "$folder/expected" <<'EXPECTED'
float32, antialias 0: onnxruntime [0.0, 0.25, 0.75, 1.5, 2.5, 3.75, 5.25, 6.0], onnx [0.0, 0.25, 0.75, 1.5, 2.5, 3.75, 5.25, 6.0]
float32, antialias 1: onnxruntime [0.0, 0.25, 0.75, 1.5, 2.5, 3.75, 5.25, 6.0], onnx [0.0, 0.25, 0.75, 1.5, 2.5, 3.75, 5.25, 6.0]
uint8, antialias 0: onnxruntime [0, 0, 0, 1, 2, 3, 5, 6], onnx [0, 0, 1, 2, 2, 4, 5, 6]
uint8, antialias 1: onnxruntime [0, 0, 1, 2, 3, 4, 5, 6], onnx [0, 0, 1, 2, 2, 4, 5, 6]
int8, antialias 0: onnxruntime [0, 0, 0, -1, -2, -3, -5, -6], onnx [0, 0, -1, -2, -2, -4, -5, -6]
int8, antialias 1: onnxruntime [0, 0, 0, 0, 0, 0, 0, 0], onnx [0, 0, -1, -2, -2, -4, -5, -6]
EXPECTED
diff "$folder/expected" "$folder/seen"
