"""Networks of a node or three with some of it changed by chance: refused by name, or computed as ONNX defines it."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from qonnx.custom_op.general.quant import quant

from finn_build.errors import UnsupportedModelError
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import to_integers
from sim.golden import IntegerModel
from tests.frontend.integers.by_hand import STEP, images_of, quantizer
from tests.frontend.integers.test_by_hand import CASES

SEED, FILES, IMAGES = 3011, 320, 16
DOMAIN = "qonnx.custom_op.general"
OPERATORS = (
    *("Abs", "Add", "ArgMax", "AveragePool", "Clip", "Concat", "Conv", "Div", "Exp", "Flatten", "GlobalAveragePool"),
    *("GlobalMaxPool", "HardSwish", "MatMul", "Max", "MaxPool", "Mul", "Neg", "Pad", "Pow", "ReduceMax", "ReduceMean"),
    *("Relu", "Sigmoid", "Slice", "Softmax", "Softplus", "Squeeze", "Sub", "Transpose"),
)


class Quant(OpRun):  # type: ignore[misc]
    """As qonnx computes it; of one bit and signed it is -1 and +1."""

    op_domain = DOMAIN

    def _run(self, x, scale, zero, bits, signed=None, narrow=None, rounding_mode=None):  # type: ignore[no-untyped-def]
        signed, bits = 1 if signed is None else signed, np.float32(bits)
        if bits == 1 and signed:
            return (np.where(x >= 0, scale, -scale).astype(np.float32),)
        return (quant(x, scale, zero, bits, signed, narrow or 0, rounding_mode or "ROUND").astype(np.float32),)


class BipolarQuant(OpRun):  # type: ignore[misc]
    """-1 and +1 times a scale."""

    op_domain = DOMAIN

    def _run(self, x, scale):  # type: ignore[no-untyped-def]
        return (np.where(x >= 0, scale, -scale).astype(np.float32),)


def _file(name: str, signed: int) -> onnx.ModelProto:
    nodes, constants, shape, _ = CASES[name]
    known = {"step": np.float32(STEP), "zero": np.float32(0), "bits": np.float32(2), **constants}
    made = [out for node in nodes for out in node.output if out.startswith("y")]
    kind = TensorProto.INT64 if nodes[-1].op_type == "ArgMax" else TensorProto.FLOAT
    graph = helper.make_graph(
        [quantizer("x", "q", "bits", signed=signed), *nodes], "changed",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(out, kind, None) for out in made],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in known.items()],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid(DOMAIN, 1)]
    copy: onnx.ModelProto = onnx.ModelProto.FromString(
        helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    )
    return copy


def _number(model: onnx.ModelProto, rng: random.Random) -> None:
    """Of an attribute."""
    found = [a for node in model.graph.node for a in node.attribute if a.ints or a.type == onnx.AttributeProto.INT]
    if not found:
        return
    attribute = rng.choice(found)
    if attribute.ints:
        attribute.ints[rng.randrange(len(attribute.ints))] = rng.randint(-1, 5)
    else:
        attribute.i = rng.randint(-1, 3)


def _constant(model: onnx.ModelProto, rng: random.Random) -> None:
    """A value, the shape or the type of one."""
    tensor = rng.choice(list(model.graph.initializer))
    values = numpy_helper.to_array(tensor).copy()
    if (what := rng.randrange(4)) == 0:
        values = values.astype(rng.choice([np.float64, np.int64, np.int8, np.uint8, np.bool_]))
    elif what == 1:
        values = rng.choice([values.T, values[None], values.reshape(-1), values.squeeze()])
    elif values.size:
        flat = values.reshape(-1)
        flat[rng.randrange(flat.size)] *= (
            rng.choice([2, -1, 0, 3]) if values.dtype.kind == "i" else rng.choice([0.5, -1, 3, 0.7, 1e3])
        )
        values = flat.reshape(values.shape)
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values).reshape(values.shape), tensor.name))


def _operator(model: onnx.ModelProto, rng: random.Random) -> None:
    node = rng.choice(list(model.graph.node))
    node.op_type, node.domain = rng.choice(OPERATORS), ""


def _insert(model: onnx.ModelProto, rng: random.Random) -> None:
    """A node between a tensor and what reads it."""
    ends = {output.name for output in model.graph.output}
    at = rng.choice(["x", *(out for node in model.graph.node for out in node.output if out not in ends)])
    operator = rng.choice(OPERATORS)
    second = (
        [rng.choice(["step", at, "zero"])] if operator in ("Add", "Mul", "Sub", "Div", "Max", "Pow", "Concat") else []
    )
    for node in model.graph.node:
        node.input[:] = ["inserted" if name == at else name for name in node.input]
    place = next((k + 1 for k, node in enumerate(model.graph.node) if at in node.output), 0)
    axis = {"axis": 1} if operator in ("ArgMax", "Concat") else {}
    model.graph.node.insert(place, helper.make_node(operator, [at, *second], ["inserted"], **axis))


def _input(model: onnx.ModelProto, rng: random.Random) -> None:
    """A node reads another tensor, or its inputs in another order."""
    node = rng.choice(list(model.graph.node))
    names = ["x", "q", "step", "zero", "bits", *(out for made in model.graph.node for out in made.output)]
    node.input[rng.randrange(len(node.input))] = rng.choice(names)


def _image(model: onnx.ModelProto, rng: random.Random) -> None:
    rng.choice(list(model.graph.input[0].type.tensor_type.shape.dim)).dim_value = rng.randint(1, 6)


def _versions(model: onnx.ModelProto, rng: random.Random) -> None:
    model.opset_import[0].version = rng.randint(7, 22)


def _outputs(model: onnx.ModelProto, rng: random.Random) -> None:
    """One more, or one whose stated shape is another."""
    names = [out for node in model.graph.node for out in node.output]
    model.graph.output.append(
        helper.make_tensor_value_info(rng.choice(names), rng.choice([1, 7]), [1, rng.randint(1, 4)])
    )


CHANGES: tuple[Callable[[onnx.ModelProto, random.Random], None], ...] = (
    _number, _constant, _operator, _insert, _input, _image, _versions, _outputs,
)  # fmt: skip


def changed(seed: int, number: int) -> tuple[str, int, onnx.ModelProto]:
    """A network by hand, whether its image is signed, and the file with some of it changed."""
    rng = random.Random(f"{seed} {number}")
    name, signed = rng.choice(list(CASES)), rng.randrange(2)
    model = _file(name, signed)
    for _ in range(rng.choice([1, 1, 2])):
        rng.choice(CHANGES)(model, rng)
    return name, signed, model


def _defined(model: onnx.ModelProto, images: np.ndarray) -> dict[str, np.ndarray] | None:
    """Outputs by ONNX's own reference; None where that has no such operator, or another idea of its pads."""
    operators = {node.op_type for node in model.graph.node}  # it trains batch norms, and mixes the sides of pads up
    pads = {a.name for node in model.graph.node for a in node.attribute} & {"auto_pad", "pads"}
    if "BatchNormalization" in operators or "auto_pad" in pads or (pads and "MaxPool" in operators):
        return None
    try:
        reference = ReferenceEvaluator(model, new_ops=[Quant, BipolarQuant])
        frames = [reference.run(None, {"x": image[None]}) for image in images]
    except Exception:  # of NumPy, by many types
        return None
    return {
        o.name: np.concatenate(values) for o, values in zip(model.graph.output, zip(*frames, strict=True), strict=True)
    }


