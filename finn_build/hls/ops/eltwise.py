"""StreamEltwise for HLS."""

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.eltwise import StreamEltwise_rtl
from finn_build.hls.kernel import Kernel, Loop, kind


def kernel(op: StreamEltwise_rtl, model: ModelWrapper) -> Kernel:
    """Types of both operands, and the function."""
    (a, b), out = op.streams_in(), op.streams_out()[0]
    constants: dict[str, int | str] = {
        "BEATS": out.beats, "PE": out.lanes, "OUT_BITS": out.dtype.bitwidth(),
        "FUNCTION": op.rtl_parameters()["FUNCTION"],
    }  # fmt: skip
    for name, stream in (("A", a), ("B", b)):
        constants |= {f"{name}_BITS": stream.dtype.bitwidth(), f"{name}_KIND": kind(stream.dtype)}
    return Kernel("eltwise", [Loop("eltwise", ("ins", "outs"))], constants)
