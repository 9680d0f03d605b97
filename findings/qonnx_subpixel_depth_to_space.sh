#!/usr/bin/env bash
# qonnx 1.0.0, SubPixelToDeconvolution: turns a convolution and a DepthToSpace into one ConvTranspose as if the mode were always
# CRD (what PyTorch's PixelShuffle exports). With DCR, the default of ONNX, the result is another function: pixels of wrong
# channels, no warning. Reference: the same file, executed before. With one block (4 channels to 1) the modes are the same.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check qonnx==1.0.0 onnx==1.21.0 onnxruntime==1.25.1 numpy==2.3.5
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.subpixel_to_deconv import SubPixelToDeconvolution

image = np.ones((1, 1, 2, 2), np.float32)
for mode, channels in (("CRD", 8), ("DCR", 8), ("DCR", 4)):
    weights = np.arange(channels, dtype=np.float32).reshape(channels, 1, 1, 1)
    convolution = {"kernel_shape": [1, 1], "pads": [0] * 4, "strides": [1, 1], "group": 1, "dilations": [1, 1]}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], **convolution),
        helper.make_node("DepthToSpace", ["c"], ["y"], blocksize=2, mode=mode),
    ]
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 2, 2])]
    ends += [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, channels // 4, 4, 4])]
    graph = helper.make_graph(nodes, "subpixel", ends[:1], ends[1:], [numpy_helper.from_array(weights, "w")])
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    model = ModelWrapper(file).transform(InferShapes())
    before = execute_onnx(model, {"x": image})["y"]
    model = model.transform(SubPixelToDeconvolution())
    after = execute_onnx(model, {"x": image})["y"]
    ops = [n.op_type for n in model.graph.node]
    first = [v[0, 0, :2, :2].astype(int).tolist() for v in (before, after)]
    print(f"{mode}, {channels} channels, {ops}: first block {first[0]} before, {first[1]} after")
PY
cat > "$folder/expected" <<'EXPECTED'
CRD, 8 channels, ['ConvTranspose']: first block [[0, 1], [2, 3]] before, [[0, 1], [2, 3]] after
DCR, 8 channels, ['ConvTranspose']: first block [[0, 2], [4, 6]] before, [[0, 1], [2, 3]] after
DCR, 4 channels, ['ConvTranspose']: first block [[0, 1], [2, 3]] before, [[0, 1], [2, 3]] after
EXPECTED
diff "$folder/expected" "$folder/seen"
