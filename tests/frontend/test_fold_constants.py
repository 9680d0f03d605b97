"""FoldConstants: chains of constants fold in one sweep, quantizers and what depends on the image stay."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.util.basic import qonnx_make_model

from finn_build.frontend.fold_constants import FoldConstants
from finn_build.frontend.import_qonnx import import_qonnx
from tests.frontend.qcdq_files import made_by_hand


def _model() -> ModelWrapper:
    """x * (2 + 3 * 4) + quantized weight, the 2, 3 and 4 as Constant nodes and initializers."""
    constant = helper.make_node("Constant", [], ["two"], value=numpy_helper.from_array(np.float32([2]), "two"))
    nodes = [
        constant,
        helper.make_node("Mul", ["three", "four"], ["twelve"]),
        helper.make_node("Add", ["two", "twelve"], ["fourteen"]),
        helper.make_node("Mul", ["x", "fourteen"], ["scaled"]),
        helper.make_node("BipolarQuant", ["w", "one"], ["wq"], domain="qonnx.custom_op.general"),
        helper.make_node("Add", ["scaled", "wq"], ["y"]),
    ]
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 4]) for n in ("x", "y"))
    given = {"three": [3], "four": [4], "one": [1], "w": [0.5, -0.5, 2.0, -3.0]}
    constants = [numpy_helper.from_array(np.float32(v), n) for n, v in given.items()]
    graph = helper.make_graph(nodes, "g", [x], [y], constants)
    return ModelWrapper(qonnx_make_model(graph)).transform(InferShapes())


def test_constants_fold_and_the_function_stays() -> None:
    before = _model()
    after = before.transform(FoldConstants())
    assert sorted(n.op_type for n in after.graph.node) == ["Add", "BipolarQuant", "Mul"]
    image = {"x": np.float32([[1, 2, 3, -4]])}
    assert np.array_equal(execute_onnx(before, image)["y"], execute_onnx(after, image)["y"])
    assert execute_onnx(after, image)["y"].tolist() == [[15.0, 27.0, 43.0, -57.0]]


def test_nothing_to_fold_changes_nothing() -> None:
    model = _model().transform(FoldConstants())
    again = model.transform(FoldConstants())
    assert [n.SerializeToString() for n in again.graph.node] == [n.SerializeToString() for n in model.graph.node]


def test_inputs_that_are_left_out(tmp_path: Path) -> None:
    """A constant that is resized, without the roi that no resize of this kind reads."""
    nodes = [
        helper.make_node("Resize", ["k", "", "scales"], ["large"], mode="nearest"),
        helper.make_node("Add", ["x", "large"], ["y"]),
    ]
    constants = {"k": np.arange(2, dtype=np.float32).reshape(1, 1, 1, 2), "scales": np.array([1, 1, 2, 1], np.float32)}
    model = import_qonnx(made_by_hand(tmp_path / "net.onnx", nodes, constants, (1, 2, 2)))
    (added,) = model.graph.node
    assert model.get_initializer(added.input[1]).tolist() == [[[[0, 1], [0, 1]]]]
