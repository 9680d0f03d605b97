"""Upsample for HLS."""

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.upsample import Upsample_rtl
from finn_build.hls.kernel import Array, Kernel, Loop, storage


def kernel(op: Upsample_rtl, model: ModelWrapper) -> Kernel:
    """Geometry, and the row or the pixel that is kept."""
    image, rtl = op.streams_in()[0], op.rtl_parameters()
    words = 1 if rtl["ZEROS"] else image.folds * (image.shape[2] if op.attr("Scale")[0] > 1 else 1)
    constants = {name: rtl[name] for name in ("FOLDS", "W", "SY", "SX", "ZEROS", "TERNARY")}
    constants |= {"H": image.shape[1], "WORDS": words}
    row = Array("row", words, image.width, storage(int(rtl["RAM_STYLE"])), image.folds)
    return Kernel("upsample", [Loop("upsample", ("ins", "outs"), [row])], constants)
