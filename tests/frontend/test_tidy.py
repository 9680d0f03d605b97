"""Order of nodes and what is dropped; that reading a file looks nothing up by a search through the whole graph."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import to_integers
from finn_build.frontend.tidy import Tidy

DOMAIN = "qonnx.custom_op.general"


def model(nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray], out: str) -> onnx.ModelProto:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2, 3, 3]) for name in ("x", out)]
    values = [numpy_helper.from_array(np.asarray(v, np.float32), k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], values)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid(DOMAIN, 1)], ir_version=8
    )


def chain(quantizers: int, folder: Path) -> Path:
    """Quantizers one behind the other, written to a file."""
    nodes, constants, tensor = [], {"zero": np.float32(0), "bits": np.float32(4)}, "x"
    for k in range(quantizers):
        constants[f"scale{k}"] = np.float32(2.0 ** -(4 + k % 2))
        inputs = [tensor, f"scale{k}", "zero", "bits"]
        tensor = f"t{k}"
        nodes.append(
            helper.make_node(
                "Quant", inputs, [tensor], name=f"q{k}", domain=DOMAIN, signed=1, narrow=0, rounding_mode="ROUND"
            )
        )
    onnx.save(model(nodes, constants, tensor), path := folder / f"chain{quantizers}.onnx")
    return path


def test_nodes_are_sorted_by_depth_and_what_nothing_reads_is_dropped() -> None:
    nodes = [
        helper.make_node("Add", ["late", "early"], ["y"]),
        helper.make_node("Mul", ["two", "a"], ["late"]),
        helper.make_node("Relu", ["x"], ["early"]),
        helper.make_node("Neg", ["x"], ["a"]),
    ]
    before = ModelWrapper(model(nodes, {"two": [2], "left": [3]}, "y"))
    before.set_tensor_shape("gone", [1])
    after = before.transform(Tidy(), cleanup=False)
    assert [n.output[0] for n in after.graph.node] == ["early", "a", "late", "y"]
    assert list(after.graph.node[2].input) == ["a", "two"] and list(after.graph.node[3].input) == ["late", "early"]
    assert [i.name for i in after.graph.initializer] == ["two"]
    assert "gone" not in [v.name for v in after.graph.value_info]


def test_nothing_is_looked_up_node_by_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """qonnx's look-ups go through all tensors: as many in a long network as in a short one."""
    calls: Counter[str] = Counter()
    for name in ("find_producer", "find_consumers", "get_tensor_shape", "get_tensor_valueinfo", "get_initializer"):
        plain = getattr(ModelWrapper, name)

        def counted(self: ModelWrapper, *args: object, plain=plain, name=name, **named: object):  # type: ignore[no-untyped-def]
            calls[name] += 1
            return plain(self, *args, **named)

        monkeypatch.setattr(ModelWrapper, name, counted)
    found = []
    for quantizers in (10, 40):
        calls.clear()
        import_qonnx(chain(quantizers, tmp_path))
        found.append(dict(calls))
    assert found[0] == found[1]
    assert not to_integers(import_qonnx(tmp_path / "chain40.onnx")).problems
