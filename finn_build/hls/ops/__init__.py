"""Every op for HLS: `kernel` of the file here that has the stem of the op's own."""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from qonnx.core.modelwrapper import ModelWrapper

import finn_build.dataflow.ops  # noqa: F401  (registers the ops)
from finn_build.dataflow.ops.base import StreamOp
from finn_build.hls.kernel import Kernel

_STEMS = {found.name for found in iter_modules(__path__)}
KERNELS: dict[str, Callable[[Any, ModelWrapper], Kernel]] = {  # by op type; a FIFO is the depth of a stream
    op.__name__: import_module(f"{__name__}.{stem}").kernel
    for op in StreamOp.__subclasses__()
    if (stem := op.__module__.rpartition(".")[2]) in _STEMS
}
