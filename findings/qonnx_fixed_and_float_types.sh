#!/usr/bin/env bash
# qonnx 1.0.0, data types beside the integers:
# - DataType["FIXED<8,4>"].get_num_possible_values() counts the whole numbers in the range, 16, not the 256 values that the type has
#   allows. Its text promises integer types alone; the float types raise, this one answers. Tables sized by it are too small;
# - an exponent bias of 0, legal for FloatQuant, is taken for none: FLOAT<4,3,0> becomes FLOAT<4,3,7>, whose largest value is 480 where
#   FloatQuant of that node, executed by the same package, gives up to 61440. Its output is annotated with that type. Bias 1 is kept;
# - FixedPointQuantizeParams means to warn of a constant that does not fit and to clip it; the text of that warning is a TypeError.
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
from qonnx.transformation.fixedpt_quantize import FixedPointQuantizeParams
from qonnx.transformation.infer_datatypes import InferDataTypes
from qonnx.transformation.infer_shapes import InferShapes

for name, step in (("INT8", 1), ("FIXED<8,4>", 1 / 16), ("FIXED<4,2>", 1 / 4)):
    kind = DataType[name]
    allowed = int(kind.allowed(np.arange(-1000, 1000) * step).sum())
    print(f"{name}: get_num_possible_values {kind.get_num_possible_values()}, values allowed {allowed}")


def graph(nodes, constants):
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [2]) for n in "xy"]
    tensors = [numpy_helper.from_array(np.float32(v), n) for n, v in constants.items()]
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("qonnx.custom_op.general", 1)]
    made = helper.make_graph(nodes, "types", ends[:1], ends[1:], tensors)
    return ModelWrapper(helper.make_model(made, opset_imports=opsets, ir_version=8)).transform(InferShapes())


for bias in (1, 0):
    constants = {"scale": 1, "exponent": 4, "mantissa": 3, "bias": bias, "largest": 1e9}
    how = {"has_inf": 0, "has_nan": 0, "has_subnormal": 1, "saturation": 1, "domain": "qonnx.custom_op.general"}
    model = graph([helper.make_node("FloatQuant", ["x", *constants], ["y"], **how)], constants).transform(InferDataTypes())
    kind, y = model.get_tensor_datatype("y"), execute_onnx(model, {"x": np.float32([1e6, 1])})["y"]
    print(f"FloatQuant, bias {bias}: type {kind} up to {kind.max():g}, executed {y.tolist()}")

for value in (1.1, 22.2):
    model = graph([helper.make_node("Add", ["x", "c"], ["y"])], {"c": [value, 0]})
    try:
        print("constant", value, "as FIXED<8,4>:", model.transform(FixedPointQuantizeParams("FIXED<8,4>")).get_initializer("c").tolist())
    except TypeError as error:
        print("constant", value, "as FIXED<8,4>:", type(error).__name__)
PY
cat > "$folder/expected" <<'EXPECTED'
INT8: get_num_possible_values 256, values allowed 256
FIXED<8,4>: get_num_possible_values 16, values allowed 256
FIXED<4,2>: get_num_possible_values 4, values allowed 16
FloatQuant, bias 1: type FLOAT<4,3,1> up to 30720, executed [30720.0, 1.0]
FloatQuant, bias 0: type FLOAT<4,3,7> up to 480, executed [61440.0, 1.0]
constant 1.1 as FIXED<8,4>: [1.125, 0.0]
constant 22.2 as FIXED<8,4>: TypeError
EXPECTED
diff "$folder/expected" "$folder/seen"
