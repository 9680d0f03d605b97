"""Hardware ops, one per file, each registered with FINN when this package is imported."""

from finn_build.dataflow.ops import (  # noqa: F401
    add,
    bitconv,
    concat,
    depthtospace,
    duplicate,
    dwc,
    fifo,
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
