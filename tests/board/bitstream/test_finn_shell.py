"""FINN's own Zynq build takes our ops: its passes run for real, up to the vendor's tools; Vivado is the recorder."""

from pathlib import Path

import pytest
from finn.transformation.fpgadataflow import make_zynq_proj as finn
from finn.util.basic import pynq_native_port_width
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.general import GiveReadableTensorNames, GiveUniqueNodeNames
from qonnx.transformation.infer_data_layouts import InferDataLayouts

from finn_build.config import Board, load_board
from finn_build.dataflow.ops.base import StreamOp
from finn_build.dataflow.ops.finn_op import RTL_DIR
from finn_build.errors import ConfigError
from finn_build.finn.environment import prepare_finn
from finn_build.finn.shell import run_finn, without_code
from finn_build.state import Build


def _partitions(streams: ModelWrapper, board: Board, folder: Path) -> dict[str, str]:
    """What ZynqBuild does before it calls a tool: file of each partition's model by name, the DMAs' among them."""
    model = without_code(streams).transform(InferDataLayouts())
    for step in (
        finn.InsertIODMA(pynq_native_port_width[board.finn_board]),
        finn.InsertDWC(),
        finn.SpecializeLayers(board.part),
        finn.Floorplan(),
        finn.CreateDataflowPartition(partition_model_dir=str(folder)),
    ):
        model = model.transform(step).transform(GiveUniqueNodeNames()).transform(GiveReadableTensorNames())
    return {n.name: getCustomOp(n).get_nodeattr("model") for n in model.graph.node}


@pytest.mark.parametrize("name", ["pynq-z2", "zcu104"])
def test_our_ops_pass_its_ip_packaging(lowered: Build, name: str, vivado_on_path: Path, tmp_path: Path) -> None:
    """Every op's IP integrator commands name files that exist, and pins and streams that the stitched design has."""
    board = load_board(name)
    prepare_finn(tmp_path / "finn")
    assert lowered.streams is not None
    partitions = _partitions(lowered.streams, board, tmp_path / "partitions")
    ours = {k: f for k, f in partitions.items() if not ModelWrapper(f).get_nodes_by_op_type("IODMA_hls")}
    assert len(ours) == 1 and len(partitions) == 3  # between a DMA for the input and one for the output
    [(partition, file)] = ours.items()
    finn._build_sdp_kernel((partition, file, board.part, board.clk_period_ns, False))
    built = ModelWrapper(file)
    ops = [getCustomOp(n) for n in built.graph.node]
    assert len(ops) == len(lowered.streams.graph.node) and all(isinstance(op, StreamOp) for op in ops)
    log = vivado_on_path.read_text().splitlines()
    for op in ops:
        cell = f"create_bd_cell -type module -reference {op.attr('gen_top_module')} {op.onnx_node.name}"
        assert cell in log
        files = [line.split()[-1] for line in op.code_generation_ipi() if line.startswith("add_files")]
        assert files and all(Path(f).is_file() for f in files)
    streams = sum(len(op.streams_out()) for op in ops) - 1
    assert sum(line.startswith("connect_bd_intf_net") for line in log) == streams
    assert (Path(built.get_metadata_prop("vivado_stitch_proj")) / "ip" / "component.xml").is_file()


def test_missing_tools_are_named(lowered: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lowered.streams is not None
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="--shell finn needs Vivado and Vitis HLS"):
        run_finn(lowered.streams, load_board("pynq-z2"), tmp_path)


def test_every_op_of_the_library_names_rtl_that_exists() -> None:
    ops = [op for op in StreamOp.__subclasses__() if op.__module__.startswith("finn_build.dataflow.ops")]
    assert len(ops) > 10
    for op in ops:
        assert op.rtl_sources and all((RTL_DIR / source).is_file() for source in op.rtl_sources), op.__name__
