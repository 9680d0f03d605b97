#!/usr/bin/env bash
# qonnx 1.0.0, BatchNormToAffine: an Unsqueeze before a BatchNormalization and a Squeeze behind it are thrown away whatever their axes,
# each without asking for the other. Channels are dimension 1 of what the normalization sees; after the change they are dimension 1 of
# what was before the Unsqueeze. With axes 0 (an image without its batch dimension) the scales go to the pixels where there are as many
# of them as channels; with the Unsqueeze alone, or the Squeeze alone, the tensor has another number of dimensions than before. No
# warning. The pair with axes 2, what PyTorch's BatchNorm1d writes, is right. Reference: the same file, executed before.
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
from qonnx.transformation.batchnorm_to_affine import BatchNormToAffine
from qonnx.transformation.infer_shapes import InferShapes

node = helper.make_node
parameters = {"gamma": [1, 2], "beta": [0, 0], "mean": [0, 0], "variance": [1, 1]}
for name, axis, squeezed, rank in (("both, axes 2", 2, True, 2), ("both, axes 0", 0, True, 2), ("Unsqueeze alone, axes 2", 2, False, 3)):
    normed = "n" if squeezed else "y"
    nodes = [node("Unsqueeze", ["x", "axes"], ["u"]), node("BatchNormalization", ["u", *parameters], [normed], epsilon=0.0)]
    nodes += [node("Squeeze", ["n", "axes"], ["y"])] * squeezed
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 2]), helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 2, 1][:rank])]
    tensors = [numpy_helper.from_array(np.float32(v), n) for n, v in parameters.items()] + [numpy_helper.from_array(np.int64([axis]), "axes")]
    graph = helper.make_graph(nodes, "norm", ends[:1], ends[1:], tensors)
    model = ModelWrapper(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)).transform(InferShapes())
    image = np.float32([[1, 10], [100, 1000]])
    before = execute_onnx(model, {"x": image})["y"]
    after = execute_onnx(model.transform(BatchNormToAffine()), {"x": image})["y"]
    print(f"{name}: {before.shape} {before.ravel().astype(int).tolist()} before, {after.shape} {after.ravel().astype(int).tolist()} after")
PY
cat > "$folder/expected" <<'EXPECTED'
both, axes 2: (2, 2) [1, 20, 100, 2000] before, (2, 2) [1, 20, 100, 2000] after
both, axes 0: (2, 2) [1, 10, 200, 2000] before, (2, 2) [1, 20, 100, 2000] after
Unsqueeze alone, axes 2: (2, 2, 1) [1, 20, 100, 2000] before, (2, 2) [1, 20, 100, 2000] after
EXPECTED
diff "$folder/expected" "$folder/seen"
