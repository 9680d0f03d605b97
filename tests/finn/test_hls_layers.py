from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from finn.util.verification import despecialize_model
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.custom_op.registry import getCustomOp

from finn_build.errors import UnsupportedModelError
from finn_build.finn.environment import prepare_finn
from finn_build.finn.hls_layers import lower_to_finn_hls, synthesis_blocker
from finn_build.frontend.integers.nodes import DOMAIN
from finn_build.proof import levels
from tests.finn.guards.graphs import IntegerGraph, run

PART, CLK_NS = "xc7z020clg400-1", 10.0


@pytest.fixture(scope="module", autouse=True)
def finn_build_dir(tmp_path_factory: pytest.TempPathFactory) -> None:
    prepare_finn(tmp_path_factory.mktemp("finn"))


def residual_net(activation: str, seed: int) -> tuple[IntegerGraph, ModelWrapper]:
    """Conv, padded bipolar convs with a shortcut, max pool, strided conv, two dense layers."""
    graph = IntegerGraph([1, 3, 9, 9], "INT8", seed)
    first = graph.steps(graph.conv("x", 3, 4, pad=1, weights="INT4"), 4, activation, reach=600)
    branch = graph.steps(graph.conv(first, 4, 4, pad=1), 4, activation, reach=9)
    total = graph.add(graph.conv(branch, 4, 4, k=3, pad=1), first)
    pooled = graph.max_pool(graph.steps(total, 4, activation, reach=12))
    second = graph.steps(graph.conv(pooled, 4, 6, k=3, stride=2), 6, activation, reach=9)
    flat = graph.flatten(graph.steps(graph.conv(pooled, 4, 2, k=3), 2, activation, reach=9))
    dense = graph.steps(graph.dense(flat, 8, 5), 5, activation, reach=5, layout="NC")
    return graph, graph.model(graph.dense(dense, 5, 10), second)


def plain_net(activation: str, seed: int) -> tuple[IntegerGraph, ModelWrapper]:
    """A chain without forks: the one-bit layers stay XNOR where nothing pads them."""
    graph = IntegerGraph([1, 2, 8, 8], "UINT8", seed)
    a = graph.steps(graph.conv("x", 2, 4, pad=1), 4, activation, reach=900)
    b = graph.steps(graph.conv(a, 4, 6, k=3), 6, activation, reach=9)
    c = graph.steps(graph.conv(graph.max_pool(b), 6, 4, k=1), 4, activation, reach=4)
    flat = graph.flatten(c)
    d = graph.steps(graph.dense(flat, 36, 8, weights="BIPOLAR"), 8, activation, reach=6, layout="NC")
    e = graph.dense(d, 8, 4, weights="INT3")
    return graph, graph.model(e)


def pooled_net(activation: str, seed: int) -> tuple[IntegerGraph, ModelWrapper]:
    """Steps at the input, sum pool, scaled shortcut, label."""
    graph = IntegerGraph([1, 4, 6, 6], "INT4", seed)
    a = graph.steps("x", 4, activation, reach=6)
    b = graph.conv(a, 4, 4, k=3, pad=1)
    c = graph.steps(graph.add(b, graph.constant_op("Mul", a, 2.0)), 4, activation, reach=12)
    window = {"kernel_shape": [6, 6], "strides": [1, 1]}
    pool = graph.node("SumPool", [c], domain=DOMAIN, **window)
    d = graph.steps(graph.flatten(pool), 4, activation, reach=20, layout="NC")
    return graph, graph.model(graph.node("ArgMax", [graph.dense(d, 4, 3)], axis=1, keepdims=1))


def bipolar_input_net(activation: str, seed: int) -> tuple[IntegerGraph, ModelWrapper]:
    graph = IntegerGraph([1, 9], "BIPOLAR", seed)
    return graph, graph.model(graph.dense(graph.steps(graph.dense("x", 9, 7), 7, activation, 6, "NC"), 7, 3))


Net = Callable[[str, int], tuple[IntegerGraph, ModelWrapper]]


@pytest.mark.parametrize("activation", ["BIPOLAR", "BINARY", "UINT2", "UINT4", "INT4"])
@pytest.mark.filterwarnings("error:The values of tensor")  # outside the annotated datatype: too narrow
@pytest.mark.parametrize("net", [residual_net, plain_net, pooled_net, bipolar_input_net])
def test_equals_the_integer_graph(net: Net, activation: str, tmp_path: Path) -> None:
    graph, model = net(activation, 7)
    before = model.model.SerializeToString()
    lowered = lower_to_finn_hls(model, PART, CLK_NS, tmp_path)
    assert model.model.SerializeToString() == before
    python = despecialize_model(lowered)
    for _ in range(4):
        x = graph.sample()
        for actual, expected in zip(run(python, x), run(model, x), strict=True):
            assert len(np.unique(expected)) > 1 or expected.size < 4
            np.testing.assert_array_equal(actual.reshape(expected.shape), expected)
    layers = [n for n in lowered.graph.node if n.op_type != "Transpose"]
    for node in layers:
        assert node.domain.startswith("finn.custom_op.fpgadataflow."), node.op_type
        pattern = "top_*.cpp" if node.domain.endswith("hls") else "*.v"
        assert list((tmp_path / node.name).glob(pattern)), node.name
    assert (tmp_path / "hls.onnx").is_file()


