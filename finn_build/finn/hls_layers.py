"""`--impl finn-hls`: the integer graph on FINN's own hardware layers, as C++ for Vitis HLS."""

import copy
import os
import shutil
from pathlib import Path

from finn.transformation.fpgadataflow.convert_to_hw.binary_matrix_vector_activation import (
    InferBinaryMatrixVectorActivation,
)
from finn.transformation.fpgadataflow.convert_to_hw.conv_inp_gen import InferConvInpGen
from finn.transformation.fpgadataflow.convert_to_hw.duplicate_streams import InferDuplicateStreamsLayer
from finn.transformation.fpgadataflow.convert_to_hw.elementwise_binary_operation import (
    InferElementwiseBinaryOperation,
)
from finn.transformation.fpgadataflow.convert_to_hw.label_select import InferLabelSelectLayer
from finn.transformation.fpgadataflow.convert_to_hw.pool import InferPool
from finn.transformation.fpgadataflow.convert_to_hw.quantized_matrix_vector_activation import (
    InferQuantizedMatrixVectorActivation,
)
from finn.transformation.fpgadataflow.convert_to_hw.thresholding import InferThresholdingLayer
from finn.transformation.fpgadataflow.minimize_accumulator_width import MinimizeAccumulatorWidth
from finn.transformation.fpgadataflow.minimize_weight_bit_width import MinimizeWeightBitWidth
from finn.transformation.fpgadataflow.specialize_layers import SpecializeLayers
from finn.transformation.move_reshape import RemoveCNVtoFCFlatten
from finn.transformation.streamline.absorb import AbsorbAddIntoMultiThreshold, AbsorbMulIntoMultiThreshold
from finn.transformation.streamline.round_thresholds import RoundAndClipThresholds
from finn.util.basic import getHWCustomOp
from finn.util.exception import FINNUserError
from onnx import NodeProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.base import CustomOp
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation
from qonnx.transformation.bipolar_to_xnor import ConvertBipolarMatMulToXnorPopcount
from qonnx.transformation.general import GiveUniqueNodeNames
from qonnx.transformation.infer_datatypes import InferDataTypes
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.lower_convs_to_matmul import LowerConvsToMatMul

from finn_build.errors import UnsupportedModelError
from finn_build.finn.environment import prepare_finn
from finn_build.finn.guards._three_valued import widen_source
from finn_build.finn.guards.acc_pool import SumPoolToAccPool
from finn_build.finn.guards.arg_max_to_top_k import ArgMaxToTopK
from finn_build.finn.guards.binary_inputs import WidenBinaryInputs
from finn_build.finn.guards.bipolar_thresholding import InferBipolarThresholding
from finn_build.finn.guards.bipolar_weights import KeepBipolarWeights
from finn_build.finn.guards.channels_last import ChannelsLast
from finn_build.finn.guards.max_pool_nhwc import MaxPoolToNHWC
from finn_build.finn.guards.one_bit_for_xnor_only import OneBitForXnorOnly
from finn_build.finn.guards.pad_bipolar_exact import PadBipolarExact
from finn_build.finn.guards.pool_accumulator import WidenPoolAccumulator
from finn_build.finn.guards.xnor_accumulator import WidenXnorAccumulator

_SUPPORTED = frozenset(
    {"Conv", "MatMul", "MultiThreshold", "MaxPool", "SumPool", "Add", "Mul", "Flatten", "Reshape", "ArgMax"}
)
_HARDWARE = "finn.custom_op.fpgadataflow"
_MAX_FOLD = 1024  # largest MW / SIMD that MVAU_hls generates code for

