"""Networks that are not quantized, or by other means than hardware can take: said in place of every node's problem."""

from __future__ import annotations

from finn_build.frontend.integers.compilation import WEIGHTED, Compilation
from finn_build.frontend.integers.layer_names import layer_name
from finn_build.frontend.integers.problems import Problem
from finn_build.frontend.integers.quantizer import QUANTIZERS

_STATICALLY = "quantize statically, and with quant_format=QuantFormat.QDQ"
_BEFORE = "take the file as Brevitas exports it, before qonnx or FINN converts it"
BY_OTHERS = dict.fromkeys(
    ("ConvInteger", "DynamicQuantizeLinear", "MatMulInteger", "QLinearConv", "QLinearMatMul"), _STATICALLY
) | {
    "FloatQuant": "use integer quantizers of 1 to 8 bits",
    "MaxPoolNHWC": _BEFORE, "MultiThreshold": _BEFORE, "QuantAvgPool2d": _BEFORE,
}  # fmt: skip
"""Ops that stand for quantization by other means than a quantizer known here, and the cure of each."""
_CURE = (
    "quantize the image, weights and activations: by Brevitas' QuantIdentity, QuantConv2d and QuantLinear, by ONNX "
    "Runtime's quantize_static with quant_format=QuantFormat.QDQ, or by prepare_pt2e and convert_pt2e of torchao with "
    "an X86InductorQuantizer, exported with dynamo=True (its quantize_ and its QAT scale activations at run time, or "
    "not at all)"
)


def not_quantized(compilation: Compilation) -> list[Problem]:
    """Every node that quantizes by other means; else, where there is no quantizer, all layers as one problem."""
    nodes = [n for n in compilation.source.graph.node if compilation.dynamic(n)]
    found = [n for n in nodes if n.op_type in BY_OTHERS]
    if found:
        return [Problem(layer_name(n), f"op {n.op_type} has no hardware", BY_OTHERS[n.op_type]) for n in found]
    layers = dict.fromkeys(layer_name(n) for n in nodes if n.op_type in WEIGHTED)
    if any(n.op_type in QUANTIZERS for n in compilation.source.graph.node) or not layers:
        return []
    return [Problem(", ".join(layers), "no quantizer is in this network", _CURE)]
