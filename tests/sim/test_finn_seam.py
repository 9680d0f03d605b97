"""FINN's own rtlsim, node by node, on Verilator."""

from pathlib import Path
from typing import Any

import finn.core.onnx_exec as oxe
import finn.xsi
import numpy as np
import pytest
from finn.transformation.fpgadataflow.prepare_ip import PrepareIP
from finn.transformation.fpgadataflow.prepare_rtlsim import PrepareRTLSim
from finn.transformation.fpgadataflow.set_exec_mode import SetExecMode
from onnx import helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.ops.base import DOMAIN
from finn_build.dataflow.stream import Stream
from finn_build.errors import SimulationError
from sim import finn_seam
from sim._waves import wave_format
from tests.sim.toy_ops import toy_model

_INT4 = DataType["INT4"]


@pytest.fixture(autouse=True)
def _installed() -> None:
    finn_seam.install()
    finn_seam.install()  # twice does no harm


def _finn_node(op_type: str, in_shape: list[int], out_shape: list[int], **attributes: Any) -> ModelWrapper:
    node = helper.make_node(
        op_type, ["x"], ["y"], name=f"{op_type}_0", domain=DOMAIN, backend="fpgadataflow", **attributes
    )
    values = [helper.make_tensor_value_info("x", 1, in_shape), helper.make_tensor_value_info("y", 1, out_shape)]
    model = ModelWrapper(qonnx_make_model(helper.make_graph([node], "one", values[:1], values[1:])))
    model.set_tensor_datatype("x", _INT4)
    model.set_tensor_datatype("y", _INT4)
    return model


def _prepared(model: ModelWrapper) -> ModelWrapper:
    """What FINN's flow does before an rtlsim."""
    model = model.transform(SetExecMode("rtlsim")).transform(PrepareIP("xc7z020clg400-1", 10))
    return model.transform(PrepareRTLSim(behav=False))


def _image(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-8, 8, (1, 5, 6, 4)).astype(np.float32)


def test_seam_is_available() -> None:
    assert finn.xsi.is_available() and finn.xsi.ensure_available()
    assert finn.xsi.SimEngine is finn_seam.Simulation


@pytest.mark.parametrize("simd", [1, 2, 4])
def test_finn_padding(simd: int) -> None:
    attributes = {"ImgDim": [5, 6], "Padding": [1, 2, 3, 0], "NumChannels": 4, "SIMD": simd}
    model = _finn_node("FMPadding_rtl", [1, 5, 6, 4], [1, 9, 8, 4], inputDataType="INT4", **attributes)
    y = oxe.execute_onnx(_prepared(model), {"x": _image(0)})["y"]
    assert np.array_equal(y, np.pad(_image(0), ((0, 0), (1, 3), (2, 0), (0, 0))))


@pytest.mark.parametrize(("width_in", "width_out"), [(4, 16), (16, 8)])
def test_finn_width_converter(width_in: int, width_out: int) -> None:
    shape = [1, 5, 6, 4]
    model = _prepared(
        _finn_node(
            "StreamingDataWidthConverter_rtl",
            shape, shape, inShape=shape, outShape=shape, inWidth=width_in, outWidth=width_out, dataType="INT4",
        )
    )  # fmt: skip
    y = oxe.execute_onnx(model, {"x": _image(1)})["y"]
    assert np.array_equal(y, _image(1))
    assert getCustomOp(model.graph.node[0]).get_nodeattr("cycles_rtlsim") >= 30


def test_our_ops_with_memory_files_forks_and_joins() -> None:
    """rtlsim by FINN equals execution in NumPy, in a graph with two outputs and two inputs per node."""
    nodes = [
        ("add", ["in"], ["a"], 3),
        ("fork", ["a"], ["b", "c"], 0),
        ("fifo", ["b"], ["d"], 8),
        ("join", ["c", "d"], ["out"], 4),
    ]
    model = toy_model(Stream((1, 4, 6), 3, DataType["INT5"]), nodes)
    x = np.random.default_rng(0).integers(-16, 16, (1, 4, 6)).astype(np.float32)
    expected = oxe.execute_onnx(model, {"in": x})["out"]
    model = _prepared(model)
    assert all(getCustomOp(node).get_nodeattr("exec_mode") == "rtlsim" for node in model.graph.node)
    assert np.array_equal(oxe.execute_onnx(model, {"in": x})["out"], expected)


def test_waves_through_finn() -> None:
    model = toy_model(Stream((1, 4, 6), 3, DataType["INT5"]), [("add", ["in"], ["out"], 3)])
    getCustomOp(model.graph.node[0]).set_nodeattr("rtlsim_trace", "default")
    model = _prepared(model)
    oxe.execute_onnx(model, {"in": np.zeros((1, 4, 6), np.float32)})
    library = Path(getCustomOp(model.graph.node[0]).get_nodeattr("rtlsim_so"))
    assert (library.parents[2] / f"add_0.{wave_format()}").stat().st_size > 300


def test_what_verilator_cannot_simulate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=r"Verilator cannot simulate x\.vhd"):
        finn.xsi.compile_sim_obj("top", ["x.vhd"], tmp_path)
