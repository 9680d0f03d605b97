#!/usr/bin/env bash
# hls4ml 1.3.0, convert_from_onnx_model: attributes of ONNX operators that are left out of the file, or of the reader, without a word.
# - Elu and ThresholdedRelu without alpha: ONNX's default is 1.0 for both, the reader takes 0.01 (right for LeakyRelu alone).
#   Exporters that omit defaults give another function: Elu's negative side is a hundredth of what it should be.
# - MaxPool with ceil_mode 1: the output is cut to the floor, a row and a column less than the file says; the layers behind get
#   the smaller map.
# - Quant of 1 signed bit: a type of -1 and 0; qonnx 1.0.0, whose file it is, executes -1 and +1.
# Reference: the same file, executed by qonnx before the conversion. alpha written out, ceil_mode 0 and 2 bits are right.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 qonnx==1.0.0 onnx==1.21.0 onnxruntime==1.25.1 numpy==2.4.6
cd "$folder"
"$folder/env/bin/python" -W ignore - <<'PY' 2>"$folder/warnings" | grep '^|' | tee "$folder/seen"
import hls4ml
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean
from qonnx.util.cleanup import cleanup_model

node = helper.make_node
pool = {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [0] * 4}
quant = {"domain": "qonnx.custom_op.general", "signed": 1, "narrow": 0, "rounding_mode": "ROUND"}
row, image = np.float32([[-2, -0.25, 0.5, 2]]), np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5)
networks = {
    "LeakyRelu": (node("LeakyRelu", ["x"], ["y"]), row, {}),
    "Elu": (node("Elu", ["x"], ["y"]), row, {}),
    "Elu, alpha 1": (node("Elu", ["x"], ["y"], alpha=1.0), row, {}),
    "ThresholdedRelu": (node("ThresholdedRelu", ["x"], ["y"]), row, {}),
    "MaxPool, ceil_mode 0": (node("MaxPool", ["x"], ["y"], ceil_mode=0, **pool), image, {}),
    "MaxPool, ceil_mode 1": (node("MaxPool", ["x"], ["y"], ceil_mode=1, **pool), image, {}),
    "Quant, 2 bits": (node("Quant", ["x", "scale", "zero", "bits"], ["y"], **quant), row, {"scale": 1, "zero": 0, "bits": 2}),
    "Quant, 1 bit": (node("Quant", ["x", "scale", "zero", "bits"], ["y"], **quant), row, {"scale": 1, "zero": 0, "bits": 1}),
}
for name, (operator, values, constants) in networks.items():
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", values.shape), ("y", None))]
    tensors = [numpy_helper.from_array(np.float32(v), n) for n, v in constants.items()]
    graph = helper.make_graph([operator], "attributes", ends[:1], ends[1:], tensors)
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("qonnx.custom_op.general", 1)]
    model = cleanup_model(ModelWrapper(helper.make_model(graph, opset_imports=opsets, ir_version=8)))
    executed = list(execute_onnx(model, {model.graph.input[0].name: values}).values())[0]
    if values is image:
        model = cleanup_model(model.transform(ConvertToChannelsLastAndClean(make_input_channels_last=True)))
    how = {"Model": {"Precision": "ap_fixed<16,8>", "ReuseFactor": 1}}
    layers = list(hls4ml.converters.convert_from_onnx_model(model, output_dir="project", backend="Vitis", hls_config=how).get_layers())
    seen, precision = layers[1], layers[1].get_output_variable().type.precision
    if values is image:
        print(f"| {name}: file {list(executed.shape[2:])}, hls4ml {[seen.attributes['out_height'], seen.attributes['out_width']]}")
    elif constants:
        low = -(2 ** (precision.width - 1)) if precision.signed else 0
        print(f"| {name}: file {np.unique(executed).tolist()}, hls4ml {low} to {low + 2**precision.width - 1}")
    else:
        print(f"| {name}: file {[round(float(v), 4) for v in executed.ravel()]}, hls4ml alpha {seen.attributes['activ_param']}")
PY
cat > "$folder/expected" <<'EXPECTED'
| LeakyRelu: file [-0.02, -0.0025, 0.5, 2.0], hls4ml alpha 0.01
| Elu: file [-0.8647, -0.2212, 0.5, 2.0], hls4ml alpha 0.01
| Elu, alpha 1: file [-0.8647, -0.2212, 0.5, 2.0], hls4ml alpha 1.0
| ThresholdedRelu: file [0.0, 0.0, 0.0, 2.0], hls4ml alpha 0.01
| MaxPool, ceil_mode 0: file [2, 2], hls4ml [2, 2]
| MaxPool, ceil_mode 1: file [3, 3], hls4ml [2, 2]
| Quant, 2 bits: file [-2.0, -0.0, 1.0], hls4ml -2 to 1
| Quant, 1 bit: file [-1.0, 1.0], hls4ml -1 to 0
EXPECTED
diff "$folder/expected" "$folder/seen" || { tail -5 "$folder/warnings"; exit 1; }
