"""DepthToSpace for HLS."""

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.depthtospace import DepthToSpace_rtl
from finn_build.hls.kernel import Array, Kernel, Loop, storage


def kernel(op: DepthToSpace_rtl, model: ModelWrapper) -> Kernel:
    """Geometry, and the rows that are kept."""
    image, rtl, size = op.streams_in()[0], op.rtl_parameters(), op.attr("BlockSize")
    folds = op.streams_out()[0].folds
    stored = (size - 1) * size * image.shape[2] * folds
    constants = {"H": image.shape[1], "W": image.shape[2], "S": size, "FOLDS": folds, "STORED": stored}
    rows = Array("rows", stored, image.width, storage(int(rtl["RAM_STYLE"])), size * folds)
    return Kernel("depthtospace", [Loop("depthtospace", ("ins", "outs"), [rows])], constants)
