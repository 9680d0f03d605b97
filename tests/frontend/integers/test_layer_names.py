"""Layers are called as their modules, by what either exporter records."""

import pytest
from onnx import helper

from finn_build.frontend.integers.layer_names import layer_name


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("/conv/Conv", "conv"),
        ("/stages.0/stages.0.1/conv/act_quant/Conv", "stages.0.1.conv"),
        ("/stages/conv/Conv", "stages.conv"),
        ("/conv/export_handler/Quant", "conv"),
        ("/act_quant/export_handler/Quant", "/act_quant/export_handler/Quant"),
        ("/Add", "/Add"),
        ("Conv_3", "Conv_3"),
    ],
)
def test_names_of_torchscript(name: str, wanted: str) -> None:
    assert layer_name(helper.make_node("Conv", ["x"], ["y"], name=name)) == wanted


@pytest.mark.parametrize(
    ("scopes", "wanted"),
    [
        ("['', 'features.1', 'features.1.act_quant', 'conv2d']", "features.1"),
        ("['', 'conv', 'add']", "conv"),
        ("['', 'relu']", "node_7"),
    ],
)
def test_names_of_torch_export(scopes: str, wanted: str) -> None:
    node = helper.make_node("Conv", ["x"], ["y"], name="node_7", doc_string="else")
    node.metadata_props.add(key="other", value="['', 'wrong', 'add']")
    node.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=scopes)
    assert layer_name(node) == wanted


def test_names_without_a_record() -> None:
    assert layer_name(helper.make_node("Conv", ["x"], ["y"], name="n", doc_string="layer")) == "layer"
    assert layer_name(helper.make_node("Conv", ["x"], ["y"])) == "y"
    assert layer_name(helper.make_node("Conv", [], [])) == "Conv"
