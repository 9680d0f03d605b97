"""What the host computes behind the accelerator: nodes that have no hardware, and all that depends on them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import prod

import numpy as np
from onnx import NodeProto, helper

from finn_build.frontend.integers.compilation import WEIGHTED, Compilation
from finn_build.frontend.integers.float_chain import MOVES
from finn_build.frontend.integers.layer_names import layer_name
from finn_build.frontend.integers.problems import Problem, Unsupported
from finn_build.frontend.integers.quantizer import read_quantizer
from finn_build.frontend.integers.standard_operators import IN_PARTS, in_standard_operators

STANDARD = ("", "ai.onnx")
"""Domains that ONNX Runtime executes."""
_MOST = 0.25  # of the products of quantized layers; with more on the host the accelerator is of little use


def leave_to_host(compilation: Compilation, node: NodeProto, problem: Unsupported) -> None:
    """Note that only the host can make a node's outputs.

    Raises:
        Unsupported: the problem, where it cannot either; in the first walk also where it is meant for the accelerator,
            or no function of one tensor.
    """
    read = (compilation.several.get(i) or (compilation.origin(i),) for i in compilation.dynamic(node))
    roots = list(_parts_of_one(compilation, dict.fromkeys(name for names in read for name in names)))
    strict = compilation.left is None and (len(roots) != 1 or _is_meant(compilation, node))
    if strict or not _executed(compilation, node) or not roots or not compilation.ints.keys() >= set(roots):
        raise problem
    for name in filter(None, node.output):
        compilation.roots[name] = roots[0]
        if len(roots) > 1:
            compilation.several[name] = tuple(roots)
        compilation.on_host[name] = Unsupported(problem.why, problem.cure, problem.node or layer_name(node), name)


def _executed(compilation: Compilation, node: NodeProto) -> bool:
    """Whether ONNX Runtime knows an operator, or those that it consists of.

    Raises:
        Unsupported: a quantizer's parameters are none that a quantizer may have, whoever computes it.
    """
    if node.domain in STANDARD:
        return True
    if node.op_type not in IN_PARTS:
        return False
    read_quantizer(node, compilation.constants, compilation.source)
    return bool(in_standard_operators(node, compilation.constants, compilation.opset)[0])


def _parts_of_one(compilation: Compilation, tensors: Collection[str]) -> Collection[str]:
    """The integer tensor alone that all of these are parts of, where there is one: the host can take them from it."""
    lines = [list(_taken_from(compilation, name)) for name in tensors]
    common = next((name for name in lines[0] if all(name in line for line in lines)), None) if lines else None
    return tensors if common is None else [common]


def _taken_from(compilation: Compilation, tensor: str) -> Iterator[str]:
    """An integer tensor, and those before it from which elements only move."""
    made: NodeProto | None = helper.make_node("Identity", [tensor], [])
    while made is not None:
        (tensor, *others) = compilation.dynamic(made)
        if others:
            return
        if tensor in compilation.ints:
            yield tensor
        made = compilation.producers.get(tensor)
        made = made if made is not None and made.op_type in MOVES else None


def layers_of_the_host(compilation: Compilation) -> str:
    """Which quantized layers the host computes, and why; empty where there are none. Adds to the problems.

    That is no problem where their products are few.
    """
    layers = [n for n in compilation.source.graph.node if compilation.dynamic(n) and _is_meant(compilation, n)]
    left = [n for n in layers if n.output[0] in compilation.on_host]
    made = [n for n in compilation.source.graph.node if compilation.on_host.keys() & set(n.output)]
    if not left and any(n.domain not in STANDARD for n in made):  # a quantizer that no quantized layer reads is no end
        first = compilation.on_host[next(name for n in made for name in n.output if name in compilation.on_host)]
        compilation.problems.append(Problem(first.node, first.why, first.cure))
    share = sum(_products(compilation, n) for n in left) / max(1, sum(_products(compilation, n) for n in layers))
    found = (compilation.on_host[n.output[0]] for n in left)
    why = list(dict.fromkeys(Problem(problem.node, problem.why, problem.cure) for problem in found))
    if share > _MOST:
        compilation.problems += why
    names, reasons = ", ".join(map(layer_name, left)), " ".join(map(str, why))
    return f"{names} ({share:.1%} of the products of quantized layers), which the host runs. {reasons}" if left else ""


def _is_meant(compilation: Compilation, node: NodeProto) -> bool:
    """Whether a layer is the accelerator's: its weights are a quantizer's, or only -s and +s."""
    if node.op_type not in WEIGHTED:
        return False
    weights = node.input[1]
    sizes = np.abs(compilation.constants.get(weights, np.zeros(2)))
    return weights in compilation.weights or bool(np.all(sizes == sizes.max()) and sizes.max() > 0)


def _products(compilation: Compilation, node: NodeProto) -> int:
    """Products of a layer: each weight for each pixel or row of what it gives, or of what a transposed one takes."""
    spread = node.op_type == "ConvTranspose"
    shape = compilation.shapes.get(node.input[0] if spread else node.output[0]) or (1, 1)
    channels = shape[1 if "Conv" in node.op_type else -1]
    return prod(compilation.shapes[node.input[1]]) * prod(shape) // max(1, channels)
