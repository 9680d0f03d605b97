"""BitConv and BitMVAU as their RTL computes: every signal in the width declared there, memories read from the files."""

from collections.abc import Mapping

import numpy as np
from qonnx.core.datatype import BaseDataType
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.dataflow.ops.bitconv import BitConv_rtl
from finn_build.dataflow.ops.mvau import BitMVAU_rtl

Files = Mapping[str, list[str]]


def cut(values: np.ndarray | int, bits: int) -> np.ndarray:
    """The low bits."""
    return np.asarray(values) & ((1 << bits) - 1)


def signed(values: np.ndarray | int, bits: int) -> np.ndarray:
    """The low bits, read in two's complement."""
    return (cut(values, bits) ^ (1 << bits - 1)) - (1 << bits - 1)


def decoded(codes: np.ndarray, dtype: BaseDataType) -> np.ndarray:
    """What the bits of a stream mean."""
    if dtype.name == "BIPOLAR":
        return 2 * codes - 1
    return signed(codes, dtype.bitwidth()) if dtype.signed() else cut(codes, dtype.bitwidth())


def _memory(files: Files, name: str) -> np.ndarray:
    return np.array([int(word, 16) for word in files[name]], object)


def bitconv_levels(op: BitConv_rtl, model: ModelWrapper, x: np.ndarray, added: np.ndarray | None) -> np.ndarray:
    """Levels of one frame, (1, OH, OW, MH), from its image and the stream of shortcuts where there is one."""
    p, files, node = op.rtl_parameters(), op.memory_files(model), op.onnx_node.name
    signs = x
    if p["SIGN_STEPS"]:
        bits, dtype = int(p["IN_BITS"]), op.streams_in()[0].dtype
        words, lanes = _memory(files, f"{node}_sign.mem"), int(p["IN_LANES"])
        fields = np.array([w >> (bits + 1) * k & (1 << bits + 1) - 1 for w in words for k in range(lanes)], np.int64)
        signs = np.where(cut(x - int(dtype.min()), bits) >= fields, 1, -1)
    weights = model.get_initializer(op.weights()).astype(np.int64)
    sums = op.window.patches(signs, 0).reshape(*op.streams_out()[0].shape[:-1], -1) @ weights
    total = signed(sums, int(p["ACC_BITS"])) * int(p["SUM_SCALE"])
    if p["SHORTCUT"]:
        other = x if added is None else added
        codes = cut(other, int(p["SHORTCUT_BITS"]))
        total = total + int(p["SHORTCUT_SCALE"]) * (
            signed(codes, int(p["SHORTCUT_BITS"])) if p["SHORTCUT_SIGNED"] else codes
        )
    total = signed(total, int(p["TOTAL_BITS"]))
    lanes = int(p["LANES"])
    levels = np.empty_like(total)
    for channel in range(total.shape[-1]):
        row, lane = divmod(channel, lanes)
        files_of = [_memory(files, name) for n in ("step", "table") if (name := f"{node}_{n}_{lane}.mem") in files]
        count = _divided if p["AFFINE"] else _searched
        levels[..., channel] = count(p, files_of, row, total[..., channel])
    return decoded(levels, op.streams_out()[0].dtype)


def _late(words: np.ndarray, at: np.ndarray, bits: int, paired: int) -> np.ndarray:
    """sf_rom_late.sv: two words at a place where `paired`, the even one low."""
    return cut(words[at >> paired] >> bits * (at & paired), bits).astype(np.int64)


def _searched(p: Mapping[str, int | str], files: list[np.ndarray], row: int, total: np.ndarray) -> np.ndarray:
    """sf_bitconv_steps.sv."""
    bits, stages, paired = int(p["TOTAL_BITS"]), int(p["STEPS"]).bit_length(), int(p["PAIRED"])
    code, node = cut(total ^ (1 << bits - 1), bits), np.ones_like(total)
    for _ in range(stages):
        at = (row << stages) + node if stages > 1 else np.full_like(node, row)
        node = node << 1 | (code >= _late(files[0], at, bits + 1, paired & 1))
    count = cut(node, stages)
    if p["TABLE"]:
        return _late(files[1], (row << stages) + count, int(p["OUT_BITS"]), paired >> 1)
    return cut(int(p["BIAS"]) + count, int(p["OUT_BITS"]))


def _divided(p: Mapping[str, int | str], files: list[np.ndarray], row: int, total: np.ndarray) -> np.ndarray:
    """sf_bitconv_affine.sv."""
    a_bits, d_bits, fraction = int(p["A_BITS"]), int(p["D_BITS"]), int(p["FRACTION"])
    r_bits = max(int(p["TOTAL_BITS"]) + fraction, a_bits, d_bits)
    right = (total >= signed(files[0][row], int(p["TOTAL_BITS"]))).astype(np.int64)
    lines = _late(files[1], 2 * row + right, a_bits + d_bits, int(p["PAIRED"]) >> 1)
    a, d = signed(lines, a_bits), signed(lines >> a_bits, d_bits)
    falls = d < 0
    following = signed((total << fraction) - a, r_bits + 1)
    outgrown, sign = np.zeros_like(right, bool), np.zeros_like(right, bool)
    count = np.zeros_like(right)
    for _ in range(int(p["STEPS"]).bit_length()):
        sign = np.where(outgrown, sign, following < 0)
        outgrown |= signed(following, r_bits) != following
        one = sign == falls
        count = count << 1 | one
        following = signed(2 * signed(following, r_bits) + np.where(one, -d, d), r_bits + 1)
    return cut(int(p["BIAS"]) + count, int(p["OUT_BITS"]))


