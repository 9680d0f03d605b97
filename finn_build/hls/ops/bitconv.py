"""BitConv for HLS: loops for signs, sums and steps side by side, with streams between them."""

from __future__ import annotations

import numpy as np
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.bitconv import BitConv_rtl
from finn_build.errors import ConfigError
from finn_build.hls.kernel import Inner, Kernel, Loop, Memory, kind
from finn_build.hls.ops._geometry import ring, window_constants
from finn_build.hls.ops._steps import by_lane, padded_steps, padded_table, rom, search_tree
from finn_build.hls.ops.mvau import by_beat

_IN_FLIGHT = 16  # beats of a shortcut more than in RTL: those that the pipelines of the loops hold
_NO_LINES = (
    "static ap_uint<TOTAL_BITS> knee(int, int) { return 0; }",
    "static ap_uint<A_BITS + D_BITS> line(int, int) { return 0; }",
)
_NO_SEARCH = ("static ap_uint<TOTAL_BITS + 1> threshold(int, int, int) { return 0; }",)
_NO_TABLE = ("static ap_uint<OUT_BITS> table(int, int) { return 0; }",)
_NO_SIGNS = ("static ap_uint<IN_BITS + 1> sign(int, int) { return 0; }",)


def kernel(op: BitConv_rtl, model: ModelWrapper) -> Kernel:
    """Geometry, types, weights by beat, and the memories of signs and steps."""
    x, rtl = op.streams_in()[0], op.rtl_parameters()
    simd, pe, mh = (op.attr(name) for name in ("SIMD", "PE", "MH"))
    acc, own = op.acc.bitwidth(), op.attr("shortcut") == "own"
    constants = window_constants(op.window, int(rtl["DEPTH"]), mh // pe) | _constants(op, model)
    names = op.onnx_node.input[len(op.streams_in()) + op.sign_steps :]
    weights = model.get_initializer(names[0]).astype(np.int64)
    impl = "bram" if op.weights_memory[2] else "lutram"
    memories = [Memory("weights", by_beat(weights, simd, pe, 1), 1, impl, True)]
    signs, no_signs = _signs(op, model)
    steps, functions = _steps(op, model)
    image = ("passed", "words") if own else ("in0", "words")
    loops = [Loop("bitconv_signs", image, (), [m.name for m in signs])]
    inner = [Inner("words", simd, 2), Inner("sums", pe * acc, 2)]
    shortcut = {"none": (), "own": ("kept",), "stream": ("in1",)}[op.attr("shortcut")]
    if own:
        loops.insert(0, Loop("bitconv_fork", ("in0", "kept", "passed")))
        inner += [Inner("passed", x.width, 2), Inner("kept", x.width, op.kept + _IN_FLIGHT)]
    loops.append(
        Loop("bitconv_sums", ("words", "sums"), [ring(int(rtl["DEPTH"]), simd, int(rtl["RAM_STYLE"]))], ["weights"])
    )
    function = "bitconv_steps" if shortcut else "bitconv_plain"
    loops.append(Loop(function, ("sums", *shortcut, "out0"), (), [m.name for m in steps]))
    return Kernel("bitconv", loops, constants, [*memories, *signs, *steps], inner, [*no_signs, *functions])


def _constants(op: BitConv_rtl, model: ModelWrapper) -> dict[str, int | str]:
    x, out, shortcut = op.streams_in()[0], op.streams_out()[0], op.attr("shortcut")
    added = op.streams_in()[1] if shortcut == "stream" else x
    a_bits, d_bits = (max(1, int(b)) for b in op.attr("affineBits"))
    affine = op.attr("affineSteps")
    return {
        "C": op.attr("IFMChannels"),
        "MH": op.attr("MH"),
        "SIMD": op.attr("SIMD"),
        "PE": op.attr("PE"),
        "IN_LANES": x.lanes,
        "LANES": out.lanes,
        "IN_BITS": x.dtype.bitwidth(),
        "IN_KIND": kind(x.dtype),
        "SIGN_STEPS": int(op.sign_steps),
        "SHORTCUT_KIND": "sf::UNSIGNED" if shortcut == "none" else kind(added.dtype),
        "SHORTCUT_SCALE": op.attr("shortcutScale"),
        "SHORTCUT_SCALE_BITS": int(op.attr("shortcutScale")).bit_length() + 1,
        "SUM_SCALE": op.attr("sumScale"),
        "SUM_SCALE_BITS": int(op.attr("sumScale")).bit_length() + 1,
        "ACC_BITS": op.acc.bitwidth(),
        "TOTAL_BITS": op.total.bitwidth(),
        "OUT_BITS": out.dtype.bitwidth(),
        "STAGES": op.stages,
        "BIAS": op.rtl_parameters()["BIAS"],
        "TABLE": int(op.attr("hasTable") and not affine),
        "AFFINE": affine,
        "FRACTION": op.attr("affineFraction"),
        "A_BITS": a_bits,
        "D_BITS": d_bits,
    }


def _signs(op: BitConv_rtl, model: ModelWrapper) -> tuple[list[Memory], tuple[str, ...]]:
    """Thresholds counted from the least input, by fold and lane."""
    if not op.sign_steps:
        return [], _NO_SIGNS
    x = op.streams_in()[0]
    bits = x.dtype.bitwidth()
    given = model.get_initializer(op.onnx_node.input[len(op.streams_in())]).astype(np.int64).reshape(-1)
    codes = np.clip(given - int(x.dtype.min()), 0, 2**bits)
    return [Memory("sign", codes.reshape(-1, x.lanes, 1), bits + 1, shared_address=True)], ()


def _steps(op: BitConv_rtl, model: ModelWrapper) -> tuple[list[Memory], list[str]]:
    """Thresholds and table, or knees and lines."""
    lanes, mh, price, total = op.attr("Lanes"), op.attr("MH"), op.bram_price, op.total.bitwidth()
    if op.attr("affineSteps"):
        fit = op.fit_affine(model, (op.attr("affineFraction"),))
        a_bits, d_bits = (int(b) for b in op.attr("affineBits"))
        if fit is None or fit.widths[0] > a_bits or fit.widths[1] > d_bits:
            raise ConfigError(
                f"{op.onnx_node.name}: affineSteps=1, but no lines of {[a_bits, d_bits]} bits give these steps; "
                "legal: 0"
            )
        words = (fit.lines[..., 1] << a_bits) + (fit.lines[..., 0] & ((1 << a_bits) - 1))
        memories = [
            rom("knee", by_lane(fit.knees[:, None], lanes), total, price),
            rom("line", by_lane(words, lanes), a_bits + d_bits, price),
        ]
        return memories, [*_NO_SEARCH, *_NO_TABLE]
    names = op.onnx_node.input[len(op.streams_in()) + op.sign_steps + 1 :]
    thresholds, *table = (model.get_initializer(n).astype(np.int64) for n in names)
    steps = padded_steps(thresholds, mh, op.stages, -(2 ** (total - 1)), 2**total)
    memories = search_tree("threshold", steps, total + 1, lanes, price)
    if not op.attr("hasTable"):
        return memories, [*_NO_LINES, *_NO_TABLE]
    out = op.streams_out()[0].dtype
    levels = padded_table(table[0], mh, op.stages, out == DataType["BIPOLAR"])
    return [*memories, rom("table", by_lane(levels, lanes), out.bitwidth(), price)], [*_NO_LINES]
