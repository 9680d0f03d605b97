#!/usr/bin/env bash
# onnxruntime 1.25.1: a Pad of zeros in front of a MaxPool is fused into that pool's own padding, whose value is minus infinity (ONNX:
# padding is never the maximum), from optimization level BASIC on, ALL being the default. A window of negative values and padding then
# gives the negative value, not 0: at the border of every map of -1 and +1, where a binary network pads before it pools. Opsets 13 and
# 22 alike, no warning. With an empty name for the value, as PyTorch writes a pad without one, it is not fused. onnxoptimizer 0.4.2
# (fuse_pad_into_pool, one of its default passes) fuses all of them. A Pad of minus infinity and an AveragePool are right in both.
# A reference for exact integers has to ask for ORT_DISABLE_ALL: BASIC is not enough.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check onnxoptimizer==0.4.2 onnx==1.21.0 onnxruntime==1.25.1 numpy==2.3.5
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import numpy as np
import onnxoptimizer
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

signs = np.float32([[-1, -1, 1], [-1, -1, -1], [1, -1, -1]]).reshape(1, 1, 3, 3)


def run(model, level="ORT_DISABLE_ALL"):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    return onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {"x": signs})[0].ravel().tolist()


for pool, value, opset in (("MaxPool", 0, 13), ("MaxPool", 0, 22), ("MaxPool", "", 13), ("MaxPool", -np.inf, 13), ("AveragePool", 0, 13)):
    nodes = [
        helper.make_node("Pad", ["x", "pads", "value" if value != "" else ""], ["p"]),
        helper.make_node(pool, ["p"], ["y"], kernel_shape=[2, 2], strides=[2, 2]),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1, s, s]) for n, s in (("x", 3), ("y", 2))]
    tensors = [numpy_helper.from_array(np.int64([0, 0, 1, 1, 0, 0, 0, 0]), "pads"), numpy_helper.from_array(np.float32(value or 0), "value")]
    graph = helper.make_graph(nodes, "pad", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    print(f"Pad of {value if value != '' else 'an empty name'}, {pool}, opset {opset}")
    for level in ("ORT_DISABLE_ALL", "ORT_ENABLE_BASIC", "ORT_ENABLE_ALL"):
        print("   ", level, run(model, level))
    print("    onnxoptimizer", run(onnxoptimizer.optimize(model)))
PY
cat > "$folder/expected" <<'EXPECTED'
Pad of 0, MaxPool, opset 13
    ORT_DISABLE_ALL [0.0, 1.0, 1.0, -1.0]
    ORT_ENABLE_BASIC [-1.0, 1.0, 1.0, -1.0]
    ORT_ENABLE_ALL [-1.0, 1.0, 1.0, -1.0]
    onnxoptimizer [-1.0, 1.0, 1.0, -1.0]
Pad of 0, MaxPool, opset 22
    ORT_DISABLE_ALL [0.0, 1.0, 1.0, -1.0]
    ORT_ENABLE_BASIC [-1.0, 1.0, 1.0, -1.0]
    ORT_ENABLE_ALL [-1.0, 1.0, 1.0, -1.0]
    onnxoptimizer [-1.0, 1.0, 1.0, -1.0]
Pad of an empty name, MaxPool, opset 13
    ORT_DISABLE_ALL [0.0, 1.0, 1.0, -1.0]
    ORT_ENABLE_BASIC [0.0, 1.0, 1.0, -1.0]
    ORT_ENABLE_ALL [0.0, 1.0, 1.0, -1.0]
    onnxoptimizer [-1.0, 1.0, 1.0, -1.0]
Pad of -inf, MaxPool, opset 13
    ORT_DISABLE_ALL [-1.0, 1.0, 1.0, -1.0]
    ORT_ENABLE_BASIC [-1.0, 1.0, 1.0, -1.0]
    ORT_ENABLE_ALL [-1.0, 1.0, 1.0, -1.0]
    onnxoptimizer [-1.0, 1.0, 1.0, -1.0]
Pad of 0, AveragePool, opset 13
    ORT_DISABLE_ALL [-0.25, 0.0, 0.0, -1.0]
    ORT_ENABLE_BASIC [-0.25, 0.0, 0.0, -1.0]
    ORT_ENABLE_ALL [-0.25, 0.0, 0.0, -1.0]
    onnxoptimizer [-0.25, 0.0, 0.0, -1.0]
EXPECTED
diff "$folder/expected" "$folder/seen"
