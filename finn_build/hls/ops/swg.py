"""SWG for HLS."""

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.swg import SWG_rtl
from finn_build.hls.kernel import Kernel, Loop
from finn_build.hls.ops._geometry import ring, window_constants


def kernel(op: SWG_rtl, model: ModelWrapper) -> Kernel:
    """Geometry and the ring, as deep as in RTL."""
    image, windows, rtl = op.streams_in()[0], op.streams_out()[0], op.rtl_parameters()
    depth = int(rtl["DEPTH"])
    constants = window_constants(op.window, depth) | {"TERNARY": int(windows.dtype != image.dtype)}
    rows = ring(depth, image.width, int(rtl["RAM_STYLE"]))
    return Kernel("swg", [Loop("swg", ("ins", "outs"), [rows])], constants)
