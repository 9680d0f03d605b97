"""Data width converter for HLS."""

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.dwc import StreamDWC_rtl
from finn_build.hls.kernel import Kernel, Loop


def kernel(op: StreamDWC_rtl, model: ModelWrapper) -> Kernel:
    """Beats of the narrow side."""
    beats = max(op.streams_in()[0].beats, op.streams_out()[0].beats)
    return Kernel("dwc", [Loop("dwc", ("ins", "outs"))], {"BEATS": beats})
