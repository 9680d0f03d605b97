"""Between which values a float chain stays while its source stays between two: ends of ranges, not all in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

import numpy as np
from onnx import NodeProto, helper

from finn_build.frontend.integers.float_chain import ROUNDED_OPS, FloatChain

_RISING = {
    "Add", "Cast", "Ceil", "Clip", "Erf", "Exp", "Flatten", "Floor", "Identity", "Max", "Min", "QuantizeLinear", "Relu",
    "Reshape", "Round", "Sigmoid", "Sign", "Softplus", "Softsign", "Squeeze", "Tanh", "Unsqueeze",
}  # fmt: skip
"""In each operand."""
_MONOTONE = _RISING | {"Div", "HardSigmoid", "Mul", "Neg", "Reciprocal", "Sub"}
"""In each operand, the others as they are: over a box the least and greatest values are at corners."""
_TURNS = dict.fromkeys(("Abs", "Celu", "Elu", "LeakyRelu", "PRelu", "Selu"), 0.0)
_TURNS |= {"Gelu": -0.7518, "HardSwish": -1.5, "Mish": -1.1925}
"""Monotone on either side of one value."""
_SLACK = 1e-5, 1e-6  # relative and absolute, of functions that libraries round, which need not rise in every last bit
_LEAST, _MOST = "{} at least", "{} at most"


def enclosing(chain: FloatChain) -> FloatChain | None:
    """A chain from ends of ranges to ends of ranges; None where an operation is not known to stay between its ends.

    Its batch is the least values, then the greatest, of as many ranges; all that the chain gives of a range lies
    between the two that come out.
    """
    known = all(node.op_type in _MONOTONE | _TURNS.keys() for node in chain.nodes)
    return _Ends(chain).enclosing if known else None


def rises(nodes: Iterable[NodeProto], constants: Mapping[str, np.ndarray]) -> bool:
    """Whether nodes of one dynamic input each are known never to give less where they are given more."""
    for node in nodes:
        by = [constants[i] for i in node.input if i in constants]
        if len(by) < sum(map(bool, node.input)) - 1:
            return False
        scaled = node.op_type == "Mul" or (node.op_type == "Div" and node.input[1] in constants)
        if node.op_type not in _RISING - ROUNDED_OPS and not (scaled and np.all(by[0] >= 0)):
            return False
    return True


class _Ends:
    """The chain's operations one by one, each on every corner of what enters it."""

    def __init__(self, chain: FloatChain):
        self.constants = dict(chain.constants)
        self.kinds = {chain.source: np.dtype(np.float32)}
        self.nodes = [helper.make_node("Split", ["ends"], self._named(chain.source), axis=0)]
        if chain.opset >= 18:
            self.nodes[0].attribute.append(helper.make_attribute("num_outputs", 2))
        for node in chain.nodes:
            self._enclose(node)
        self.nodes.append(helper.make_node("Concat", self._named(chain.output), ["enclosed"], axis=0))
        self.enclosing = FloatChain("ends", "enclosed", self.nodes, self.constants, chain.rank, chain.opset)

    def _named(self, tensor: str) -> list[str]:
        """The two tensors that hold the ends of one; a constant, or none, is itself."""
        return [name.format(tensor) for name in (_LEAST, _MOST)] if tensor in self.kinds else [tensor]

    def _enclose(self, node: NodeProto) -> None:
        out, dynamic = node.output[0], next(i for i in node.input if i in self.kinds)
        kind = self.kinds[dynamic]
        corners = list(product(*map(self._named, node.input)))
        if node.op_type in _RISING:
            corners = [corners[0], corners[-1]]
        if node.op_type in _TURNS:  # the value there, where it is between the ends
            least, most = self._named(dynamic)
            at = self._constant(f"{out} turns", np.asarray(_TURNS[node.op_type], kind))
            corners.append((self._emit("Max", self._emit("Min", at, most), least), *corners[0][1:]))
        values = [self._emit_as(node, corner) for corner in corners]
        least, most = values[0], values[-1]
        if node.op_type not in _RISING:
            least, most = (self._emit(op, *values) for op in ("Min", "Max"))
        if node.op_type in ROUNDED_OPS:
            least, most = self._apart(least, "Sub", kind), self._apart(most, "Add", kind)
        if node.op_type in ("Div", "Reciprocal") and node.input[-1] in self.kinds:
            least, most = self._unless_divided_by_zero(node.input[-1], least, most, kind)
        self.kinds[out] = helper.tensor_dtype_to_np_dtype(node.attribute[0].i) if node.op_type == "Cast" else kind
        for end, name in zip((least, most), self._named(out), strict=True):
            self.nodes.append(helper.make_node("Identity", [end], [name]))

    def _apart(self, end: str, op: str, kind: np.dtype) -> str:
        """An end as far outwards as rounding may put it."""
        relative, absolute = (self._constant(f"{end} {k}", np.asarray(v, kind)) for k, v in enumerate(_SLACK))
        return self._emit(op, end, self._emit("Add", self._emit("Mul", self._emit("Abs", end), relative), absolute))

    def _unless_divided_by_zero(self, divisor: str, least: str, most: str, kind: np.dtype) -> tuple[str, str]:
        zero, infinite = (self._constant(f"{divisor} {v}", np.asarray(v, kind)) for v in (0, np.inf))
        low, high = self._named(divisor)
        apart = self._emit("Or", self._emit("Greater", low, zero), self._emit("Less", high, zero))
        return (
            self._emit("Where", apart, least, self._emit("Neg", infinite)),
            self._emit("Where", apart, most, infinite),
        )

    def _emit(self, op: str, *inputs: str) -> str:
        return self._emit_as(helper.make_node(op, inputs, [""]), inputs)

    def _emit_as(self, node: NodeProto, inputs: tuple[str, ...]) -> str:
        new = NodeProto.FromString(node.SerializeToString())
        new.input[:], new.output[:] = inputs, [f"corner {len(self.nodes)}"]
        self.nodes.append(new)
        return str(new.output[0])

    def _constant(self, name: str, value: np.ndarray) -> str:
        self.constants[name] = value
        return name
