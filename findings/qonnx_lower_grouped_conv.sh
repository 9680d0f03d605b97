#!/usr/bin/env bash
# qonnx 1.0.0, LowerConvsToMatMul, what of Conv it lowers: one group, and depthwise with one output channel for each input channel.
# Grouped convolutions, and depthwise ones with a multiplier, end in a ValueError of NumPy (cannot reshape array); a Conv that leaves
# its optional strides, pads or kernel_shape at their defaults ends in an AttributeError ('NoneType' object has no attribute...):
# exporters other than PyTorch's leave them out. Write all attributes, and split groups into slices first.
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

from qonnx.transformation.lower_convs_to_matmul import LowerConvsToMatMul

written = {"strides": [1, 1], "pads": [0, 0, 0, 0], "dilations": [1, 1], "kernel_shape": [2, 2]}
for name, channels, rows, group, how in (
    ("one group", 2, 3, 1, written),
    ("depthwise", 2, 2, 2, written),
    ("depthwise, 2 outputs a channel", 2, 4, 2, written),
    ("2 groups of 2 channels", 4, 2, 2, written),
    *((f"one group, {left} left out", 2, 3, 1, {k: v for k, v in written.items() if k != left}) for left in written),
):
    node = helper.make_node("Conv", ["x", "w"], ["y"], **how, **{"group": group})
    w = np.arange(rows * channels // group * 4).reshape(rows, channels // group, 2, 2)
    x = np.arange(channels * 9, dtype=np.float32).reshape(1, channels, 3, 3)
    model = network([node], [1, channels, 3, 3], [1, rows, 2, 2], w=w)
    try:
        after = "equal" if values(model.transform(LowerConvsToMatMul()), x) == values(model, x) else "other values"
    except Exception as error:
        after = type(error).__name__
    print(f"{name}: {after}")
PY
cat > "$folder/expected" <<'EXPECTED'
one group: equal
depthwise: equal
depthwise, 2 outputs a channel: ValueError
2 groups of 2 channels: ValueError
one group, strides left out: AttributeError
one group, pads left out: AttributeError
one group, dilations left out: equal
one group, kernel_shape left out: AttributeError
EXPECTED
diff "$folder/expected" "$folder/seen"
