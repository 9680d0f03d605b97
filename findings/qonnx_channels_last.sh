#!/usr/bin/env bash
# qonnx 1.0.0, ConvertToChannelsLastAndClean (qonnx-to-channels-last): three places where the network behind it is another one.
# - MoveChanFirstDownstream takes a Transpose past the first reader of its output without asking for others, and leaves that
#   reader's result, channels last, under the old name: the shortcut of Relu(c) + c adds Relu(c), transposed. (Where height, width and
#   channels are not equal it is an error of ONNX Runtime.)
# - AbsorbChanFirstIntoMatMul asks for Gemm's transB being there, not for its value: written out as 0, square weights are permuted
#   along their outputs. Left out it is right.
# - The same pass permutes weights behind a Quant, but not a scale that goes along the inputs.
# No warning. Reference: the same file, executed before.
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
from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean
from qonnx.transformation.infer_shapes import InferShapes

node = helper.make_node
square = {"kernel_shape": [1, 1], "pads": [0] * 4, "strides": [1, 1]}
pool, flat = node("MaxPool", ["x"], ["p"], **square), node("Flatten", ["p"], ["f"])
scale = np.float32([1, 2, 3, 4]).reshape(4, 1)
weights = np.arange(16, dtype=np.float32).reshape(4, 4) - 8
quant = node(
    "Quant", ["scaled", "scale", "zero", "bits"], ["w"], domain="qonnx.custom_op.general", signed=1, narrow=0, rounding_mode="ROUND"
)
shortcut = [
    node("Conv", ["x", "k"], ["c"], dilations=[1, 1], group=1, **square), node("Relu", ["c"], ["r"]), node("Add", ["r", "c"], ["y"]),
]  # fmt: skip
kernel = {"k": np.float32([1, 0, 0, -1]).reshape(2, 2, 1, 1)}
quantized = {"scaled": weights * scale, "scale": scale, "zero": np.float32(0), "bits": np.float32(8)}
networks = {
    "shortcut": (shortcut, kernel, [1, 2, 2, 2]),
    "Gemm": ([pool, flat, node("Gemm", ["f", "w"], ["y"])], {"w": weights}, [1, 4]),
    "Gemm, transB=0": ([pool, flat, node("Gemm", ["f", "w"], ["y"], transB=0)], {"w": weights}, [1, 4]),
    "Quant, scale along inputs": ([pool, flat, quant, node("MatMul", ["f", "w"], ["y"])], quantized, [1, 4]),
}
for name, (nodes, constants, shape) in networks.items():
    size = [1, 2, 2, 2] if len(shape) == 4 else [1, 2, 1, 2]
    image = np.arange(1, np.prod(size) + 1, dtype=np.float32).reshape(size)
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", size), ("y", shape))]
    graph = helper.make_graph(nodes, "layout", ends[:1], ends[1:], [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()])
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("qonnx.custom_op.general", 1)]
    model = ModelWrapper(helper.make_model(graph, opset_imports=opsets, ir_version=8)).transform(InferShapes())
    before = execute_onnx(model, {"x": image})["y"]
    after = list(execute_onnx(model.transform(ConvertToChannelsLastAndClean()), {"x": image}).values())[0]
    print(f"{name}: {before.ravel().astype(int).tolist()} before, {after.ravel().astype(int).tolist()} after")
PY
cat > "$folder/expected" <<'EXPECTED'
shortcut: [2, 4, 6, 8, -5, -6, -7, -8] before, [2, 2, 5, 4, 3, 0, 4, 0] after
Gemm: [0, 10, 20, 30] before, [0, 10, 20, 30] after
Gemm, transB=0: [0, 10, 20, 30] before, [-4, 16, 6, 26] after
Quant, scale along inputs: [40, 70, 100, 130] before, [38, 73, 102, 125] after
EXPECTED
diff "$folder/expected" "$folder/seen"
