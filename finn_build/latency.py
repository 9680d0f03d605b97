"""Latency of one frame, predicted: when the first and the last beat of every stream move.

An op gives its first beat when enough input is there (`fill_cycles` counts it at full rate; slower input stretches it),
and its last one when it has had both all its cycles and, after the last input, the time for what still depends on it.
"""

from __future__ import annotations

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.ops.base import StreamOp

_PIPELINE = 3  # registers between the last input of an op and the output it completes


def predict_latency(model: ModelWrapper) -> int:
    """Cycles from the first input beat to the last output beat of a frame through an empty design."""
    span: dict[str, tuple[float, float]] = {}
    for value in model.graph.input:
        span[value.name] = (0.0, 0.0)  # the input waits at the door: as fast as the first op takes it
    for node in model.graph.node:
        op = getCustomOp(node)
        spans = [span[node.input[k]] for k in range(len(op.streams_in()))]
        begin, end = max(s[0] for s in spans), max(s[1] for s in spans)
        stretch = max(1.0, (end - begin) / op.streams_in()[0].beats)
        first = begin + op.fill_cycles() * stretch
        last = max(first + op.get_exp_cycles() - _work_before_first(op), end + _work_after_last(model, op))
        span |= dict.fromkeys(node.output, (first, last))
    return round(max(span[o.name][1] for o in model.graph.output))


def _work_before_first(op: StreamOp) -> int:
    """Cycles of an op's own count that lie before its first output beat: an MVAU's first fold."""
    return op.get_exp_cycles() // op.streams_out()[0].beats


def _work_after_last(model: ModelWrapper, op: StreamOp) -> float:
    """Cycles between the last input beat and the last output beat; a window waits for the MVAU it feeds."""
    if op.onnx_node.op_type == "BitMVAU_rtl":
        vectors = op.streams_out()[0].beats * op.attr("PE") // op.attr("MH")
        return op.get_exp_cycles() / vectors + _PIPELINE
    if op.onnx_node.op_type in ("SWG_rtl", "WideSWG_rtl", "BitConv_rtl"):
        (h, w), (kh, kw), (top, left, *_) = op.attr("IFMDim"), op.attr("KernelDim"), op.attr("Padding")
        seen = (h * w - (kh - 1 - top) * w - (kw - left)) / (h * w)  # share of windows that needed no later pixel
        busy = op.get_exp_cycles()
        if op.onnx_node.op_type != "BitConv_rtl":
            busy = max(busy, getCustomOp(model.find_consumers(op.onnx_node.output[0])[0]).get_exp_cycles())
        return busy * (1 - seen) + _PIPELINE
    return _PIPELINE
