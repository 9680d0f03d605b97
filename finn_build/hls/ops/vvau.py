"""StreamVVAU for HLS."""

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.vvau import StreamVVAU_rtl
from finn_build.hls.kernel import Kernel, Loop, Memory, kind
from finn_build.hls.ops._geometry import ring, window_constants


def kernel(op: StreamVVAU_rtl, model: ModelWrapper) -> Kernel:
    """Geometry, types, the ring, and the weights by beat: those of one bit are 1 for +1."""
    image, sums, rtl, weight_type = op.streams_in()[0], op.streams_out()[0], op.rtl_parameters(), op.weight_type
    words, bits, depth = op.weights_by_beat(model), weight_type.bitwidth(), op.ring[0]
    constants = window_constants(op.window, depth) | {
        "PE": image.lanes,
        "BITS": image.dtype.bitwidth(),
        "KIND": kind(image.dtype),
        "WEIGHT_BITS": bits,
        "WEIGHT_KIND": kind(weight_type),
        "ACC_BITS": sums.dtype.bitwidth(),
        "WORDS": len(words),
    }
    values = (words > 0).astype(words.dtype) if bits == 1 else words
    impl = "bram" if op.block_weights else "lutram"
    memory = Memory("weights", values[:, :, None], bits, impl, True)
    rows = ring(depth, image.width, int(rtl["RAM_STYLE"]))
    return Kernel("vvau", [Loop("vvau", ("ins", "outs"), [rows], ["weights"])], constants, [memory])