@pytest.mark.parametrize("part", range(4))
def test_a_changed_network_is_refused_or_exact(part: int, tmp_path: Path) -> None:
    path, count = tmp_path / "net.onnx", Counter[str]()
    for number in range(part, FILES, 4):
        name, signed, model = changed(SEED, number)
        path.write_bytes(model.SerializeToString())
        what = f"seed {SEED}, file {number}: {name}"
        try:
            qonnx = import_qonnx(path)
            network = to_integers(qonnx)
            said = "\n".join(map(str, network.problems))
        except UnsupportedModelError as error:
            said = str(error)
        if said:
            assert all(len(line) < 600 for line in said.splitlines()), (what, said)
            count["refused"] += 1
            continue
        images = images_of(qonnx.get_tensor_shape("x"), 2, signed)[:IMAGES]
        try:
            ints = network.quantize_images(images)
        except UnsupportedModelError:
            continue
        values = IntegerModel(network.model).run(ints, [s for tail in network.tails.values() for s in tail.sources])
        wanted = _defined(model, images)
        count["exact"] += wanted is not None
        for output, values_of_it in (wanted or {}).items():
            got = network.to_network_output(output, values)
            assert got.shape == values_of_it.shape and np.allclose(got, values_of_it, 1e-5, 1e-6), (what, output)
    assert min(count["refused"], count["exact"]) > FILES // 20, count
