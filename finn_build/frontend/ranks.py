"""Numbers of dimensions: where a convolution's weights have others than what it reads, ONNX's shape inference aborts.

It ends the whole process then, so such files are found before, and what cannot be told is tried in a process apart.
"""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Iterator
from contextlib import suppress

import onnx
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.frontend.infer_shapes import InferShapes
from finn_build.frontend.integers.float_chain import ELEMENTWISE_OPS
from finn_build.frontend.integers.layer_names import layer_name
from finn_build.frontend.integers.quantizer import QUANTIZERS

_WEIGHTED = ("Conv", "ConvTranspose")
_AS_FIRST = {  # ops that keep the number of dimensions of what they read first
    *(*QUANTIZERS, *_WEIGHTED, "AveragePool", "DepthToSpace", "GlobalAveragePool", "GlobalMaxPool", "MaxPool"),
    *("Concat", "Pad", "Resize", "Slice", "Softmax", "Split", "Transpose", "Upsample"),
}
Ranks = tuple[int | None, int | None]


def misfits(graph: onnx.GraphProto) -> Iterator[str]:
    """A line for each convolution whose weights are known to have other dimensions than what it reads."""
    for node, (read, weights) in _convolutions(graph):
        if read and weights is not None and (read != weights or weights < 3):
            why = f"what it reads has {read} dimensions, its weights have {weights}"
            yield f"{layer_name(node)} ({node.op_type}): {why}"


def shapes_abort(model: ModelWrapper) -> bool:
    """Whether ONNX's shape inference would end this process; tried in another one where a file leaves that open."""
    if all(None not in ranks for _, ranks in _convolutions(model.graph)):
        return False
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            faulthandler.disable()
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            InferShapes().apply(model)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _convolutions(graph: onnx.GraphProto) -> Iterator[tuple[onnx.NodeProto, Ranks]]:
    """Each, with the number of dimensions of what it reads and of its weights, None where these are not known."""
    known: dict[str, int | None] = {t.name: len(t.dims) for t in graph.initializer}
    known |= {i.name: len(i.type.tensor_type.shape.dim) for i in graph.input if i.name not in known}
    for node in graph.node:
        of = node.input[:1] if node.op_type in _AS_FIRST else node.input
        read = [known.get(name) for name in of if name]
        if node.op_type in _WEIGHTED:
            yield node, (read[0] if read else None, known.get(node.input[1]) if len(node.input) > 1 else None)
        if node.op_type in ELEMENTWISE_OPS | _AS_FIRST and None not in read:
            known |= dict.fromkeys(node.output, max(filter(None, read), default=0))
