#!/usr/bin/env bash
# openvino 2026.4.1 divides integers of an ONNX file in two ways: towards zero, as ONNX has it (Div of opset 14), where an operand is
# known only at run time; by the floor, or for int8 halves away from zero, where both are constants and the compiler folds them. Equal numbers in
# one file give other quotients, which then serve as shapes, offsets or zero points. No warning.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/env/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper


def graph(nodes, shape, opset, constants=None):
    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in (constants or {}).items()]
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    nodes = [helper.make_node(op, inputs, outputs, **attributes) for op, inputs, outputs, attributes in nodes]
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(helper.make_graph(nodes, "g", *ends, tensors), opset_imports=opsets, ir_version=8)


def openvino_gives(model, x):
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model.SerializeToString(), b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return list(compiled({"x": x}).values())[0]


def onnxruntime_gives(model, x, level="ORT_DISABLE_ALL"):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


above, below = np.array([-7, 7, -7, 7, -6]), np.array([2, -2, -2, 2, 2])
for kind in (np.int8, np.int32, np.int64):
    for folded in (True, False):
        cast = ("Cast", ["x"], ["a"], {"to": helper.np_dtype_to_tensor_dtype(np.dtype(kind))})
        zeros = [("Sub", ["a", "a"], ["zero"], {}), ("Add", ["q", "zero"], ["r"], {}), ("Cast", ["r"], ["y"], {"to": TensorProto.FLOAT})]
        nodes = [cast, ("Div", ["c" if folded else "a", "b"], ["q"], {}), *zeros]
        model = graph(nodes, above.shape, 14, {"c": above.astype(kind), "b": below.astype(kind)})
        found, right = (gives(model, above.astype(np.float32)).astype(int) for gives in (openvino_gives, onnxruntime_gives))
        print(kind.__name__, "constants" if folded else "run time", "OpenVINO", found, "ONNX Runtime", right)
PY
cat > "$folder/expected" <<'EXPECTED'
int8 constants OpenVINO [-4 -4  4  4 -3] ONNX Runtime [-3 -3  3  3 -3]
int8 run time OpenVINO [-3 -3  3  3 -3] ONNX Runtime [-3 -3  3  3 -3]
int32 constants OpenVINO [-4 -4  3  3 -3] ONNX Runtime [-3 -3  3  3 -3]
int32 run time OpenVINO [-3 -3  3  3 -3] ONNX Runtime [-3 -3  3  3 -3]
int64 constants OpenVINO [-4 -4  3  3 -3] ONNX Runtime [-3 -3  3  3 -3]
int64 run time OpenVINO [-3 -3  3  3 -3] ONNX Runtime [-3 -3  3  3 -3]
EXPECTED
diff "$folder/expected" "$folder/seen"
