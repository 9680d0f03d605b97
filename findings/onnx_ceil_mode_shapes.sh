#!/usr/bin/env bash
# onnx 1.21.0, MaxPool and AveragePool with ceil_mode 1 in opsets before 22: the package declares one shape and computes another. Its
# text has a formula, a plain ceil, and says in the same place that it is PyTorch's pooling, which leaves out a window that would begin
# in the padding; opset 22 added that sentence. Shape inference goes by the formula, the package's own ReferenceEvaluator and ONNX
# Runtime by PyTorch: 5 pixels, kernel 2, stride 2, padding 1 are declared 4 pixels and give 3; 4 pixels, kernel 1, stride 2 are declared
# 3 and give 2, without any padding. The checker and strict_mode are content. Who sizes buffers or the layer behind by the inferred
# shape (qonnx's InferShapes is this one) waits for a row and a column that never come. Opset 22 is right.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check onnx==1.21.0 onnxruntime==1.25.1 numpy==2.3.5
"$folder/env/bin/python" -W ignore - <<'PY' 2>/dev/null | tee "$folder/seen"
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

for kind in ("MaxPool", "AveragePool"):
    for pixels, kernel, stride, pad in ((5, 2, 2, 0), (5, 2, 2, 1), (4, 1, 2, 0)):
        for opset in (13, 22):
            how = {"kernel_shape": [kernel], "strides": [stride], "pads": [pad, pad], "ceil_mode": 1}
            image = np.ones((1, 1, pixels), np.float32)
            ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", image.shape), ("y", None))]
            graph = helper.make_graph([helper.make_node(kind, ["x"], ["y"], **how)], "ceil", ends[:1], ends[1:])
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
            inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
            shape = inferred.graph.output[0].type.tensor_type.shape.dim[2].dim_value
            onnx.checker.check_model(inferred)
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 4
            real = onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {"x": image})[0].shape[2]
            reference = ReferenceEvaluator(model).run(None, {"x": image})[0].shape[2]
            print(f"{kind}-{opset}, {pixels} pixels, kernel {kernel}, stride {stride}, pad {pad}: inferred {shape}, onnx {reference}, onnxruntime {real}")
PY
cat > "$folder/expected" <<'EXPECTED'
MaxPool-13, 5 pixels, kernel 2, stride 2, pad 0: inferred 3, onnx 3, onnxruntime 3
MaxPool-22, 5 pixels, kernel 2, stride 2, pad 0: inferred 3, onnx 3, onnxruntime 3
MaxPool-13, 5 pixels, kernel 2, stride 2, pad 1: inferred 4, onnx 3, onnxruntime 3
MaxPool-22, 5 pixels, kernel 2, stride 2, pad 1: inferred 3, onnx 3, onnxruntime 3
MaxPool-13, 4 pixels, kernel 1, stride 2, pad 0: inferred 3, onnx 2, onnxruntime 2
MaxPool-22, 4 pixels, kernel 1, stride 2, pad 0: inferred 2, onnx 2, onnxruntime 2
AveragePool-13, 5 pixels, kernel 2, stride 2, pad 0: inferred 3, onnx 3, onnxruntime 3
AveragePool-22, 5 pixels, kernel 2, stride 2, pad 0: inferred 3, onnx 3, onnxruntime 3
AveragePool-13, 5 pixels, kernel 2, stride 2, pad 1: inferred 4, onnx 3, onnxruntime 3
AveragePool-22, 5 pixels, kernel 2, stride 2, pad 1: inferred 3, onnx 3, onnxruntime 3
AveragePool-13, 4 pixels, kernel 1, stride 2, pad 0: inferred 3, onnx 2, onnxruntime 2
AveragePool-22, 4 pixels, kernel 1, stride 2, pad 0: inferred 2, onnx 2, onnxruntime 2
EXPECTED
diff "$folder/expected" "$folder/seen"
