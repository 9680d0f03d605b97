"""StreamSplit for HLS."""

from math import prod

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.split import DROPPED, StreamSplit_rtl
from finn_build.hls.kernel import Kernel, Loop, Memory


def kernel(op: StreamSplit_rtl, model: ModelWrapper) -> Kernel:
    """The output of each beat of a pixel."""
    outputs, selection = len(op.streams_out()), np.asarray(op.attr("Selection"))[:: op.attr("PE")]
    codes = np.where(selection == DROPPED, outputs, selection)[:, None, None]
    constants: dict[str, int | str] = {"VECTORS": prod(op.attr("numInputVectors")), "FOLDS": len(codes)}
    select = Memory("select", codes, outputs.bit_length(), shared_address=True)
    return Kernel("split", [Loop("split", ("ins", "outs"), (), ["select"])], constants, [select])
