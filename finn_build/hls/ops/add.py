"""StreamAdd for HLS."""

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.add import StreamAdd_rtl
from finn_build.hls.kernel import Kernel, Loop, kind


def kernel(op: StreamAdd_rtl, model: ModelWrapper) -> Kernel:
    """Types and factors of both operands."""
    (a, b), out = op.streams_in(), op.streams_out()[0]
    scales = {"A": op.attr("lhsScale"), "B": op.attr("rhsScale")}
    constants: dict[str, int | str] = {"BEATS": out.beats, "PE": out.lanes, "OUT_BITS": out.dtype.bitwidth()}
    for name, stream in (("A", a), ("B", b)):
        constants |= {
            f"{name}_BITS": stream.dtype.bitwidth(),
            f"{name}_KIND": kind(stream.dtype),
            f"{name}_SCALE": scales[name],
            f"{name}_SCALE_BITS": scales[name].bit_length() + 1,
        }
    return Kernel("add", [Loop("add", ("ins", "outs"))], constants)
