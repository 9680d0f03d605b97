"""StreamPool for HLS."""

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.pool import StreamPool_rtl
from finn_build.hls.kernel import Array, Kernel, Loop, kind
from finn_build.hls.ops._geometry import ring, window_constants


def kernel(op: StreamPool_rtl, model: ModelWrapper) -> Kernel:
    """Geometry and types; a row of results in place of the ring where windows tile the image."""
    image, pooled, rtl, window = op.streams_in()[0], op.streams_out()[0], op.rtl_parameters(), op.window
    depth = int(rtl.get("DEPTH", 1))
    constants = window_constants(window, depth) | {
        "PE": image.lanes,
        "BITS": image.dtype.bitwidth(),
        "KIND": kind(image.dtype),
        "OUT_BITS": pooled.dtype.bitwidth(),
        "OUT_KIND": kind(pooled.dtype),
        "SUM": int(op.attr("Function") == "sum"),
    }
    if not op.tiled:
        return Kernel(
            "pool", [Loop("pool", ("ins", "outs"), [ring(depth, image.width, int(rtl["RAM_STYLE"]))])], constants
        )
    until_next = (window.image[1] - window.kernel[1] + 1) * window.folds  # from a window's row to its next one
    row = Array("row", window.windows[1] * window.folds, pooled.width, "lutram", until_next)
    pixel = Array("pixel", window.folds, pooled.width, "lutram", window.folds)
    return Kernel("pool", [Loop("pool_tiles", ("ins", "outs"), [row, pixel])], constants)
