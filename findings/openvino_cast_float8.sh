#!/usr/bin/env bash
# openvino 2026.4.1 reads Cast to FLOAT8E4M3FN and FLOAT8E5M2 as though saturate were 0. Its default in ONNX (Cast-19 and later) is 1: numbers
# beyond the range, infinity too, become the largest one, 448 and 57344. OpenVINO makes them NaN (E4M3FN, which has no infinity) or infinity (E5M2),
# by default and with saturate 1 written out; one activation of 465 is then NaN in every layer behind. QuantizeLinear to the same types
# saturates in both. No warning. Put a Clip in front. Reference: the table in Cast's text, and ONNX Runtime 1.32.0.
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


def graph(nodes, x, outputs, opset, constants=None):
    """Outputs by name and type."""
    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in (constants or {}).items()]
    ends = [helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)]
    ends = ends, [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()]
    return helper.make_model(helper.make_graph(nodes, "g", *ends, tensors), opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def openvino_gives(model, x):
    core = openvino.Core()
    results = core.compile_model(core.read_model(model.SerializeToString(), b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})({"x": x})
    return [results[i] for i in range(len(model.graph.output))]


def onnxruntime_gives(model, x):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})


x = np.float32([1, 448, 1000, -1000, 60000, np.inf])
for name in ("FLOAT8E4M3FN", "FLOAT8E5M2"):
    for way in ("Cast", "Cast, saturate 1", "Cast, saturate 0", "QuantizeLinear"):
        saturate = {"saturate": int(way[-1])} if "," in way else {}
        cast = helper.make_node("Cast", ["x"], ["q"], to=getattr(TensorProto, name), **saturate)
        node = helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]) if way == "QuantizeLinear" else cast
        nodes = [node, helper.make_node("Cast", ["q"], ["y"], to=TensorProto.FLOAT)]
        model = graph(nodes, x, {"y": TensorProto.FLOAT}, 19, {"s": np.float32(1)})
        model.graph.initializer.append(helper.make_tensor("z", getattr(TensorProto, name), [], [0]))
        found, right = openvino_gives(model, x)[0].tolist(), onnxruntime_gives(model, x)[0].tolist()
        print(f"{name}, {way}: ONNX Runtime {right}, OpenVINO {found}")
PY
cat > "$folder/expected" <<'EXPECTED'
FLOAT8E4M3FN, Cast: ONNX Runtime [1.0, 448.0, 448.0, -448.0, 448.0, 448.0], OpenVINO [1.0, 448.0, nan, nan, nan, nan]
FLOAT8E4M3FN, Cast, saturate 1: ONNX Runtime [1.0, 448.0, 448.0, -448.0, 448.0, 448.0], OpenVINO [1.0, 448.0, nan, nan, nan, nan]
FLOAT8E4M3FN, Cast, saturate 0: ONNX Runtime [1.0, 448.0, nan, nan, nan, nan], OpenVINO [1.0, 448.0, nan, nan, nan, nan]
FLOAT8E4M3FN, QuantizeLinear: ONNX Runtime [1.0, 448.0, 448.0, -448.0, 448.0, 448.0], OpenVINO [1.0, 448.0, 448.0, -448.0, 448.0, 448.0]
FLOAT8E5M2, Cast: ONNX Runtime [1.0, 448.0, 1024.0, -1024.0, 57344.0, 57344.0], OpenVINO [1.0, 448.0, 1024.0, -1024.0, 57344.0, inf]
FLOAT8E5M2, Cast, saturate 1: ONNX Runtime [1.0, 448.0, 1024.0, -1024.0, 57344.0, 57344.0], OpenVINO [1.0, 448.0, 1024.0, -1024.0, 57344.0, inf]
FLOAT8E5M2, Cast, saturate 0: ONNX Runtime [1.0, 448.0, 1024.0, -1024.0, 57344.0, inf], OpenVINO [1.0, 448.0, 1024.0, -1024.0, 57344.0, inf]
FLOAT8E5M2, QuantizeLinear: ONNX Runtime [1.0, 448.0, 1024.0, -1024.0, 57344.0, 57344.0], OpenVINO [1.0, 448.0, 1024.0, -1024.0, 57344.0, 57344.0]
EXPECTED
diff "$folder/expected" "$folder/seen"
