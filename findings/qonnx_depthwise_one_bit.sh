#!/usr/bin/env bash
# qonnx 1.0.0, LowerConvsToMatMul: a depthwise convolution becomes a product with a matrix that is 0 outside of each channel's own
# weights. Those zeros are written *before* the Quant of the weights. A signed Quant of 1 bit has the values -1 and +1 alone (executed,
# and annotated BIPOLAR, by the same package), so the zeros become +1 and every channel adds up all the others. The sparsity note, and
# the attribute depthwise, stay. No warning; with 2 bits, or weights behind no Quant, it is right. It hurts binary depthwise networks
# (MobileNet kinds) whose weights are written as Quant. Reference: the same file, executed before.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check qonnx==1.0.0 onnx==1.21.0 onnxruntime==1.25.1 numpy==2.3.5
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_datatypes import InferDataTypes
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.lower_convs_to_matmul import LowerConvsToMatMul

image = np.float32([3, 5, 7]).reshape(1, 3, 1, 1)
for bits in (2, 1):
    constants = {"w": np.float32([1, -1, 1]).reshape(3, 1, 1, 1), "scale": np.float32(1), "zero": np.float32(0), "bits": np.float32(bits)}
    convolution = {"kernel_shape": [1, 1], "pads": [0] * 4, "strides": [1, 1], "dilations": [1, 1], "group": 3}
    how = {"domain": "qonnx.custom_op.general", "signed": 1, "narrow": 0, "rounding_mode": "ROUND"}
    nodes = [
        helper.make_node("Quant", ["w", "scale", "zero", "bits"], ["q"], **how),
        helper.make_node("Conv", ["x", "q"], ["y"], **convolution),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 3, 1, 1]) for n in "xy"]
    graph = helper.make_graph(nodes, "depthwise", ends[:1], ends[1:], [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()])
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("qonnx.custom_op.general", 1)]
    model = ModelWrapper(helper.make_model(graph, opset_imports=opsets, ir_version=8)).transform(InferShapes())
    model.set_tensor_datatype("x", DataType["INT4"])
    model = model.transform(InferDataTypes())
    before = execute_onnx(model, {"x": image})["y"].ravel().astype(int).tolist()
    after = execute_onnx(model.transform(LowerConvsToMatMul()), {"x": image})["y"].ravel().astype(int).tolist()
    print(f"{bits} bit, weights {model.get_tensor_datatype('q')}: {before} before, {after} after")
PY
cat > "$folder/expected" <<'EXPECTED'
2 bit, weights INT2: [3, -5, 7] before, [3, -5, 7] after
1 bit, weights BIPOLAR: [3, -5, 7] before, [15, 5, 15] after
EXPECTED
diff "$folder/expected" "$folder/seen"
