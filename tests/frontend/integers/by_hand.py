"""Networks of a node or three behind the image's quantizer, written by hand."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import IntegerNetwork, to_integers

STEP = 0.25
SOME = 64  # images
MAP = (1, 2, 2, 2)
Constants = Mapping[str, Any]  # initializers by name


def drawing() -> tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]:
    """What draws weights of a shape, of 1 bit and of 4: the same ones in a module, whatever others draw before it."""
    rng = np.random.default_rng(0)

    def one_bit(*shape: int) -> np.ndarray:
        return rng.choice([-0.5, 0.5], shape).astype(np.float32)

    def four_bits(*shape: int) -> np.ndarray:
        return (rng.integers(-8, 8, shape) * STEP).astype(np.float32)

    return one_bit, four_bits


signs, whole = drawing()


def op(kind: str, *inputs: str, to: str = "y", **attributes: Any) -> NodeProto:
    """A node of ONNX; what it gives is called `to`."""
    return helper.make_node(kind, inputs, to.split(), **attributes)


def quantizer(source: str, to: str, bits: str, step: str = "step", **attributes: Any) -> NodeProto:
    """A Quant."""
    named: dict[str, Any] = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"} | attributes
    return helper.make_node("Quant", [source, step, "zero", bits], [to], domain="qonnx.custom_op.general", **named)


def sign(source: str, to: str) -> NodeProto:
    """A BipolarQuant."""
    return helper.make_node("BipolarQuant", [source, "step"], [to], domain="qonnx.custom_op.general")


def compiled(
    folder: Path, shape: Sequence[int], nodes: Sequence[NodeProto], constants: Constants, bits: int, signed: int,
    head: Sequence[NodeProto] = (),
) -> tuple[Any, IntegerNetwork]:  # fmt: skip
    """x, its quantizer to q or other nodes up to that, and the nodes up to y, by the file."""
    known = {"step": np.float32(STEP), "zero": np.float32(0), "bits": np.float32(bits), **constants}
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    made = [name for node in nodes for name in node.output if name.startswith("y")]
    kind = TensorProto.INT64 if nodes[-1].op_type == "ArgMax" else TensorProto.FLOAT
    ends = [helper.make_tensor_value_info(n, kind, None) for n in made]
    values = [numpy_helper.from_array(np.asarray(v), k) for k, v in known.items()]
    graph = helper.make_graph(
        [*(head or [quantizer("x", "q", "bits", signed=signed)]), *nodes], "by_hand", [x], ends, values
    )
    ids = [helper.make_opsetid("", 13), helper.make_opsetid("qonnx.custom_op.general", 1)]
    onnx.save(helper.make_model(graph, opset_imports=ids, ir_version=8), folder / "net.onnx")
    qonnx = import_qonnx(folder / "net.onnx")
    return qonnx, to_integers(qonnx)


def images_of(shape: Sequence[int], bits: int, signed: int) -> np.ndarray:
    """Some images; all of black and white before them where these are few."""
    levels, count = np.arange(2**bits) - signed * 2 ** (bits - 1), int(np.prod(shape))
    found = np.random.default_rng(1).choice(levels, (SOME, count))
    if count < 12:
        found = np.concatenate((np.array(list(product(levels[[0, -1]], repeat=count))), found))
    return (found.reshape(-1, *shape[1:]) * STEP).astype(np.float32)


def wide(to: str = "wq") -> NodeProto:
    """The quantizer of weights of 4 bits."""
    return quantizer("w", to, "four")


def indices(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


FOUR = {"four": np.float32(4)}
SIGNAL, SQUARE, DEEP = (1, 2, 4), (1, 1, 3, 3), (1, 8, 1, 1)
PAIRS: Constants = {"s": np.float32(STEP), "h": np.float32(1 / 8), "z": np.uint8(0)}
HARD_SWISH = [  # as ONNX Runtime quantizes it
    op("QuantizeLinear", "q", "s", "", to="a8"), op("DequantizeLinear", "a8", "s", "", to="a"),
    op("HardSigmoid", "a", to="b"), op("QuantizeLinear", "b", "h", "z", to="b8"),
    op("DequantizeLinear", "b8", "h", "z", to="c"), op("Mul", "a", "c", to="d"),
    op("QuantizeLinear", "d", "s", "z", to="d8"), op("DequantizeLinear", "d8", "s", "z", to="y0"),
]  # fmt: skip
