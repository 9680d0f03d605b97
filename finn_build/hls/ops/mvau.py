"""BitMVAU for HLS."""

from math import prod

import numpy as np
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.mvau import BitMVAU_rtl
from finn_build.hls.kernel import Array, Kernel, Loop, Memory, kind, storage


def kernel(op: BitMVAU_rtl, model: ModelWrapper) -> Kernel:
    """Sizes, types, and the weights by beat: those of one bit are one word a row, 1 for +1."""
    x, sums, rtl = op.streams_in()[0], op.streams_out()[0], op.rtl_parameters()
    mw, mh, simd, pe = (op.attr(name) for name in ("MW", "MH", "SIMD", "PE"))
    weights = model.get_initializer(op.onnx_node.input[1]).astype(np.int64)
    weight_type = DataType[op.attr("weightDataType")]
    constants: dict[str, int | str] = {
        "VECTORS": prod(op.attr("numInputVectors")),
        **{"MW": mw, "MH": mh, "SIMD": simd, "PE": pe},
        "IN_BITS": x.dtype.bitwidth(),
        "IN_KIND": kind(x.dtype),
        "WEIGHT_BITS": weight_type.bitwidth(),
        "ACC_BITS": sums.dtype.bitwidth(),
    }
    impl = "bram" if rtl["BLOCK_WEIGHTS"] else "lutram"
    words, bits = by_beat(weights, simd, pe, weight_type.bitwidth()), weight_type.bitwidth()
    memory = Memory("weights", words if bits == 1 else words.reshape(len(words), -1, 1), bits, impl, True)
    vector = Array("vector", mw // simd, x.width, storage(int(rtl["RAM_STYLE"])), mw // simd)
    return Kernel("mvau", [Loop("mvau", ("ins", "outs"), [vector], ["weights"])], constants, [memory])


def by_beat(weights: np.ndarray, simd: int, pe: int, bits: int) -> np.ndarray:
    """Weights [MW, MH] as [NF * SF, PE, SIMD]; those of one bit as 0 and 1."""
    mw, mh = weights.shape
    words = weights.T.reshape(mh // pe, pe, mw // simd, simd).transpose(0, 2, 1, 3).reshape(-1, pe, simd)
    return (words > 0).astype(np.int64) if bits == 1 else words