def mvau_sums(op: BitMVAU_rtl, model: ModelWrapper, x: np.ndarray) -> np.ndarray:
    """Sums of vectors, [N, MH] from [N, MW]."""
    p, files = {k: v for k, v in op.rtl_parameters().items() if isinstance(v, int)}, op.memory_files(model)
    node, acc, simd, pe = op.onnx_node.name, p["ACC_BITS"], p["SIMD"], p["PE"]
    words, start = _memory(files, f"{node}_weights.mem"), np.zeros((p["MH"] // pe, pe), np.int64)
    if f"{node}_init.mem" in files:
        fields = [[w >> acc * k & (1 << acc) - 1 for k in range(pe)] for w in _memory(files, f"{node}_init.mem")]
        start = np.array(fields, np.int64)
    out, folds = np.empty((len(x), p["MH"]), np.int64), p["MW"] // simd
    count = _products if p["WBITS"] > 1 else _signs
    for nf in range(p["MH"] // pe):
        beats = [x[:, simd * sf : simd * (sf + 1)] for sf in range(folds)]
        out[:, nf * pe : nf * pe + pe] = count(p, beats, words[nf * folds : (nf + 1) * folds], start[nf])
    return decoded(out, op.streams_out()[0].dtype)


def _signs(p: Mapping[str, int], beats: list[np.ndarray], words: np.ndarray, start: np.ndarray) -> np.ndarray:
    """sf_mvau_pe.sv and sf_mvau_signs.sv."""
    simd, planes = p["SIMD"], 1 if p["MASKED"] else p["ABITS"]
    drop = int(p["BIPOLAR"] and not (p["MASKED"] and simd % 2))
    bits, count_bits = p["ACC_BITS"] - drop, int(simd * (2**planes - 1)).bit_length()
    sums = []
    for row in range(p["PE"]):
        acc = cut(-((p["MW"] + drop) >> drop) if p["BIPOLAR"] else start[row], bits)
        for x, word in zip(beats, words, strict=True):
            code = (x > 0).astype(np.int64) if p["BIPOLAR"] else cut(x, planes)
            w = np.array([word >> row * simd + lane & 1 for lane in range(simd)], np.int64)
            inverted = [int(not (p["SIGNED"] and b == planes - 1)) for b in range(planes)]
            agree = [((code >> b & 1) ^ w ^ inverted[b]).sum(axis=1) << b for b in range(planes)]
            count = cut(sum(agree), count_bits)
            dot = cut(count << 1 if p["BIPOLAR"] and not drop else count, bits)
            acc = cut(acc + np.where(p["MASKED"] and x[:, 0] == 0, cut(simd >> drop, bits), dot), bits)
        sums.append(acc << 1 | p["MW"] % 2 if drop else acc)
    return np.stack(sums, axis=1)


def _products(p: Mapping[str, int], beats: list[np.ndarray], words: np.ndarray, start: np.ndarray) -> np.ndarray:
    """sf_mvau_rows.sv and sf_mvau_dots.sv, the guard's parity as what it stands for."""
    simd, wbits, xbits = p["SIMD"], p["WBITS"], p["ABITS"] + p["BIPOLAR"]
    pairs, upper = p["PE"] // 2 if p["SHIFT"] else 0, wbits + (not p["NARROW"])
    part_bits = xbits + wbits + (p["CHAIN"] - 1).bit_length()
    rows = [(2 * r, 2, r * simd * (wbits + upper)) for r in range(pairs)]
    rest = pairs * simd * (wbits + upper)
    rows += [(2 * pairs + r, 1, rest + r * simd * wbits) for r in range(p["PE"] - 2 * pairs)]
    out = np.broadcast_to(start, (len(beats[0]), p["PE"])).copy()
    for first, sharing, at in rows:
        lane_bits = wbits + upper if sharing == 2 else wbits
        for x, word in zip(beats, words, strict=True):
            factor = x if p["SIGNED"] or p["BIPOLAR"] else x - 2 ** (xbits - 1)
            assert np.array_equal(factor, signed(factor, xbits))
            lanes = np.array([word >> at + lane * lane_bits & (1 << lane_bits) - 1 for lane in range(simd)], np.int64)
            for c in range(0, simd, p["CHAIN"]):
                xs, ws = factor[:, c : c + p["CHAIN"]], lanes[c : c + p["CHAIN"]]
                if sharing == 1:
                    out[:, first] += signed((xs * signed(ws, wbits)).sum(axis=1), part_bits)
                    continue
                shared = signed(
                    cut(signed(ws, wbits), p["SHIFT"]) | cut(ws >> wbits, upper) << p["SHIFT"], p["SHIFT"] + upper
                )
                chain = signed((xs * shared).sum(axis=1), p["SHIFT"] + part_bits)
                high = ws >> wbits & 1 ^ ws >> wbits - 1 & 1  # the lowest bit of the upper row's weight
                odd = cut((xs * high).sum(axis=1), 1)
                top = cut(chain >> p["SHIFT"], 1) ^ odd if p["GUARD"] else cut(chain >> p["SHIFT"] - 1, 1)
                low = cut(chain, p["SHIFT"]) - (top << p["SHIFT"])
                out[:, first] += signed(low, part_bits)
                out[:, first + 1] += signed(chain >> p["SHIFT"], part_bits) + top
    return cut(out, p["ACC_BITS"])
