#!/usr/bin/env bash
# onnxruntime 1.32.0 at its default level: two pairs of QuantizeLinear and DequantizeLinear in a row with different scales (a requantization between
# two parts of a network) become one. Numbers are then rounded once instead of twice, and other integers come out; ORT_DISABLE_ALL executes what the
# file says. A reference for exact integers has to ask for that.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def graph(nodes, shape, opset, constants=None):
    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in (constants or {}).items()]
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    nodes = [helper.make_node(op, inputs, outputs, **attributes) for op, inputs, outputs, attributes in nodes]
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(helper.make_graph(nodes, "g", *ends, tensors), opset_imports=opsets, ir_version=8)


def onnxruntime_gives(model, x, level="ORT_DISABLE_ALL"):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


x = np.arange(-24, 24, dtype=np.float32) / 32
pairs = [("QuantizeLinear", ["x", "s", "z"], ["q"], {}), ("DequantizeLinear", ["q", "s", "z"], ["d"], {})]
pairs += [("QuantizeLinear", ["d", "t", "z"], ["r"], {}), ("DequantizeLinear", ["r", "t", "z"], ["y"], {})]
model = graph(pairs, x.shape, 13, {"s": np.float32(0.125), "t": np.float32(0.25), "z": np.int8(0)})
written, right = onnxruntime_gives(model, x), (np.round(np.round(x * 8) / 2) / 4).astype(np.float32)
for level in ("ORT_DISABLE_ALL", "ORT_ENABLE_BASIC", "ORT_ENABLE_EXTENDED", "ORT_ENABLE_ALL"):
    print(level, int((onnxruntime_gives(model, x, level) != right).sum()), "of", x.size, "numbers off")
PY
cat > "$folder/expected" <<'EXPECTED'
ORT_DISABLE_ALL 0 of 48 numbers off
ORT_ENABLE_BASIC 18 of 48 numbers off
ORT_ENABLE_EXTENDED 18 of 48 numbers off
ORT_ENABLE_ALL 18 of 48 numbers off
EXPECTED
diff "$folder/expected" "$folder/seen"
