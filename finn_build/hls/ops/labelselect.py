"""LabelSelect for HLS."""

from math import prod

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.labelselect import LabelSelect_rtl
from finn_build.hls.kernel import Kernel, Loop, kind


def kernel(op: LabelSelect_rtl, model: ModelWrapper) -> Kernel:
    """Sizes and type of the values."""
    x = op.streams_in()[0]
    constants: dict[str, int | str] = {
        "VECTORS": prod(x.shape[:-1]),
        "LABELS": op.attr("Labels"),
        "PE": x.lanes,
        "BITS": x.dtype.bitwidth(),
        "KIND": kind(x.dtype),
    }
    return Kernel("labelselect", [Loop("labelselect", ("ins", "outs"))], constants)
