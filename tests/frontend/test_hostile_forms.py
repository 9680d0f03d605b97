"""Files whose form lies, around an honest graph: versions, functions, sparse tensors, outputs, lists of parameters."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.frontend.test_hostile_files import _constant, _node, _refusal, _set, honest


def _twice(model: onnx.ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("ai.onnx", 14))


def _of_its_own(model: onnx.ModelProto) -> None:
    """What is called Flatten is another's idea of it."""
    model.functions.append(
        helper.make_function("", "Flatten", ["a"], ["b"], [helper.make_node("Neg", ["a"], ["b"])], model.opset_import)
    )


def _sparse(model: onnx.ModelProto) -> None:
    values, places = np.ones(1, np.float32), np.zeros(1, np.int64)
    tensors = numpy_helper.from_array(values, "few"), numpy_helper.from_array(places, "places")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(*tensors, [4]))


def _unnamed(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.float32(1), ""))


def _doubled(model: onnx.ModelProto) -> None:
    _constant(model, "slope").float_data.extend([1.0] * 4)


def _listed(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("slope", TensorProto.FLOAT, [9, 9]))


def _sequence(model: onnx.ModelProto) -> None:
    model.graph.output[0].CopyFrom(helper.make_tensor_sequence_value_info("logits", TensorProto.FLOAT, [1, 3]))


def _two_values(model: onnx.ModelProto) -> None:
    slope = _constant(model, "slope")
    model.graph.node.insert(0, helper.make_node("Constant", [], ["slope"], name="c", value=slope, value_int=3))
    model.graph.initializer.remove(slope)


def _bytes_for_floats(model: onnx.ModelProto) -> None:
    _set(model, "kernel", numpy_helper.to_array(_constant(model, "kernel")).astype(np.int8))


def _bytes_in_a_product(model: onnx.ModelProto) -> None:
    _set(model, "dense", numpy_helper.to_array(_constant(model, "dense")).astype(np.int8))


def _two_in_one(model: onnx.ModelProto) -> None:
    _node(model, "acts").attribute[0].floats.append(1)


def _second_output(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Dropout", ["logits"], ["same", "mask"]))
    model.graph.output.append(helper.make_tensor_value_info("mask", TensorProto.BOOL, None))


def _endless(model: onnx.ModelProto) -> None:
    """Trips without number, of a negation, in a branch that is taken."""
    value, go, trips = (helper.make_tensor_value_info(n, t, None) for n, t in (("v", 1), ("g", 9), ("i", 7)))
    steps = [helper.make_node("Neg", ["v"], ["w"]), helper.make_node("Identity", ["g"], ["h"])]
    after = [helper.make_tensor_value_info(n, t, None) for n, t in (("h", 9), ("w", 1))]
    body = helper.make_graph(steps, "body", [trips, go, value], after)
    loop = helper.make_node("Loop", ["trips", "true", "logits"], ["looped"], name="loop", body=body)
    end = [helper.make_tensor_value_info("looped", TensorProto.FLOAT, None)]
    branches = {f"{name}_branch": helper.make_graph([loop], name, [], end) for name in ("then", "else")}
    model.graph.node.append(helper.make_node("If", ["true"], ["end"], name="if", **branches))
    constants = {"trips": np.int64(2**40), "true": np.bool_(True)}
    model.graph.initializer.extend(numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items())
    model.graph.output[0].name = "end"


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (_twice, "operator set 'ai.onnx' is of versions [13, 14]; legal: one, from 1"),
        (_of_its_own, "functions of its own (Flatten)"),
        (_sparse, "tensor 'few' is sparse"),
        (_unnamed, "a tensor without a name"),
        (_doubled, "tensor 'slope': its data is not of shape [1, 4, 1, 1]"),
        (_listed, "input 'slope' is listed with another type or shape than the constant of that name"),
        (_sequence, "output 'logits' is no tensor"),
        (_endless, "loop (Loop): it may never end"),
        (_two_values, "c (Constant): 2 values; legal: 1"),
        (_bytes_for_floats, "tensor 'kernel': values of INT8; legal: DOUBLE, FLOAT"),
        (_bytes_in_a_product, "its shapes cannot be inferred: "),
        (_two_in_one, "acts (Quant): 'narrow': type field and data field mismatch"),
        (_second_output, "mask is an output of its node beside the first"),
    ],
)
def test_forms_that_lie_are_refused(lie: Callable[[onnx.ModelProto], None], said: str, tmp_path: Path) -> None:
    model = honest()
    lie(model)
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    refusal = _refusal(tmp_path / "net.onnx")
    assert said in refusal and len(refusal.splitlines()) < 3, refusal


@pytest.mark.parametrize("version", [-1, 2, onnx.IR_VERSION + 1, 2**31 - 1])
def test_versions_of_the_format_that_are_not_known_are_refused(version: int, tmp_path: Path) -> None:
    model = honest()
    model.ir_version = version
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    assert f"version {version} of ONNX's file format; legal: 3 to {onnx.IR_VERSION}" in _refusal(tmp_path / "net.onnx")


@pytest.mark.parametrize("scale", [3.4e38, 2.0**110, 2.0**-95, 1e-42])
def test_scales_at_the_ends_of_float32_are_refused(scale: float, tmp_path: Path) -> None:
    """Sums would become infinite, or lose bits, where those of integers do not."""
    model = honest()
    _set(model, "one_scale", np.float32(scale))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    assert "use scales of 2^-100 to 2^100" in _refusal(tmp_path / "net.onnx")
