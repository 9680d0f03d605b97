#!/usr/bin/env bash
# onnx 1.23.2, onnx.reference.ReferenceEvaluator, LpPool with ceil_mode 1: the operator is a norm over the values of a window, a sum, not a mean.
# The last window, which reaches past the end, comes out larger than all its values: the L1 norm of the one value 6 is 12, the L2 norm 8.49,
# as though the mean of the values there were taken times the size of the kernel. The shape is right, and so are windows inside, floor,
# explicit padding and dilations. ONNX Runtime 1.32.0 agrees with the sum. No warning. It hurts who counts set pixels or bits of a window by p = 1.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

x = np.float32([3, 4, 12, 5, 6]).reshape(1, 1, 1, 5)
for p in (1, 2):
    for name, attributes in (("floor", {}), ("ceil", {"ceil_mode": 1}), ("pads", {"pads": [0, 0, 0, 1]}), ("dilated", {"dilations": [1, 2], "strides": [1, 1]})):
        node = helper.make_node("LpPool", ["x"], ["y"], kernel_shape=[1, 2], p=p, **{"strides": [1, 2], **attributes})
        ends = [[helper.make_tensor_value_info(n, TensorProto.FLOAT, s)] for n, s in (("x", x.shape), ("y", None))]
        model = helper.make_model(helper.make_graph([node], "pool", *ends), opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
        step, gap = (1, 2) if name == "dilated" else (2, 1)
        starts = range(0, 4 if name == "floor" else 3 if name == "dilated" else 5, step)
        right = [sum(abs(float(v)) ** p for v in x.ravel()[[s, min(s + gap, 4)] if s + gap < 5 else [s]]) ** (1 / p) for s in starts]
        found = ReferenceEvaluator(model).run(None, {"x": x})[0].ravel()
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        other = session.run(None, {"x": x})[0].ravel()
        print(f"p = {p}, {name}: right {[round(v, 2) for v in right]}, onnx {[round(float(v), 2) for v in found]}, ONNX Runtime {[round(float(v), 2) for v in other]}")
PY
cat > "$folder/expected" <<'EXPECTED'
p = 1, floor: right [7.0, 17.0], onnx [7.0, 17.0], ONNX Runtime [7.0, 17.0]
p = 1, ceil: right [7.0, 17.0, 6.0], onnx [7.0, 17.0, 12.0], ONNX Runtime [7.0, 17.0, 6.0]
p = 1, pads: right [7.0, 17.0, 6.0], onnx [7.0, 17.0, 6.0], ONNX Runtime [7.0, 17.0, 6.0]
p = 1, dilated: right [15.0, 9.0, 18.0], onnx [15.0, 9.0, 18.0], ONNX Runtime [15.0, 9.0, 18.0]
p = 2, floor: right [5.0, 13.0], onnx [5.0, 13.0], ONNX Runtime [5.0, 13.0]
p = 2, ceil: right [5.0, 13.0, 6.0], onnx [5.0, 13.0, 8.49], ONNX Runtime [5.0, 13.0, 6.0]
p = 2, pads: right [5.0, 13.0, 6.0], onnx [5.0, 13.0, 6.0], ONNX Runtime [5.0, 13.0, 6.0]
p = 2, dilated: right [12.37, 6.4, 13.42], onnx [12.37, 6.4, 13.42], ONNX Runtime [12.37, 6.4, 13.42]
EXPECTED
diff "$folder/expected" "$folder/seen"
