"""Hardware ops, one per file, each registered with FINN when this package is imported."""

from finn_build.ops import (  # noqa: F401
    add,
    bitconv,
    concat,
    duplicate,
    dwc,
    fifo,
    labelselect,
    mvau,
    pool,
    split,
    swg,
    thresholding,
    wideswg,
)
