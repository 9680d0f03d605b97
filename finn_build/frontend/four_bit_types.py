"""Numbers of four bits, which ONNX has since opset 21, as bytes: what executes a file knows those."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

_BYTES = {TensorProto.INT4: (np.int8, -8, 7), TensorProto.UINT4: (np.uint8, 0, 15)}


def four_bits_to_bytes(proto: ModelProto) -> None:
    """Before: QuantizeLinear to INT4. After: QuantizeLinear to INT8, Clip from -8 to 7; constants as bytes."""
    graph, small = proto.graph, {}
    for tensor in graph.initializer:
        if tensor.data_type in _BYTES:
            small[tensor.name] = tensor.data_type
            values = numpy_helper.to_array(tensor).astype(_BYTES[tensor.data_type][0])
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    for node in [n for n in graph.node if n.op_type == "QuantizeLinear"]:
        stated = [a for a in node.attribute if a.name == "output_dtype"]
        found = small.get((*node.input, "", "")[2], stated[0].i if stated else 0)
        if found not in _BYTES:
            continue
        kind, *ends = _BYTES[found]
        for a in stated:
            a.i = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
        out, position = node.output[0], list(graph.node).index(node)
        node.output[0] = f"{out}_byte"
        names = [f"{out}_least", f"{out}_most"]
        clip = helper.make_node("Clip", [f"{out}_byte", *names], [out], name=f"{node.name}_clip")
        graph.initializer.extend(
            numpy_helper.from_array(np.asarray(v, kind), n) for v, n in zip(ends, names, strict=True)
        )
        graph.node.insert(position + 1, clip)
