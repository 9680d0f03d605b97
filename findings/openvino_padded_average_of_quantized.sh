#!/usr/bin/env bash
# openvino 2026.4.1 keeps an AveragePool between DequantizeLinear and QuantizeLinear in integers (low precision transformations, on by
# default on CPUs). With count_include_pad=1 the border then takes the *quantized* number 0 in for padding, which is -scale times the zero point,
# where the network has 0.0: every border pixel is off by that, times the padding's share of the window; the inside is right. Zero point 0 (int8,
# symmetric) is right. PyTorch's average pools have count_include_pad=1 by default, and asymmetric activations are the default of
# ONNX Runtime's static quantization. No warning.
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


x = np.full((1, 1, 4, 4), 0.5, np.float32)
for kind, zero in (("uint8", np.uint8(100)), ("uint8", np.uint8(0)), ("int8", np.int8(0))):
    pool = ("AveragePool", ["d"], ["p"], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1})
    nodes = [("QuantizeLinear", ["x", "s", "z"], ["q"], {}), ("DequantizeLinear", ["q", "s", "z"], ["d"], {}), pool]
    nodes += [("QuantizeLinear", ["p", "s", "z"], ["r"], {}), ("DequantizeLinear", ["r", "s", "z"], ["y"], {})]
    model = graph(nodes, x.shape, 13, {"s": np.float32(0.0625), "z": zero})
    found, right = openvino_gives(model, x)[0, 0, :2], onnxruntime_gives(model, x)[0, 0, :2]
    print(kind, "zero point", zero, "OpenVINO", found.tolist(), "ONNX Runtime", right.tolist())
PY
cat > "$folder/expected" <<'EXPECTED'
uint8 zero point 100 OpenVINO [[-3.25, -1.75, -1.75, -3.25], [-1.75, 0.5, 0.5, -1.75]] ONNX Runtime [[0.25, 0.3125, 0.3125, 0.25], [0.3125, 0.5, 0.5, 0.3125]]
uint8 zero point 0 OpenVINO [[0.25, 0.3125, 0.3125, 0.25], [0.3125, 0.5, 0.5, 0.3125]] ONNX Runtime [[0.25, 0.3125, 0.3125, 0.25], [0.3125, 0.5, 0.5, 0.3125]]
int8 zero point 0 OpenVINO [[0.25, 0.3125, 0.3125, 0.25], [0.3125, 0.5, 0.5, 0.3125]] ONNX Runtime [[0.25, 0.3125, 0.3125, 0.25], [0.3125, 0.5, 0.5, 0.3125]]
EXPECTED
diff "$folder/expected" "$folder/seen"
