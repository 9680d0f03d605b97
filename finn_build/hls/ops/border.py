"""StreamBorder for HLS."""

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.border import StreamBorder_rtl
from finn_build.hls.kernel import Array, Kernel, Loop, storage
from finn_build.hls.ops._geometry import LAG, trips


def kernel(op: StreamBorder_rtl, model: ModelWrapper) -> Kernel:
    """Geometry, and the rows that are kept, as many as in RTL."""
    rtl = op.rtl_parameters()
    constants = {name: rtl[name] for name in ("FOLDS", "REFLECT", "H", "W", "PT", "PL", "OH", "OW")}
    image, out = op.streams_in()[0], op.streams_out()[0]
    constants |= {"WORDS": op.words_kept, **trips(out.beats, image.beats)}
    rows = Array("rows", op.words_kept, image.width, storage(int(rtl["RAM_STYLE"])), LAG)
    return Kernel("border", [Loop("border", ("ins", "outs"), [rows])], constants)
