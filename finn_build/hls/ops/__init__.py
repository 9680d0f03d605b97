"""Every op for HLS, one per file, by its class."""

from collections.abc import Callable
from typing import Any

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.hls.kernel import Kernel
from finn_build.hls.ops import (
    add,
    bitconv,
    concat,
    depthtospace,
    duplicate,
    dwc,
    labelselect,
    mvau,
    pad,
    pool,
    split,
    swg,
    thresholding,
    upsample,
    wideswg,
)

KERNELS: dict[str, Callable[[Any, ModelWrapper], Kernel]] = {  # by op type; a FIFO is the depth of a stream
    "StreamAdd_rtl": add.kernel,
    "BitConv_rtl": bitconv.kernel,
    "StreamConcat_rtl": concat.kernel,
    "DepthToSpace_rtl": depthtospace.kernel,
    "DuplicateStreams_rtl": duplicate.kernel,
    "StreamDWC_rtl": dwc.kernel,
    "LabelSelect_rtl": labelselect.kernel,
    "BitMVAU_rtl": mvau.kernel,
    "StreamPad_rtl": pad.kernel,
    "StreamPool_rtl": pool.kernel,
    "StreamSplit_rtl": split.kernel,
    "SWG_rtl": swg.kernel,
    "StepThresholding_rtl": thresholding.kernel,
    "Upsample_rtl": upsample.kernel,
    "WideSWG_rtl": wideswg.kernel,
}
