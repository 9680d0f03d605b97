#!/usr/bin/env bash
# brevitas 0.13.0, export_qonnx: any quantizer of 1 bit is written as BipolarQuant, whose values are -scale and +scale. PyTorch's own of
# an integer quantizer are others: unsigned ones, as in QuantReLU(bit_width=1), give 0 and scale, signed ones -scale and 0. The file
# is another network: behind a ReLU a constant, +scale everywhere. No warning. QONNX's text on BipolarQuant (1-bit bipolar
# quantization) and Brevitas' binary quantizers (SignedBinaryActPerTensorConst) do go together. 2 bits and more are right.
# It hurts who trains a network of 1-bit activations by setting bit_width=1. Reference: PyTorch's own output.
# Exit status 0 while the behaviour is as described.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check "setuptools<70" brevitas==0.13.0 torch==2.12.1 qonnx==1.0.0 onnx==1.21.0 \
    onnxscript==0.7.2 onnxruntime==1.25.1 numpy==2.4.6
"$folder/env/bin/python" -W ignore - "$folder/network.onnx" <<'PY' 2>"$folder/warnings" | tee "$folder/seen"
import sys

import onnx
import torch
from brevitas import nn as qnn
from brevitas.export import export_qonnx
from brevitas.quant import Int8ActPerTensorFloat, SignedBinaryActPerTensorConst, Uint8ActPerTensorFloat
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes

image = torch.tensor([[-2.0, -0.5, 0.25, 3.0]])
fixed = {"scaling_impl_type": "const", "scaling_init": 1.0}
layers = {
    "QuantReLU, 2 bits": qnn.QuantReLU(bit_width=2, max_val=3.0),
    "QuantReLU, 1 bit": qnn.QuantReLU(bit_width=1, max_val=1.0),
    "unsigned, 1 bit": qnn.QuantIdentity(act_quant=type("Unsigned", (Uint8ActPerTensorFloat,), fixed), bit_width=1),
    "signed, 1 bit": qnn.QuantIdentity(
        act_quant=type("Signed", (Int8ActPerTensorFloat,), fixed), bit_width=1, narrow_range=False
    ),
    "SignedBinary": qnn.QuantIdentity(act_quant=SignedBinaryActPerTensorConst, scaling_init=1.0),
}
for name, layer in layers.items():
    network = torch.nn.Sequential(layer).eval()
    torched = network(image).detach().ravel().tolist()
    export_qonnx(network, args=image, export_path=sys.argv[1], dynamo=False)
    model = ModelWrapper(onnx.load(sys.argv[1])).transform(InferShapes())
    exported = list(execute_onnx(model, {model.graph.input[0].name: image.numpy()}).values())[0].ravel().tolist()
    ops = [n.op_type for n in model.graph.node if n.op_type != "Constant"]
    print(f"{name}: PyTorch {[round(v, 2) + 0.0 for v in torched]}, file {[round(v, 2) for v in exported]}, {ops}")
PY
cat > "$folder/expected" <<'EXPECTED'
QuantReLU, 2 bits: PyTorch [0.0, 0.0, 0.33, 1.0], file [0.0, 0.0, 0.33, 1.0], ['Relu', 'Quant']
QuantReLU, 1 bit: PyTorch [0.0, 0.0, 0.0, 1.0], file [1.0, 1.0, 1.0, 1.0], ['Relu', 'BipolarQuant']
unsigned, 1 bit: PyTorch [0.0, 0.0, 0.0, 1.0], file [-1.0, -1.0, 1.0, 1.0], ['BipolarQuant']
signed, 1 bit: PyTorch [-1.0, 0.0, 0.0, 0.0], file [-1.0, -1.0, 1.0, 1.0], ['BipolarQuant']
SignedBinary: PyTorch [-1.0, -1.0, 1.0, 1.0], file [-1.0, -1.0, 1.0, 1.0], ['BipolarQuant']
EXPECTED
diff "$folder/expected" "$folder/seen" || { cat "$folder/warnings"; exit 1; }
