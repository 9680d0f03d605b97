"""DuplicateStreams for HLS."""

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.duplicate import DuplicateStreams_rtl
from finn_build.hls.kernel import Kernel, Loop


def kernel(op: DuplicateStreams_rtl, model: ModelWrapper) -> Kernel:
    """Beats of the stream."""
    return Kernel("duplicate", [Loop("duplicate", ("ins", "outs"))], {"BEATS": op.streams_in()[0].beats})
