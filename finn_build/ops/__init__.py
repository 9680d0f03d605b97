"""Hardware ops, one per file, each registered with FINN when this package is imported."""

from finn_build.ops import duplicate, dwc, fifo, swg  # noqa: F401