LAYOUT: tuple[Transformation, ...] = (
    LowerConvsToMatMul(),
    MaxPoolToNHWC(),
    SumPoolToAccPool(),
    ArgMaxToTopK(),
    ChannelsLast(),  # after all that brings its own transposes
)
ONE_BIT: tuple[Transformation, ...] = (
    PadBipolarExact(),
    OneBitForXnorOnly(),
    ConvertBipolarMatMulToXnorPopcount(),  # only once the two above have hidden what it gets wrong
    WidenBinaryInputs(),
    AbsorbAddIntoMultiThreshold(),  # a popcount p stands for 2p - K: first K, ...
    AbsorbMulIntoMultiThreshold(),  # ... then 2 go into the thresholds behind it
    RoundAndClipThresholds(),
)
HARDWARE: tuple[Transformation, ...] = (
    InferBinaryMatrixVectorActivation(),
    InferQuantizedMatrixVectorActivation(),
    InferBipolarThresholding(),  # the bipolar thresholds that no MVAU took in
    InferThresholdingLayer(),
    InferPool(),
    InferConvInpGen(),  # after InferPool, which makes windows too
    InferElementwiseBinaryOperation(),
    InferLabelSelectLayer(),
    InferDuplicateStreamsLayer(),
    RemoveCNVtoFCFlatten(),
)
WIDTHS: tuple[Transformation, ...] = (
    MinimizeWeightBitWidth(),
    KeepBipolarWeights(),
    MinimizeAccumulatorWidth(),
    WidenXnorAccumulator(),
    WidenPoolAccumulator(),
    RoundAndClipThresholds(),  # clips to the accumulators: only once they are right
)


def lower_to_finn_hls(model: ModelWrapper, part: str, clk_ns: float, out_dir: Path) -> ModelWrapper:
    """Lower an integer graph to FINN's hardware layers, HLS where FINN has it, and write their C++.

    Folding is the smallest that FINN accepts; its SetFolding, InsertDWC and InsertFIFO take it from here.
    Synthesis is not run here; the metadata `not_run` of the result says why (`synthesis_blocker`).

    Args:
        model: Integer graph in NCHW (Conv, MatMul, MultiThreshold, MaxPool, SumPool, Add, Mul by a constant,
            Flatten, ArgMax); not changed.
        part: FPGA part, e.g. `xc7z020clg400-1`.
        clk_ns: Clock period in ns.
        out_dir: One folder per layer is written here, and `hls.onnx`.

    Returns:
        Graph of FINN's layers; its inputs and outputs keep their shapes, by a Transpose at each 4-D one.

    Raises:
        UnsupportedModelError: Nodes that FINN's layers cannot compute exactly, all of them listed.
    """
    _refuse_unsupported(model)
    if "FINN_BUILD_DIR" not in os.environ:
        prepare_finn(out_dir)
    try:
        lowered = _lower(copy.deepcopy(model), part)
    except FINNUserError as error:
        raise UnsupportedModelError(f"--impl finn-hls: {error}; build with --impl hls") from error
    _refuse_leftovers(lowered)
    for node in lowered.graph.node:
        if node.domain.startswith(_HARDWARE):
            _write_code(lowered, node, part, clk_ns, out_dir)
    lowered.set_metadata_prop("not_run", f"HLS synthesis: {synthesis_blocker()}")
    lowered.save(str(out_dir / "hls.onnx"))
    return lowered


def synthesis_blocker() -> str:
    """Why the C++ has not been synthesised: what this machine lacks for it, or the step that is left to the user."""
    if not any(shutil.which(tool) for tool in ("vitis_hls", "vitis-run", "v++")):
        return "Vitis HLS (vitis_hls, vitis-run or v++) is not on PATH; C++ generated, not synthesised"
    if "XILINX_VIVADO" not in os.environ:
        return "XILINX_VIVADO is not set; source Vivado's settings64.sh"
    library = Path(os.environ.get("FINN_DEPS", "")) / "finn-hlslib"
    if not library.is_dir():
        return f"{library} is missing; clone github.com/Xilinx/finn-hlslib there or set FINN_DEPS"
    return "not started; apply FINN's HLSSynthIP to hls.onnx"


