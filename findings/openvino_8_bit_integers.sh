#!/usr/bin/env bash
# openvino 2026.4.1, integers of 8 bits in an ONNX file: BitShift to the left, Add, Sub and Mul of uint8, and Add and Mul of int8, stop at the ends of
# the type. NumPy and ONNX Runtime keep the low bits, and so does OpenVINO itself for 16 bits and more, and for Sub of int8. ONNX's text on the
# three says nothing of overflow, but that BitShift moves bits: 3 << 7 is 128 in 8 bits, not 255. No warning. It hurts graphs that
# pack or unpack bits, hash, or count modulo 256.
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


for kind in (np.uint8, np.uint16, np.int8, np.int16):
    high = np.iinfo(kind).max
    x, y = np.array([high, 3, high // 2], kind), np.array([2, 7, 5], kind)
    wrapped = {"Add": x + y, "Sub": y - x, "Mul": x * y} | ({"BitShift": x << y} if high in (255, 65535) else {})
    for op, right in wrapped.items():
        attributes = {"direction": "LEFT"} if op == "BitShift" else {}
        inputs = ["y", "x"] if op == "Sub" else ["x", "y"]
        model = graph([helper.make_node(op, inputs, ["z"], **attributes)], x, {"z": helper.np_dtype_to_tensor_dtype(x.dtype)}, 14, {"y": y})
        found = openvino_gives(model, x)[0].tolist()
        try:
            other = onnxruntime_gives(model, x)[0].tolist()
        except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented:
            other = "has none"
        print(f"{op} {np.dtype(kind)} {x.tolist()} {y.tolist()}: NumPy {right.tolist()}, ONNX Runtime {other}, OpenVINO {found}")
PY
cat > "$folder/expected" <<'EXPECTED'
Add uint8 [255, 3, 127] [2, 7, 5]: NumPy [1, 10, 132], ONNX Runtime [1, 10, 132], OpenVINO [255, 10, 132]
Sub uint8 [255, 3, 127] [2, 7, 5]: NumPy [3, 4, 134], ONNX Runtime [3, 4, 134], OpenVINO [0, 4, 0]
Mul uint8 [255, 3, 127] [2, 7, 5]: NumPy [254, 21, 123], ONNX Runtime [254, 21, 123], OpenVINO [255, 21, 255]
BitShift uint8 [255, 3, 127] [2, 7, 5]: NumPy [252, 128, 224], ONNX Runtime [252, 128, 224], OpenVINO [255, 255, 255]
Add uint16 [65535, 3, 32767] [2, 7, 5]: NumPy [1, 10, 32772], ONNX Runtime [1, 10, 32772], OpenVINO [1, 10, 32772]
Sub uint16 [65535, 3, 32767] [2, 7, 5]: NumPy [3, 4, 32774], ONNX Runtime [3, 4, 32774], OpenVINO [3, 4, 32774]
Mul uint16 [65535, 3, 32767] [2, 7, 5]: NumPy [65534, 21, 32763], ONNX Runtime [65534, 21, 32763], OpenVINO [65534, 21, 32763]
BitShift uint16 [65535, 3, 32767] [2, 7, 5]: NumPy [65532, 384, 65504], ONNX Runtime [65532, 384, 65504], OpenVINO [65532, 384, 65504]
Add int8 [127, 3, 63] [2, 7, 5]: NumPy [-127, 10, 68], ONNX Runtime [-127, 10, 68], OpenVINO [127, 10, 68]
Sub int8 [127, 3, 63] [2, 7, 5]: NumPy [-125, 4, -58], ONNX Runtime [-125, 4, -58], OpenVINO [-125, 4, -58]
Mul int8 [127, 3, 63] [2, 7, 5]: NumPy [-2, 21, 59], ONNX Runtime [-2, 21, 59], OpenVINO [127, 21, 127]
Add int16 [32767, 3, 16383] [2, 7, 5]: NumPy [-32767, 10, 16388], ONNX Runtime [-32767, 10, 16388], OpenVINO [-32767, 10, 16388]
Sub int16 [32767, 3, 16383] [2, 7, 5]: NumPy [-32765, 4, -16378], ONNX Runtime [-32765, 4, -16378], OpenVINO [-32765, 4, -16378]
Mul int16 [32767, 3, 16383] [2, 7, 5]: NumPy [-2, 21, 16379], ONNX Runtime [-2, 21, 16379], OpenVINO [-2, 21, 16379]
EXPECTED
diff "$folder/expected" "$folder/seen"
