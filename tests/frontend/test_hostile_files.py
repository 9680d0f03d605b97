"""Files that lie: over five hundred by a seeded generator, each refused, every fault a line, nothing left behind."""

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from finn_build.build import main
from finn_build.errors import UnsupportedModelError
from finn_build.frontend.door import MOST_NODES, MOST_PIXELS, MOST_TENSORS, MOST_WEIGHTS, faults
from finn_build.frontend.integers import to_integers
from finn_build.frontend.network import from_qonnx

SEED, FILES = 2611, 600
DOMAIN = "qonnx.custom_op.general"
Lie = Callable[[onnx.ModelProto, random.Random], None]


def honest() -> onnx.ModelProto:
    """Image, quantizer, convolution, batch norm's affine, quantizer, pool, dense layer."""
    values = np.random.default_rng(0)
    constants = {
        "pixel_scale": np.float32(1 / 256),
        "zero": np.float32(0),
        "bits": np.float32(8),
        "act_bits": np.float32(2),
        "act_scale": np.float32(1),
        "one_scale": np.float32(1),
        "kernel": values.choice([-1, 1], (4, 1, 3, 3)).astype(np.float32),
        "slope": values.normal(size=(1, 4, 1, 1)).astype(np.float32),
        "dense": values.choice([-1, 1], (16, 3)).astype(np.float32),
    }
    quant = {"domain": DOMAIN, "signed": 0, "narrow": 0, "rounding_mode": "ROUND"}
    nodes = [
        helper.make_node("Quant", ["image", "pixel_scale", "zero", "bits"], ["pixels"], name="pixels", **quant),
        helper.make_node("BipolarQuant", ["kernel", "one_scale"], ["weights"], name="weights", domain=DOMAIN),
        helper.make_node("Conv", ["pixels", "weights"], ["sums"], name="conv", kernel_shape=[3, 3], pads=[1, 1, 1, 1],
                         strides=[2, 2], dilations=[1, 1], group=1),
        helper.make_node("Mul", ["sums", "slope"], ["scaled"], name="slope"),
        helper.make_node("Quant", ["scaled", "act_scale", "zero", "act_bits"], ["acts"], name="acts", **quant),
        helper.make_node("MaxPool", ["acts"], ["pooled"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pooled"], ["flat"], name="flatten", axis=1),
        helper.make_node("MatMul", ["flat", "dense"], ["logits"], name="dense"),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "honest",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid(DOMAIN, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def _constant(model: onnx.ModelProto, name: str) -> TensorProto:
    return next(t for t in model.graph.initializer if t.name == name)


def _set(model: onnx.ModelProto, name: str, value: np.ndarray) -> None:
    _constant(model, name).CopyFrom(numpy_helper.from_array(value, name))


def _node(model: onnx.ModelProto, name: str) -> onnx.NodeProto:
    return next(n for n in model.graph.node if n.name == name)


def _attribute(node: onnx.NodeProto, name: str) -> AttributeProto:
    return next(a for a in node.attribute if a.name == name)


def _poison(model: onnx.ModelProto, rng: random.Random) -> None:
    name = rng.choice([t.name for t in model.graph.initializer])
    values = numpy_helper.to_array(_constant(model, name)).copy()
    values.ravel()[rng.randrange(values.size)] = rng.choice([np.nan, np.inf, -np.inf])
    _set(model, name, values)


def _bits(model: onnx.ModelProto, rng: random.Random) -> None:
    value = rng.choice([0, -3, 0.5, 9, 10, 33, 1e9, 3e38, rng.randint(9, 10**6), -rng.random()])
    _set(model, rng.choice(["bits", "act_bits"]), np.float32(value))


def _scale(model: onnx.ModelProto, rng: random.Random) -> None:
    _set(model, rng.choice(["pixel_scale", "act_scale"]), np.float32(rng.choice([0, -1, -0.0, -1e-30])))


def _retype(model: onnx.ModelProto, rng: random.Random) -> None:
    tensor = rng.choice(list(model.graph.initializer))
    values, kind = numpy_helper.to_array(tensor), rng.choice(["half", "text", "none", "odd"])
    if kind == "half":
        _set(model, tensor.name, values.astype(np.float16))
    elif kind == "text":
        tensor.CopyFrom(helper.make_tensor(tensor.name, TensorProto.STRING, values.shape, [b"x"] * values.size))
    else:
        tensor.data_type = 0 if kind == "none" else rng.randint(40, 99)


def _resize_constant(model: onnx.ModelProto, rng: random.Random) -> None:
    tensor = rng.choice([t for t in model.graph.initializer if len(t.dims) > 1])
    tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice([0, -1, 7, 5000, 2**31, 2**62, MOST_WEIGHTS + 1])


def _resize_image(model: onnx.ModelProto, rng: random.Random) -> None:
    dims = model.graph.input[0].type.tensor_type.shape.dim
    for d in (2, 3):
        dims[d].dim_value = rng.choice([100_000, 2**31, 2**62, -1, MOST_PIXELS])


def _drop_input(model: onnx.ModelProto, rng: random.Random) -> None:
    del rng.choice(list(model.graph.node)).input[-1]


def _undefined(model: onnx.ModelProto, rng: random.Random) -> None:
    node = rng.choice(list(model.graph.node))
    node.input[rng.randrange(len(node.input))] = f"nowhere_{rng.random()}"


def _double(model: onnx.ModelProto, rng: random.Random) -> None:
    if rng.random() < 0.5:
        model.graph.initializer.add().CopyFrom(rng.choice(list(model.graph.initializer)))
    else:
        model.graph.node.add().CopyFrom(rng.choice(list(model.graph.node)))


def _outputs(model: onnx.ModelProto, rng: random.Random) -> None:
    if rng.random() < 0.5:
        model.graph.output.add().CopyFrom(model.graph.output[0])
    else:
        model.graph.output[0].name = f"nothing_{rng.random()}"


def _window(model: onnx.ModelProto, rng: random.Random) -> None:
    node = _node(model, rng.choice(["conv", "pool"]))
    ints = _attribute(node, rng.choice([a.name for a in node.attribute if a.ints])).ints
    if rng.random() < 0.5:
        ints[rng.randrange(len(ints))] = rng.choice([0 if ints[0] != 1 or len(ints) == 2 else -1, -1, -7, 2**31, 2**62])
    elif rng.random() < 0.5:
        ints.append(1)
    else:
        del ints[-1]


def _attributes(model: onnx.ModelProto, rng: random.Random) -> None:
    node = _node(model, rng.choice(["conv", "pool", "flatten"]))
    chosen = rng.choice(list(node.attribute))
    kind = rng.choice(["type", "unknown", "name"])
    if kind == "type":
        chosen.CopyFrom(helper.make_attribute(chosen.name, rng.choice(["text", 0.5])))
    else:
        node.attribute.append(helper.make_attribute(f"lie_{rng.randrange(99)}", 1))


def _rounding(model: onnx.ModelProto, rng: random.Random) -> None:
    name = rng.choice([b"STOCHASTIC_ROUND", b"", b"SIDEWAYS", bytes([rng.randrange(65, 90)]) * 9])
    _attribute(_node(model, rng.choice(["pixels", "acts"])), "rounding_mode").s = name


def _flags(model: onnx.ModelProto, rng: random.Random) -> None:
    node = _node(model, rng.choice(["pixels", "acts"]))
    name = rng.choice(["signed", "narrow", "rounding_mode"])
    lie = rng.choice([2, -1, 2**62, 0.5, "yes", b"\xff\xfe", [1], helper.make_tensor("t", 1, [1], [0.0])])
    if rng.random() < 0.3:
        node.attribute.append(rng.choice([_attribute(node, name), helper.make_attribute(f"lie_{rng.random()}", 1)]))
    elif rng.random() < 0.3:
        node.output.append("second")
    elif rng.random() < 0.3:
        node.input[rng.randrange(4)] = ""
    elif not (name == "rounding_mode" and isinstance(lie, bytes)):
        _attribute(node, name).CopyFrom(helper.make_attribute(name, "SIDEWAYS" if name[0] == "r" else lie))
    else:
        _attribute(node, name).s = lie


def _channels(model: onnx.ModelProto, rng: random.Random) -> None:
    """Weights, of a quantizer among them, that do not fit their tensors."""
    if rng.random() < 0.3:
        model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = rng.randint(2, 9)
    elif rng.random() < 0.5:
        _set(model, "dense", np.ones((rng.choice([1, 4, 15, 17, 64]), 3), np.float32))
    else:
        shape = [4, 1, 3, 3]
        shape[rng.randrange(1, 4)] += rng.choice([1, 2, 3])
        _set(model, "kernel", np.ones(shape, np.float32))


def _inputs(model: onnx.ModelProto, rng: random.Random) -> None:
    model.graph.input.add().CopyFrom(model.graph.input[0])
    if rng.random() < 0.5:
        model.graph.input[1].name = f"other_{rng.random()}"


def _many(model: onnx.ModelProto, rng: random.Random) -> None:
    if rng.random() < 0.5:
        for i in range(MOST_NODES + rng.randint(0, 9)):
            model.graph.node.add().CopyFrom(helper.make_node("Identity", [f"n{i - 1}" if i else "logits"], [f"n{i}"]))
    else:
        for i in range(MOST_TENSORS + rng.randint(0, 9)):
            model.graph.initializer.add().CopyFrom(numpy_helper.from_array(np.float32(1), f"t{i}"))


def _no_number(model: onnx.ModelProto, rng: random.Random) -> None:
    """0 / 0, or what has no value below 0, before a quantizer."""
    node = _node(model, "slope")
    node.op_type = rng.choice(["Log", "Sqrt", "Pow", "Div"])
    if node.op_type in ("Log", "Sqrt"):
        del node.input[1:]
    else:
        _set(model, "slope", np.full((1, 4, 1, 1), {"Pow": rng.uniform(0.1, 0.9), "Div": 0}[node.op_type], np.float32))


def _huge_constant(model: onnx.ModelProto, rng: random.Random) -> None:
    """Made by a node, so that no constant of the file is large."""
    size = rng.choice([2**31, 2**40, 3 << 25])
    numbers = [0, size, 1] if rng.random() < 0.3 else [size // 4, 4]
    if len(numbers) == 3:
        constants = [np.int64(n) for n in numbers]
        made = helper.make_node("Range", ["c0", "c1", "c2"], ["huge"], name="huge")
    else:
        constants = [np.array(numbers, np.int64)]
        made = helper.make_node("ConstantOfShape", ["c0"], ["huge"], name="huge")
    model.graph.initializer.extend(numpy_helper.from_array(v, f"c{i}") for i, v in enumerate(constants))
    nodes = [made, *model.graph.node, helper.make_node("ReduceMax", ["huge"], ["most"], keepdims=0)]
    nodes += [
        helper.make_node("Cast", ["most"], ["float"], to=1),
        helper.make_node("Add", ["logits", "float"], ["all"]),
    ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.output[0].name = "all"


def _order(model: onnx.ModelProto, rng: random.Random) -> None:
    nodes = list(model.graph.node)
    first, *rest = nodes
    del model.graph.node[:]
    model.graph.node.extend([*rest, first])
    if rng.random() < 0.5:
        _undefined(model, rng)


def _broadcast(model: onnx.ModelProto, rng: random.Random) -> None:
    size = rng.choice([2, 3, 5, rng.randint(6, 99)])
    _set(model, "slope", np.ones((1, size, 1, 1), np.float32))


def _metadata(model: onnx.ModelProto, rng: random.Random) -> None:
    entry = model.graph.metadata_props.add()
    entry.key = "signflow.model"
    entry.value = rng.choice(
        ["{", "[]", '{"classes": ["a", "a"]}', '{"classes": 7}', '{"classes": [1]}', '"x"', "[" * 5000, "null"]
    )


def _input_type(model: onnx.ModelProto, rng: random.Random) -> None:
    model.graph.input[0].type.tensor_type.elem_type = rng.choice([0, 7, 8, 10, 11, 99])


LIES: tuple[Lie, ...] = (
    *(_poison, _bits, _scale, _retype, _resize_constant, _resize_image, _drop_input, _undefined, _double, _outputs),
    *(
        _window,
        _attributes,
        _rounding,
        _flags,
        _many,
        _no_number,
        _huge_constant,
        _order,
        _broadcast,
        _channels,
        _metadata,
        _inputs,
        _input_type,
    ),
)


def _refusal(path: Path) -> str:
    """Why a file cannot be built; empty where it can."""
    try:
        problems = to_integers(from_qonnx(path).qonnx).problems
    except UnsupportedModelError as error:
        return str(error)
    return "\n".join(map(str, problems))


def test_the_honest_file_is_built(tmp_path: Path) -> None:
    onnx.save(honest(), tmp_path / "net.onnx")
    assert not faults(honest()) and not _refusal(tmp_path / "net.onnx")


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_lies_are_refused(lie: Lie, tmp_path: Path) -> None:
    rng, path = random.Random(f"{SEED} {lie.__name__}"), tmp_path / "net.onnx"
    for number in range(-(-FILES // len(LIES))):
        model = honest()
        lie(model, rng)
        path.write_bytes(model.SerializeToString())
        began = time.monotonic()
        said = _refusal(path)
        assert said and "Traceback" not in said, f"seed {SEED}, {lie.__name__}, file {number} is built"
        assert all(len(line) < 600 for line in said.splitlines()), said
        assert time.monotonic() - began < 20, said
    assert [p.name for p in tmp_path.iterdir()] == ["net.onnx"]


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    """A file cut short, or with bytes changed, is refused or as good as it was: never a traceback."""
    rng, data, path = random.Random(SEED), honest().SerializeToString(), tmp_path / "net.onnx"
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(rng.randint(1, 20)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged[: rng.choice([len(damaged), rng.randrange(len(damaged))])])
        _refusal(path)


def test_every_fault_of_a_file_is_listed_at_once(tmp_path: Path) -> None:
    model, rng = honest(), random.Random(1)
    _set(model, "slope", np.full((1, 4, 1, 1), np.nan, np.float32))
    _attribute(_node(model, "conv"), "strides").ints[0] = 0
    _attribute(_node(model, "pool"), "kernel_shape").ints.append(2)
    model.graph.output.add().CopyFrom(model.graph.output[0])
    _input_type(model, rng)
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    first, *listed = _refusal(path).splitlines()
    assert len(listed) == 5 and first.endswith("net.onnx: 5 fault(s) in this file; export it again:")


def test_the_command_says_one_error_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(SEED)
    (scratch := tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    for lie in (_poison, _window, _resize_image, _undefined):
        model = honest()
        lie(model, rng)
        (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
        arguments = ["--board", "pynq-z2", "--onnx", str(tmp_path / "net.onnx"), "--out", str(tmp_path / "out")]
        assert main(arguments) == 1
        said = capsys.readouterr().err
        assert said.count("error: ") == 1 and "Traceback" not in said
        assert sorted(p.name for p in tmp_path.iterdir()) == ["net.onnx", "scratch"] and not list(scratch.iterdir())
