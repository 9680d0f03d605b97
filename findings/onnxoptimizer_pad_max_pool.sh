#!/usr/bin/env bash
# onnxoptimizer 0.4.2, default passes: fuse_pad_into_pool moves a Pad with zeros into the MaxPool behind it, too. A MaxPool's own padding
# never wins, the zeros do where all of a window is negative: other results at the borders for every input that has negative numbers, such as
# one-bit activations. No warning. AveragePool gets count_include_pad=1 and stays right.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check onnxoptimizer==0.4.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import numpy as np
import onnxoptimizer
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


x = np.array([[-1, 1, -1], [-1, -1, -1], [1, -1, -1]], np.float32).reshape(1, 1, 3, 3)
for op in ("MaxPool", "AveragePool"):
    nodes = [("Pad", ["x", "pads"], ["p"], {}), (op, ["p"], ["y"], {"kernel_shape": [2, 2]})]
    model = graph(nodes, x.shape, 17, {"pads": np.array([0, 0, 1, 1, 0, 0, 0, 0])})
    fused = onnxoptimizer.optimize(model)
    print(op, "before", onnxruntime_gives(model, x)[0, 0].tolist())
    print(op, "after ", onnxruntime_gives(fused, x)[0, 0].tolist(), [node.op_type for node in fused.graph.node])
PY
cat > "$folder/expected" <<'EXPECTED'
MaxPool before [[0.0, 1.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, -1.0]]
MaxPool after  [[-1.0, 1.0, 1.0], [-1.0, 1.0, 1.0], [1.0, 1.0, -1.0]] ['MaxPool']
AveragePool before [[-0.25, 0.0, 0.0], [-0.5, -0.5, -0.5], [0.0, -0.5, -1.0]]
AveragePool after  [[-0.25, 0.0, 0.0], [-0.5, -0.5, -0.5], [0.0, -0.5, -1.0]] ['AveragePool']
EXPECTED
diff "$folder/expected" "$folder/seen"
