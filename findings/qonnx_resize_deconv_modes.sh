#!/usr/bin/env bash
# qonnx 1.0.0, ResizeConvolutionToDeconvolution: of a Resize it asks for mode nearest alone, not for how coordinates are
# transformed or which pixel is the nearest. align_corners, and half_pixel with nearest_mode ceil, repeat other pixels than the
# ConvTranspose that replaces them, so that the network is another one; no warning. Reference: the same file, executed before.
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
from qonnx.transformation.resize_conv_to_deconv import ResizeConvolutionToDeconvolution

image = np.arange(4, dtype=np.float32).reshape(1, 1, 1, 4).repeat(4, axis=2)
constants = {"w": np.ones((1, 1, 1, 1), np.float32), "scales": np.float32([1, 1, 2, 2])}
for transformation, nearest in (
    ("asymmetric", "floor"), ("half_pixel", "round_prefer_floor"), ("half_pixel", "ceil"), ("align_corners", "floor")
):  # fmt: skip
    how = {"coordinate_transformation_mode": transformation, "nearest_mode": nearest}
    convolution = {"kernel_shape": [1, 1], "pads": [0] * 4, "strides": [1, 1], "group": 1, "dilations": [1, 1]}
    nodes = [
        helper.make_node("Resize", ["x", "", "scales"], ["r"], mode="nearest", **how),
        helper.make_node("Conv", ["r", "w"], ["y"], **convolution),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1, s, s]) for n, s in (("x", 4), ("y", 8))]
    tensors = [numpy_helper.from_array(v, n) for n, v in constants.items()]
    graph = helper.make_graph(nodes, "upsample", ends[:1], ends[1:], tensors)
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    model = ModelWrapper(file).transform(InferShapes())
    before = execute_onnx(model, {"x": image})["y"][0, 0, 0].astype(int).tolist()
    model = model.transform(ResizeConvolutionToDeconvolution())
    after = execute_onnx(model, {"x": image})["y"][0, 0, 0].astype(int).tolist()
    print(transformation, nearest, [n.op_type for n in model.graph.node], before, "before,", after, "after")
PY
cat > "$folder/expected" <<'EXPECTED'
asymmetric floor ['ConvTranspose'] [0, 0, 1, 1, 2, 2, 3, 3] before, [0, 0, 1, 1, 2, 2, 3, 3] after
half_pixel round_prefer_floor ['ConvTranspose'] [0, 0, 1, 1, 2, 2, 3, 3] before, [0, 0, 1, 1, 2, 2, 3, 3] after
half_pixel ceil ['ConvTranspose'] [0, 1, 1, 2, 2, 3, 3, 3] before, [0, 0, 1, 1, 2, 2, 3, 3] after
align_corners floor ['ConvTranspose'] [0, 0, 0, 1, 1, 2, 2, 3] before, [0, 0, 1, 1, 2, 2, 3, 3] after
EXPECTED
diff "$folder/expected" "$folder/seen"
