"""StreamPad for HLS."""

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.pad import StreamPad_rtl
from finn_build.hls.kernel import Kernel, Loop

_CANVAS = ("BITS", "FILL", "PE", "FOLDS", "CH", "CW", "IT", "IL", "IH", "IW", "OT", "OL", "OH", "OW")


def kernel(op: StreamPad_rtl, model: ModelWrapper) -> Kernel:
    """Sizes and places of canvas, input and output."""
    rtl = op.rtl_parameters()
    return Kernel("pad", [Loop("pad", ("ins", "outs"))], {name: rtl[name] for name in _CANVAS})
