"""FuseConvUnits: what becomes a unit, what does not, and that the function stays."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from onnx import helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.util.basic import qonnx_make_model
from torch import nn

from finn_build.dataflow.ops.base import DOMAIN
from finn_build.dataflow.passes.fuse_conv_units import FuseConvUnits
from finn_build.dataflow.passes.lower_to_streams import LowerToStreams
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import to_integers
from tests.builds.networks import SmallResidual, SmallShortcuts, randomize
from tests.dataflow.passes.streams import execute


def _lowered(model: nn.Module, folder: Path, size: tuple[int, int]) -> ModelWrapper:
    torch.manual_seed(3)
    network = to_integers(import_qonnx(export_qonnx(randomize(model, 4), folder / "net.onnx", (1, 1, *size))))
    assert not network.problems
    return network.model.transform(LowerToStreams())


def _ops(model: ModelWrapper) -> list[str]:
    return [n.op_type.removesuffix("_rtl") for n in model.graph.node]


def test_shortcuts_join_their_units(tmp_path: Path) -> None:
    before = _lowered(SmallShortcuts(), tmp_path, (8, 6))
    after = before.transform(FuseConvUnits())
    assert sorted(_ops(after)) == sorted(["SWG", "BitMVAU", "StepThresholding", *["BitConv"] * 3, "StreamPool"])
    units = [getCustomOp(n) for n in after.graph.node if n.op_type == "BitConv_rtl"]
    assert [u.attr("shortcut") for u in units] == ["own", "none", "stream"]
    assert [u.attr("inputDataType") for u in units] == ["INT4", "INT4", "BIPOLAR"]


@pytest.mark.parametrize(("model", "size"), [(SmallShortcuts(), (8, 6)), (SmallResidual(1, True), (11, 9))])
def test_the_function_stays(model: nn.Module, size: tuple[int, int], tmp_path: Path) -> None:
    before = _lowered(model, tmp_path, size)
    after = before.transform(FuseConvUnits())
    assert "BitConv" in _ops(after)
    for seed in range(4):
        image = np.random.default_rng(seed).integers(0, 256, (1, *size, 1))
        assert np.array_equal(execute(before, image), execute(after, image))


def test_operands_of_the_shortcut_in_either_order(tmp_path: Path) -> None:
    """Scales stay with their operands."""
    plain = _lowered(SmallShortcuts(), tmp_path, (8, 6))
    swapped = copy.deepcopy(plain)
    for model in (plain, swapped):
        for node in model.get_nodes_by_op_type("StreamAdd_rtl"):
            op = getCustomOp(node)
            types = [op.attr("lhsDataType"), op.attr("rhsDataType")]
            if model is swapped:
                node.input[:], types = node.input[::-1], types[::-1]
            for side, scale, dtype in zip(("lhs", "rhs"), (2, 3) if model is plain else (3, 2), types, strict=True):
                op.set_nodeattr(f"{side}Scale", scale)
                op.set_nodeattr(f"{side}DataType", dtype)
            getCustomOp(model.find_consumer(node.output[0])).set_nodeattr("inputDataType", "INT8")
    image = np.random.default_rng(3).integers(0, 256, (1, 8, 6, 1))
    expected = execute(plain, image)
    for model in (plain, swapped):
        fused = model.transform(FuseConvUnits())
        assert "StreamAdd" not in _ops(fused) and np.array_equal(execute(fused, image), expected)


def test_sums_added_to_themselves_are_no_shortcut(tmp_path: Path) -> None:
    before = _lowered(SmallShortcuts(), tmp_path, (8, 6))
    for node in before.get_nodes_by_op_type("StreamAdd_rtl"):
        sums = next(name for name in node.input if before.find_producer(name).op_type == "BitMVAU_rtl")
        op, mvau = getCustomOp(node), getCustomOp(before.find_producer(sums))
        node.input[:] = [sums, sums]
        for side in ("lhs", "rhs"):
            op.set_nodeattr(f"{side}DataType", mvau.attr("outputDataType"))
    after = before.transform(FuseConvUnits())
    assert _ops(after).count("StreamAdd") == 2
    image = np.random.default_rng(3).integers(0, 256, (1, 8, 6, 1))
    assert np.array_equal(execute(after, image), execute(before, image))


def test_a_shortcut_that_is_taken_off_stays_a_difference(tmp_path: Path) -> None:
    model = _lowered(SmallShortcuts(), tmp_path, (8, 6))
    for node in model.get_nodes_by_op_type("StreamAdd_rtl"):
        getCustomOp(node).set_nodeattr("rhsScale", -1)
        getCustomOp(model.find_consumer(node.output[0])).set_nodeattr("inputDataType", "INT8")
    after = model.transform(FuseConvUnits())
    assert _ops(after).count("StreamAdd") == 2 and _ops(after).count("BitConv") == 1


def test_signs_that_something_else_reads_stay_visible(tmp_path: Path) -> None:
    before = _lowered(SmallShortcuts(), tmp_path, (8, 6))
    (name,) = {
        signs.output[0]
        for unit in before.transform(FuseConvUnits()).get_nodes_by_op_type("BitConv_rtl")[:1]
        for signs in before.find_consumers(unit.input[0])
        if signs.op_type == "StepThresholding_rtl"
    }
    before.graph.output.append(before.get_tensor_valueinfo(name))
    after = before.transform(FuseConvUnits())
    assert after.find_producer(name).op_type == "StepThresholding_rtl"
    assert getCustomOp(after.find_consumer(name)).attr("inputDataType") == "BIPOLAR"


def test_wider_activations_stay_as_they_are(tmp_path: Path) -> None:
    before = _lowered(SmallResidual(2, True), tmp_path, (11, 9))
    assert _ops(before.transform(FuseConvUnits())) == _ops(before)


def test_sums_that_something_else_reads_stay_visible(tmp_path: Path) -> None:
    before = _lowered(SmallResidual(1, True), tmp_path, (11, 9))
    sums = next(n.output[0] for n in before.graph.node if n.name == "MVAU_1")
    before.graph.output.append(before.get_tensor_valueinfo(sums))
    after = before.transform(FuseConvUnits())
    assert "MVAU_1" in [n.name for n in after.graph.node] and _ops(after).count("BitConv") == 1


@pytest.mark.parametrize(("stride", "pads", "shortcut"), [(1, 1, "own"), (2, 2, "stream")])
def test_a_unit_adds_its_own_input_where_each_sum_is_of_the_window_around_its_pixel(
    stride: int, pads: int, shortcut: str
) -> None:
    """3x3 pixels stay so many by steps of two as well, where two more lie around them."""
    image, shape = [1, 3, 3], {"domain": DOMAIN, "backend": "fpgadataflow", "numInputVectors": [1, 3, 3]}
    steps = {"numSteps": 1, "inputDataType": "INT4", "outputDataType": "BIPOLAR", "NumChannels": 2, "PE": 1, **shape}
    window = {"IFMDim": image[1:], "IFMChannels": 2, "KernelDim": [3, 3], "Stride": [stride] * 2, "Padding": [pads] * 4}
    weights = {"SIMD": 1, "PE": 1, "weightDataType": "BIPOLAR", "inputDataType": "TERNARY", "MW": 18, "MH": 2, **shape}
    types = {"lhsDataType": "INT6", "rhsDataType": "INT4", "lhsScale": 1, "rhsScale": 1, "NumChannels": 2, "PE": 1}
    nodes = [
        helper.make_node("StepThresholding_rtl", ["x", "t"], ["s"], name="Signs", **steps),
        helper.make_node("SWG_rtl", ["s"], ["p"], name="SWG", inputDataType="BIPOLAR", domain=DOMAIN, **window),
        helper.make_node("BitMVAU_rtl", ["p", "w"], ["sums"], name="MVAU", outputDataType="INT6", **weights),
        helper.make_node("StreamAdd_rtl", ["sums", "x"], ["a"], name="Add", **types, **shape),
        helper.make_node(
            "StepThresholding_rtl", ["a", "t"], ["y"], name="Steps", **(steps | {"inputDataType": "INT7"})
        ),
    ]
    channels = {"x": 2, "y": 2, "s": 2, "p": 18, "sums": 2, "a": 2}
    x, y, *inside = (helper.make_tensor_value_info(n, 1, [*image, c]) for n, c in channels.items())
    model = ModelWrapper(qonnx_make_model(helper.make_graph(nodes, "own", [x], [y], value_info=inside)))
    model.set_initializer("t", np.array([[0], [1]], np.float32))
    model.set_initializer("w", np.random.default_rng(0).choice([-1, 1], (18, 2)).astype(np.float32))
    after = model.transform(FuseConvUnits())
    (unit,) = after.graph.node
    assert getCustomOp(unit).attr("shortcut") == shortcut
    pixels = np.random.default_rng(1).integers(-8, 8, (*image, 2))
    assert np.array_equal(execute(after, pixels), execute(model, pixels))


IMAGE: list[int] = [1, 4, 3]


def _chain(signs: dict[str, Any] | None, mvau: dict[str, Any], add: dict[str, Any] | None = None) -> ModelWrapper:
    """x, steps, the MVAU of two inputs and three sums, another tensor added, steps; by what is changed of each."""
    shape: dict[str, Any] = {"domain": DOMAIN, "backend": "fpgadataflow", "numInputVectors": IMAGE, "PE": 1}
    bits = {"inputDataType": "INT4", "outputDataType": "BIPOLAR"}
    steps: dict[str, Any] = {**shape, "numSteps": 1, "NumChannels": 2, **bits}
    of = {**shape, "SIMD": 1, "weightDataType": "BIPOLAR", "inputDataType": "BIPOLAR", "MW": 2, "MH": 3}
    types = {"lhsDataType": "INT6", "rhsDataType": "INT4", "lhsScale": 1, "rhsScale": 1, "NumChannels": 3}
    made = helper.make_node
    nodes = [made("BitMVAU_rtl", ["s", "w"], ["sums"], name="MVAU", **{**of, "outputDataType": "INT6", **mvau})]
    if signs is not None:
        nodes.insert(0, made("StepThresholding_rtl", ["x", "signs"], ["s"], name="Signs", **{**steps, **signs}))
    if add is not None:
        nodes.append(made("StreamAdd_rtl", ["sums", "other"], ["a"], name="Add", **{**shape, **types, **add}))
    ends = "sums" if add is None else "a"
    last = steps | {"inputDataType": "INT7", "NumChannels": 3}
    nodes.append(made("StepThresholding_rtl", [ends, "t"], ["y"], name="Steps", **last))
    channels = {"s" if signs is None else "x": 2, "y": 3, "s": 2, "sums": 3, "a": 3, "other": 3}
    values = {n: helper.make_tensor_value_info(n, 1, [*IMAGE, c]) for n, c in channels.items()}
    begins = ["s" if signs is None else "x", *(["other"] if add is not None else [])]
    inside = [value for name, value in values.items() if name not in (*begins, "y")]
    graph = helper.make_graph(nodes, "chain", [values[n] for n in begins], [values["y"]], value_info=inside)
    model = ModelWrapper(qonnx_make_model(graph))
    given = {"signs": [[1], [-1]], "w": [[1, -1, 1], [-1, -1, 1]], "t": [[0], [1], [-2]]}
    for name, numbers in given.items():
        model.set_initializer(name, np.array(numbers, np.float32))
    return model


@pytest.mark.parametrize(
    ("signs", "mvau", "add", "left"),
    [
        ({}, {}, None, []),
        (None, {}, None, []),
        ({}, {}, {}, []),
        ({}, {}, {"rhsScale": 0}, []),
        ({"hasTable": 1}, {}, None, ["StepThresholding"]),
        ({"inputDataType": "BIPOLAR"}, {}, None, ["StepThresholding"]),
        ({"outputDataType": "UINT1"}, {}, None, ["StepThresholding"]),
        (None, {"weightDataType": "INT2"}, None, ["BitMVAU", "StepThresholding"]),
        (None, {"inputDataType": "INT2"}, None, ["BitMVAU", "StepThresholding"]),
        (None, {"inputDataType": "TERNARY"}, None, ["BitMVAU", "StepThresholding"]),
        (None, {"numInputVectors": [1]}, None, ["BitMVAU", "StepThresholding"]),
        (None, {}, {"rhsScale": -1}, ["BitMVAU", "StreamAdd", "StepThresholding"]),
        (None, {}, {"rhsDataType": "BIPOLAR"}, ["BitMVAU", "StreamAdd", "StepThresholding"]),
    ],
)
def test_what_becomes_a_unit(
    signs: dict[str, Any] | None, mvau: dict[str, Any], add: dict[str, Any] | None, left: list[str]
) -> None:
    """Each line but the first four is one number away from a unit, or its signs from being taken in."""
    units = [] if "BitMVAU" in left else ["BitConv"]
    assert _ops(_chain(signs, mvau, add).transform(FuseConvUnits())) == [*left, *units]


def test_signs_of_signs_stay_apart() -> None:
    """A unit takes what is bipolar as it is; here batch norm turns some signs round in between."""
    model = _chain({"inputDataType": "BIPOLAR"}, {})
    after = model.transform(FuseConvUnits())
    assert _ops(after) == ["StepThresholding", "BitConv"]
    unit, pairs = getCustomOp(after.graph.node[1]), ("KernelDim", "Stride", "Dilation")
    assert [list(unit.attr(name)) for name in (*pairs, "Padding")] == [[1, 1]] * 3 + [[0] * 4]
    signs = 2 * np.random.default_rng(1).integers(0, 2, (*IMAGE, 2)) - 1
    assert np.array_equal(execute(after, signs), execute(model, signs))
