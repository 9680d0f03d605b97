"""StreamBorder for HLS."""

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.border import StreamBorder_rtl
from finn_build.hls.kernel import Array, Kernel, Loop, storage


def kernel(op: StreamBorder_rtl, model: ModelWrapper) -> Kernel:
    """Geometry, and the rows that are kept, as many as in RTL."""
    rtl = op.rtl_parameters()
    constants = {name: rtl[name] for name in ("FOLDS", "REFLECT", "H", "W", "PT", "PL", "OH", "OW")}
    constants |= {"WORDS": op.words_kept}
    image = op.streams_in()[0]
    distance = min(2, image.folds * image.shape[2])  # a row of one word is read in the next trip
    rows = Array("rows", op.words_kept, image.width, storage(int(rtl["RAM_STYLE"])), distance)
    return Kernel("border", [Loop("border", ("ins", "outs"), [rows])], constants)
