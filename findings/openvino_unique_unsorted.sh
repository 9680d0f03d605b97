#!/usr/bin/env bash
# openvino 2026.4.1, Unique with sorted 0 (values in the order of their first occurrence) and the first output alone: as many values as there should
# be, but only the first of them is right, the others were 0 when seen. With the outputs for indices and counts in the file, used or not, all are
# right, and so they are with sorted 1. float32 and int64 alike. No warning. Labels or levels that a graph collects vanish. Reference:
# Python's own dict.fromkeys, and ONNX Runtime 1.32.0.
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


for values in ([5, 5, 4, 4, 9, 1], [3, 2, 7]):
    for kind in (np.float32, np.int64):
        for ordered in (0, 1):
            for outputs in (["y"], ["y", "i", "v", "c"]):
                x, types = np.array(values, kind), {"y": helper.np_dtype_to_tensor_dtype(np.dtype(kind))}
                node = helper.make_node("Unique", ["x"], outputs, sorted=ordered)
                model = graph([node], x, {name: types.get(name, TensorProto.INT64) for name in outputs}, 11)
                found, right = openvino_gives(model, x)[0], list(dict.fromkeys(values))
                right = sorted(right) if ordered else right
                assert onnxruntime_gives(model, x)[0].tolist() == right
                same = sum(bool(f == r) for f, r in zip(found, right))
                print(f"{values} {np.dtype(kind)}, sorted {ordered}, {len(outputs)} outputs: {same} of {len(right)} right")
PY
cat > "$folder/expected" <<'EXPECTED'
[5, 5, 4, 4, 9, 1] float32, sorted 0, 1 outputs: 1 of 4 right
[5, 5, 4, 4, 9, 1] float32, sorted 0, 4 outputs: 4 of 4 right
[5, 5, 4, 4, 9, 1] float32, sorted 1, 1 outputs: 4 of 4 right
[5, 5, 4, 4, 9, 1] float32, sorted 1, 4 outputs: 4 of 4 right
[5, 5, 4, 4, 9, 1] int64, sorted 0, 1 outputs: 1 of 4 right
[5, 5, 4, 4, 9, 1] int64, sorted 0, 4 outputs: 4 of 4 right
[5, 5, 4, 4, 9, 1] int64, sorted 1, 1 outputs: 4 of 4 right
[5, 5, 4, 4, 9, 1] int64, sorted 1, 4 outputs: 4 of 4 right
[3, 2, 7] float32, sorted 0, 1 outputs: 1 of 3 right
[3, 2, 7] float32, sorted 0, 4 outputs: 3 of 3 right
[3, 2, 7] float32, sorted 1, 1 outputs: 3 of 3 right
[3, 2, 7] float32, sorted 1, 4 outputs: 3 of 3 right
[3, 2, 7] int64, sorted 0, 1 outputs: 1 of 3 right
[3, 2, 7] int64, sorted 0, 4 outputs: 3 of 3 right
[3, 2, 7] int64, sorted 1, 1 outputs: 3 of 3 right
[3, 2, 7] int64, sorted 1, 4 outputs: 3 of 3 right
EXPECTED
diff "$folder/expected" "$folder/seen"
