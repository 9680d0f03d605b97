"""Quantizers of QONNX in ONNX's own operators, as the host runs them behind what has no hardware."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from onnx import NodeProto, helper
from qonnx.custom_op.general.quant import max_int, min_int

from finn_build.frontend.integers.quantizer import attribute

IN_PARTS = ("IntQuant", "Quant")
"""Quantizers that consist of ONNX's own operators, if they round as one of these does."""
_ROUNDINGS = {"ROUND": "Round", "HALF_EVEN": "Round", "FLOOR": "Floor", "CEIL": "Ceil"}
_LEAST_OPSET = 11  # of a Clip whose bounds are inputs, and of Round


def in_standard_operators(
    node: NodeProto, parameters: Mapping[str, np.ndarray], opset: int
) -> tuple[list[NodeProto], dict[str, np.ndarray]]:
    """What computes the same as a quantizer, in the same steps of float32; no nodes where nothing does.

    Args:
        node: any node, a quantizer's parameters as `read_quantizer` takes them.
        parameters: of it, by name.
        opset: of the new nodes.

    Returns:
        Nodes from its input to its output, and the constants that they read beside its parameters.
    """
    if opset < _LEAST_OPSET or node.op_type not in IN_PARTS:
        return [], {}
    (x, scale, zero, bits), out = node.input, node.output[0]
    rounding = _ROUNDINGS.get(attribute(node, "rounding_mode", b"ROUND").decode().upper())
    width, signed, narrow = int(parameters[bits].item()), attribute(node, "signed", 1), attribute(node, "narrow", 0)
    if rounding is None or (width == 1 and signed):  # -1 and +1
        return [], {}
    ends = {
        f"{out} {name}": end(bool(signed), bool(narrow), width) for name, end in (("low", min_int), ("high", max_int))
    }
    given = [("Div", scale), ("Add", zero), ("Clip", *ends), (rounding,), ("Sub", zero), ("Mul", scale)]
    names = [x, *(f"{out} {step}" for step in ("divided", "shifted", "clipped", "rounded", "integers")), out]
    nodes = [helper.make_node(op, [names[k], *by], [names[k + 1]]) for k, (op, *by) in enumerate(given)]
    return nodes, {name: np.asarray(end, np.float32) for name, end in ends.items()}