def _lower(model: ModelWrapper, part: str) -> ModelWrapper:
    """All passes in order; the graph's input keeps its values, so -1/+1 there is not re-encoded to 0/1."""
    for info in model.graph.input:
        if model.get_tensor_datatype(info.name) == DataType["BIPOLAR"]:
            widen_source(model, info.name)
    for step in (GiveUniqueNodeNames(), InferShapes(), InferDataTypes(), *LAYOUT, *ONE_BIT, *HARDWARE):
        model = model.transform(step)
    for node in model.graph.node:
        if node.domain == _HARDWARE:
            getCustomOp(node).set_nodeattr("preferred_impl_style", "hls")
    for step in (SpecializeLayers(part), *WIDTHS, GiveUniqueNodeNames()):
        model = model.transform(step)
    for node in model.graph.node:
        if node.op_type == "MVAU_hls":
            _fold_least(getCustomOp(node))
    return model


def _fold_least(mvau: CustomOp) -> None:
    """Set the fewest SIMD lanes that FINN accepts for HLS synthesis: MW / SIMD of at most 1024."""
    width = mvau.get_nodeattr("MW")
    mvau.set_nodeattr("SIMD", next(s for s in range(1, width + 1) if width % s == 0 and s * _MAX_FOLD >= width))


def _refuse_unsupported(model: ModelWrapper) -> None:
    """Raise with every node that FINN's layers cannot compute, why, and the cure."""
    problems = [f"{node.name or node.op_type}: {why}" for node in model.graph.node if (why := _problem(model, node))]
    if problems:
        raise UnsupportedModelError(
            "--impl finn-hls cannot build: " + "; ".join(problems) + ". Cure: build with --impl hls"
        )


def _problem(model: ModelWrapper, node: NodeProto) -> str | None:
    """What is wrong with a node, or None."""
    if node.op_type == "StepTable":
        return "a non-monotone activation (steps with a table), for which FINN has no layer"
    if any(model.get_tensor_shape(name) is None for name in (*node.input, *node.output)):
        return "a tensor of unknown shape; give the graph a fixed input shape that its layers fit"
    if node.op_type not in _SUPPORTED:
        return f"op {node.op_type} has no layer; legal: {', '.join(sorted(_SUPPORTED))}"
    given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    if node.op_type == "Conv" and (given.get("group", 1) != 1 or set(given.get("dilations", [1])) != {1}):
        return "a grouped or dilated convolution"
    constants = [value for name in node.input if (value := model.get_initializer(name)) is not None]
    if node.op_type == "Mul" and (not constants or constants[0].min() < 0):
        return "a product of two tensors, or a difference"
    if node.op_type == "SumPool" and {"row_factors", "column_factors"} & given.keys():
        return "an average pool whose windows hold different numbers of pixels"
    if node.op_type == "MaxPool":
        signed = model.get_tensor_datatype(node.input[0]).min() != 0
        if signed and any(given.get("pads", [0])):
            return "a padded max pool of signed values (FINN pads with 0 only)"
        if given.get("ceil_mode", 0):
            return "a max pool with ceil_mode=1"
        if any(k < s for k, s in zip(given["kernel_shape"], given.get("strides", [1, 1]), strict=True)):
            return "a max pool whose stride is larger than its kernel"
    return None


def _refuse_leftovers(model: ModelWrapper) -> None:
    """Only layout changes at the ends of the graph may be left to the host."""
    ends = {info.name for info in (*model.graph.input, *model.graph.output)}
    left = [n for n in model.graph.node if not n.domain.startswith(_HARDWARE)]
    inner = [
        n for n in left if n.op_type not in ("Transpose", "Flatten", "Reshape") or not ends & {*n.input, *n.output}
    ]
    if inner:
        names = ", ".join(f"{n.name} ({n.op_type})" for n in inner)
        raise UnsupportedModelError(f"--impl finn-hls: FINN took no layer for {names}; build with --impl hls")


def _write_code(model: ModelWrapper, node: NodeProto, part: str, clk_ns: float, out_dir: Path) -> None:
    """Generate a layer's C++ (or RTL, where FINN has nothing else) in a folder with its name."""
    folder = out_dir / node.name
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    layer = getHWCustomOp(node)
    layer.set_nodeattr("code_gen_dir_ipgen", str(folder))
    layer.code_generation_ipgen(model, part, clk_ns)
