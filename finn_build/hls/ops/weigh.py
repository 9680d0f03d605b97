"""StreamWeigh for HLS."""

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.weigh import StreamWeigh_rtl
from finn_build.hls.kernel import Kernel, Loop, Memory, kind


def kernel(op: StreamWeigh_rtl, model: ModelWrapper) -> Kernel:
    """Types, and the factors of rows and columns."""
    image, out = op.streams_in()[0], op.streams_out()[0]
    bits = int(op.factors().max()).bit_length()
    constants: dict[str, int | str] = {
        "H": image.shape[1], "W": image.shape[2], "FOLDS": image.folds, "PE": image.lanes,
        "BITS": image.dtype.bitwidth(), "KIND": kind(image.dtype), "OUT_BITS": out.dtype.bitwidth(),
        "FACTOR_BITS": bits + 1,
    }  # fmt: skip
    memories = [
        Memory(name, np.asarray(op.attr(attribute))[:, None, None], bits, shared_address=True)
        for name, attribute in (("row_factor", "RowFactors"), ("column_factor", "ColumnFactors"))
    ]
    loop = Loop("weigh", ("ins", "outs"), (), [memory.name for memory in memories])
    return Kernel("weigh", [loop], constants, memories)
