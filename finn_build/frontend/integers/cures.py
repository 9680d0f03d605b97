"""How the tools that write files are told what a cure asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterable

_IN_PARTS = {"Gelu": 17, "HardSwish": 13, "Mish": 17}
"""Ops that are exported as their parts at that opset, of which ONNX Runtime quantizes the outputs."""
_BY_DEFAULT = frozenset((
    "Add", "AveragePool", "Clip", "Concat", "Conv", "ConvTranspose", "Gather", "Gemm", "GlobalAveragePool", "LeakyRelu",
    "MatMul", "MaxPool", "Mul", "Pad", "Relu", "Reshape", "Resize", "Sigmoid", "Slice", "Softmax", "Split", "Squeeze",
    "Transpose", "Unsqueeze", "Where",
))  # fmt: skip
"""Ops whose outputs ONNX Runtime's static quantization quantizes as it is."""
_FUSED = ("Relu", "Clip")  # quantized by ONNX Runtime only where what they read is
_REGISTRIES = "QDQRegistry and QLinearOpsRegistry of onnxruntime.quantization.registry"


def quantizer_before(between: Iterable[str], written: Collection[str], average: str = "") -> str:
    """The cure of a layer whose input is not quantized.

    Args:
        between: op types that lie between the last integers and the layer.
        written: op types of the file.
        average: name of the layer where it is an average pool, whose result would get the scale of what it reads.
    """
    if "QuantizeLinear" not in written:
        return "put a QuantIdentity (quantizer with a power-of-two scale) before it"
    ops = dict.fromkeys(between)
    cure = "put a quantizer before it: a QuantIdentity, or with ONNX Runtime's static quantization "
    if more := ", ".join(repr(op) for op in ops if op not in _BY_DEFAULT):
        cure += f"op_types_to_quantize=[*QDQRegistry, *QLinearOpsRegistry, {more}], {_REGISTRIES}"
    elif fused := next((op for op in ops if op in _FUSED), ""):
        more = f"op_types_to_quantize=[*QDQRegistry, *QLinearOpsRegistry, ...], {_REGISTRIES}"
        cure += f"with the op that the {fused} reads added to {more}: a {fused} alone is not quantized"
    else:
        cure += "as it is by default"
    cure += f", and {average} in nodes_to_exclude" * bool(average)
    for op in (o for o in ops if o in _IN_PARTS):
        cure += f", or export a {op} with opset_version={_IN_PARTS[op]}"
    return cure