@pytest.mark.parametrize(("net", "xnor"), [(plain_net, False), (bipolar_input_net, True)])
def test_level_2_reads_as_the_network_means_it(net: Net, xnor: bool, tmp_path: Path) -> None:
    """Channels of an image last, and -1 for the bits of XNOR layers."""
    graph, model = net("BIPOLAR", 3)
    lowered = lower_to_finn_hls(model, PART, CLK_NS, tmp_path)
    image = graph.sample()
    values = levels.stream_values(despecialize_model(lowered), image.astype(np.int64), lambda fraction: None)
    values = levels.decoded(values, lowered, model)
    expected = execute_onnx(model, {"x": image.astype(np.float32)}, return_full_exec_context=True)
    compared = [n for n in values if n in expected and n not in {i.name for i in model.graph.initializer}]
    assert "x" in compared
    assert any(lowered.get_tensor_datatype(name) == DataType["BINARY"] for name in compared) == xnor
    for name in compared:
        np.testing.assert_array_equal(values[name], levels.channels_last(expected[name]), err_msg=name)


def test_without_vitis_the_result_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    _, model = bipolar_input_net("UINT2", 1)
    lowered = lower_to_finn_hls(model, PART, CLK_NS, tmp_path / "out")
    text = "HLS synthesis: Vitis HLS (vitis_hls, vitis-run or v++) is not on PATH; C++ generated, not synthesised"
    assert lowered.get_metadata_prop("not_run") == text
    assert ModelWrapper(str(tmp_path / "out" / "hls.onnx")).get_metadata_prop("not_run") == text


def test_what_synthesis_lacks_is_named_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "vitis_hls"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("XILINX_VIVADO", raising=False)
    assert synthesis_blocker() == "XILINX_VIVADO is not set; source Vivado's settings64.sh"
    monkeypatch.setenv("XILINX_VIVADO", "/tools/Vivado/2024.1")
    monkeypatch.setenv("FINN_DEPS", str(tmp_path))
    assert synthesis_blocker().startswith(f"{tmp_path / 'finn-hlslib'} is missing; clone")
    (tmp_path / "finn-hlslib").mkdir()
    assert synthesis_blocker() == "not started; apply FINN's HLSSynthIP to hls.onnx"


def test_second_run_replaces_the_first(tmp_path: Path) -> None:
    _, model = plain_net("UINT2", 1)
    lower_to_finn_hls(model, PART, CLK_NS, tmp_path)
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    lower_to_finn_hls(model, PART, CLK_NS, tmp_path)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == names


def test_one_bit_layers_are_one_bit(tmp_path: Path) -> None:
    """Padded layers take three values with one-bit weights, the others are XNOR."""
    _, model = plain_net("BIPOLAR", 3)
    lowered = lower_to_finn_hls(model, PART, CLK_NS, tmp_path)
    units = [getCustomOp(n) for n in lowered.graph.node if n.op_type == "MVAU_hls"]
    assert [u.get_nodeattr("binaryXnorMode") for u in units] == [0, 1, 1, 1, 0]
    assert [u.get_input_datatype(1).bitwidth() for u in units[:4]] == [1, 1, 1, 1]


def test_every_unsupported_node_is_listed(tmp_path: Path) -> None:
    graph = IntegerGraph([1, 2, 6, 6], "INT4", seed=1)
    steps = [graph._constant(np.zeros((2, n)), "INT4") for n in (1, 2)]
    table = graph.node("StepTable", ["x", *steps], domain=DOMAIN, out_dtype="INT4")
    pool = graph.node("MaxPool", [table], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    model = graph.model(graph.node("Sigmoid", [pool]))
    model.set_tensor_datatype(pool, model.get_tensor_datatype("x"))
    with pytest.raises(UnsupportedModelError) as caught:
        lower_to_finn_hls(model, PART, CLK_NS, tmp_path / "out")
    assert str(caught.value) == (
        "--impl finn-hls cannot build: "
        "StepTable_0: a non-monotone activation (steps with a table), for which FINN has no layer; "
        "MaxPool_0: a padded max pool of signed values (FINN pads with 0 only); "
        "Sigmoid_0: op Sigmoid has no layer; "
        "legal: Add, ArgMax, Conv, Flatten, MatMul, MaxPool, Mul, MultiThreshold, Reshape, SumPool. "
        "Cure: build with --impl hls"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "attributes, why",
    [
        ({"kernel_shape": [2, 2], "strides": [3, 3]}, "a max pool whose stride is larger than its kernel"),
        ({"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}, "a max pool with ceil_mode=1"),
    ],
)
def test_pools_without_a_layer(attributes: dict, why: str, tmp_path: Path) -> None:
    graph = IntegerGraph([1, 2, 6, 6], "UINT4", seed=1)
    model = graph.model(graph.node("MaxPool", ["x"], **attributes))
    with pytest.raises(UnsupportedModelError, match=why):
        lower_to_finn_hls(model, PART, CLK_NS, tmp_path)


def test_node_that_finn_leaves_is_named(tmp_path: Path) -> None:
    """A Mul per channel inside the graph: no layer takes it across the layouts."""
    graph = IntegerGraph([1, 2, 6, 6], "UINT4", seed=1)
    scaled = graph.constant_op("Mul", graph.max_pool("x"), np.array([1.0, 2.0]).reshape(1, 2, 1, 1))
    model = graph.model(graph.steps(scaled, 2, "UINT2", reach=9))
    with pytest.raises(UnsupportedModelError, match=r"FINN took no layer for .*Transpose.*build with --impl hls"):
        lower_to_finn_hls(model, PART, CLK_NS, tmp_path)


def test_wide_layers_get_the_lanes_finn_demands(tmp_path: Path) -> None:
    graph = IntegerGraph([1, 1152], "UINT2", seed=1)
    model = graph.model(graph.dense("x", 1152, 2))
    lowered = lower_to_finn_hls(model, PART, CLK_NS, tmp_path)
    assert [getCustomOp(n).get_nodeattr("SIMD") for n in lowered.graph.node] == [2]
