"""StepThresholding for HLS: by search, with or without a table, or by displacements."""

from math import prod

import numpy as np
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.arithmetic.midpoint import MidpointSteps
from finn_build.dataflow.ops._midpoint import MidpointForm
from finn_build.dataflow.ops.thresholding import StepThresholding_rtl
from finn_build.hls.kernel import Kernel, Loop, Memory, kind
from finn_build.hls.ops._steps import by_lane, padded_steps, padded_table, rom, search_tree

_BIPOLAR = DataType["BIPOLAR"]


def kernel(op: StepThresholding_rtl, model: ModelWrapper) -> Kernel:
    """Sizes, and the memories of the form that the op has chosen."""
    x, out = op.streams_in()[0], op.streams_out()[0]
    constants: dict[str, int | str] = {
        "VECTORS": prod(op.attr("numInputVectors")),
        "PE": x.lanes,
        "FOLDS": x.folds,
        "IN_BITS": x.dtype.bitwidth(),
        "IN_KIND": kind(x.dtype),
        "OUT_BITS": out.dtype.bitwidth(),
    }
    if (form := op.midpoint) is not None:
        fit = op.fit_midpoint(model, form.dipBits)
        assert fit is not None, "the form was found in these very steps"
        return _displaced(op, constants, form, fit)
    return _search(op, model, constants)


def _search(op: StepThresholding_rtl, model: ModelWrapper, constants: dict[str, int | str]) -> Kernel:
    """Thresholds counted from the least input."""
    x, out, shared, price = op.streams_in()[0], op.streams_out()[0], op.attr("sharedSteps"), op.bram_price
    thresholds, *table = (model.get_initializer(n).astype(np.int64) for n in op.onnx_node.input[1:])
    stages, channels = int(op.attr("numSteps")).bit_length(), x.lanes if shared else x.shape[-1]
    codes = 2 if x.dtype == _BIPOLAR else 2 ** x.dtype.bitwidth()
    places = (thresholds + 2) // 2 if x.dtype == _BIPOLAR else thresholds - int(x.dtype.min())
    steps = padded_steps(places, channels, stages, 0, codes)
    memories = search_tree("threshold", steps, x.dtype.bitwidth() + 1, x.lanes, price)
    functions = ["static ap_uint<OUT_BITS> table(int, int) { return 0; }"]
    if table:
        levels = padded_table(table[0], channels, stages, out.dtype == _BIPOLAR)
        memories.append(rom("table", by_lane(levels, x.lanes), out.dtype.bitwidth(), price))
        functions = []
    constants |= {"STAGES": stages, "BIAS": op.attr("outBias"), "TABLE": op.attr("hasTable"), "SHARED": shared}
    names = [m.name for m in memories]
    return Kernel(
        "thresholding", [Loop("thresholding", ("ins", "outs"), (), names)], constants, memories, functions=functions
    )


def _displaced(
    op: StepThresholding_rtl, constants: dict[str, int | str], form: MidpointForm, fit: MidpointSteps
) -> Kernel:
    """Displacements, ends and dip, as in `sf_thresholding_midpoint.sv`."""
    x, out_bits, price = op.streams_in()[0], op.streams_out()[0].dtype.bitwidth(), op.bram_price
    base, limit = form.window[0] - int(x.dtype.min()), form.window[1] - form.window[0]
    constants |= {
        "STAGES": form.stages,
        "BIAS": form.lowestLevel,
        "BASE": base,
        "LIMIT": limit,
        "OFFSET_BITS": 2 + max(abs(base).bit_length(), limit.bit_length(), x.dtype.bitwidth()),
        "CAPPED": form.capped,
        "MIRRORED": form.mirrored,
        "X_BITS": form.x_bits,
        "SPAN_BITS": form.spanBits[0],
        "ENDS_BITS": form.ends_bits,
        "DIPS": int(form.dipBits > 0),
        "DIP_BITS": max(1, form.dipBits),
    }
    memories, functions = _displaced_memories(form, fit, x.lanes, out_bits, price)
    loop = Loop("thresholding_midpoint", ("ins", "outs"), (), [m.name for m in memories])
    return Kernel("thresholding", [loop], constants, memories, functions=functions)


def _displaced_memories(
    form: MidpointForm, fit: MidpointSteps, lanes: int, out_bits: int, price: int
) -> tuple[list[Memory], list[str]]:
    ends = (fit.starts - form.window[0]) + (fit.spans << form.x_bits)
    if form.capped:
        ends = ends + (fit.caps << (form.x_bits + form.spanBits[0]))
    memories, functions = [rom("ends", by_lane(ends[:, None], lanes), form.ends_bits, price)], []
    for stage, (bits, low) in enumerate(zip(form.displacementBits, form.lowestDisplacements, strict=True)):
        values = by_lane(fit.displacements[stage] - low, lanes)
        block = rom("displaced", values, max(1, bits), price)
        memories.append(Memory("displaced", values, max(1, bits), block.impl, stage=stage, offset=low))
    if form.mirrored:
        memories.append(rom("mirror", by_lane(fit.mirrored[:, None].astype(np.int64), lanes), 1, price))
    else:
        functions.append("static ap_uint<1> mirror(int, int) { return 0; }")
    if form.dipBits:
        memories += search_tree("dip", fit.dip - form.window[0], form.x_bits, lanes, price)
        turns = fit.floors % 2**out_bits + (fit.turns << out_bits)
        memories.append(rom("turn", by_lane(turns[:, None], lanes), out_bits + form.dipBits, price))
    else:
        functions.append("static ap_uint<X_BITS> dip(int, int, int) { return 0; }")
        functions.append("static ap_uint<OUT_BITS + DIP_BITS> turn(int, int) { return 0; }")
    return memories, functions
