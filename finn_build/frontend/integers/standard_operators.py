"""Quantizers of QONNX in ONNX's own operators, as the host runs them behind what has no hardware."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from onnx import NodeProto, helper
from qonnx.custom_op.general.quant import max_int, min_int

from finn_build.frontend.integers.quantizer import attribute

_ROUNDINGS = {"ROUND": "Round", "HALF_EVEN": "Round", "FLOOR": "Floor", "CEIL": "Ceil"}
_LEAST_OPSET = 12  # of comparisons with or equal, and of bounds of a Clip that are inputs


def in_standard_operators(
    node: NodeProto, parameters: Mapping[str, np.ndarray], opset: int
) -> tuple[list[NodeProto], dict[str, np.ndarray]]:
    """What computes the same as a Quant or BipolarQuant, in the same steps of float32; no nodes where nothing does.

    Args:
        node: the quantizer.
        parameters: of it, by name.
        opset: of the new nodes.

    Returns:
        Nodes from its input to its output, and the constants that they read beside its parameters.
    """
    if opset < _LEAST_OPSET or node.op_type not in ("BipolarQuant", "IntQuant", "Quant"):
        return [], {}
    x, out, constants = node.input[0], node.output[0], dict[str, np.ndarray]()

    def constant(name: str, value: float | np.ndarray) -> str:
        constants[f"{out} {name}"] = np.asarray(value, np.float32)
        return f"{out} {name}"

    if node.op_type == "BipolarQuant":
        scale = np.asarray(parameters[node.input[1]], np.float32)
        ends = constant("scale", scale), constant("negative scale", -scale)
        return [
            helper.make_node("GreaterOrEqual", [x, constant("zero", 0)], [f"{out} positive"]),
            helper.make_node("Where", [f"{out} positive", *ends], [out]),
        ], constants
    rounding = _ROUNDINGS.get(attribute(node, "rounding_mode", b"ROUND").decode().upper())
    bits = int(np.ravel(parameters[node.input[3]])[0])
    signed, narrow = bool(attribute(node, "signed", 1)), bool(attribute(node, "narrow", 0))
    if rounding is None or (bits == 1 and signed):
        return [], {}
    scale, zero = node.input[1:3]
    low, high = (constant(name, end(signed, narrow, bits)) for name, end in (("low", min_int), ("high", max_int)))
    steps = ["divided", "shifted", "clipped", "rounded", "integers"]
    given = [("Div", scale), ("Add", zero), ("Clip", low, high), (rounding,), ("Sub", zero), ("Mul", scale)]
    names = [x, *(f"{out} {step}" for step in steps), out]
    return [helper.make_node(op, [names[k], *by], [names[k + 1]]) for k, (op, *by) in enumerate(given)], constants
