#!/usr/bin/env bash
# onnx 1.21.0, onnx.reference.ReferenceEvaluator, ConvTranspose with group > 1: an error ("could not broadcast input array") as soon as
# a group has more than one input or more than one output channel; one of each (depthwise) is right, one group too. ONNX Runtime runs
# all of them. Upsampling that is learned in groups cannot be held against the evaluator.
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


x = np.arange(1, 5, dtype=np.float32).reshape(1, 4, 1, 1)
for name, channels, how in (
    ("1 group of 2 output channels", 2, {}),
    ("4 groups, 1 output channel each", 1, {"group": 4}),
    ("2 groups, 1 output channel each", 1, {"group": 2}),
    ("4 groups, 2 output channels each", 2, {"group": 4}),
):
    w = np.arange(1, 4 * channels + 1, dtype=np.float32).reshape(4, channels, 1, 1) * np.ones((1, 1, 2, 2), np.float32)
    seen, right = both("ConvTranspose", [x, w], **how)
    corner = seen if isinstance(seen, str) else [int(c[0][0]) for c in seen[0]]
    print(f"{name}: onnx {corner}, onnxruntime {[int(c[0][0]) for c in right[0]]}")
PY
cat > "$folder/expected" <<'EXPECTED'
1 group of 2 output channels: onnx [50, 60], onnxruntime [50, 60]
4 groups, 1 output channel each: onnx [1, 4, 9, 16], onnxruntime [1, 4, 9, 16]
2 groups, 1 output channel each: onnx ValueError, onnxruntime [5, 25]
4 groups, 2 output channels each: onnx ValueError, onnxruntime [1, 2, 6, 8, 15, 18, 28, 32]
EXPECTED
diff "$folder/expected" "$folder/seen"
