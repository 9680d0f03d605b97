"""`sf_thresholding_midpoint.sv` in Python: every signal in the width declared there, with the very words."""

from collections.abc import Mapping

import numpy as np


def _clog2(value: int) -> int:
    return max(value - 1, 0).bit_length()


def _cut(values: np.ndarray, bits: int) -> np.ndarray:
    return values & ((1 << bits) - 1)


def _signed(values: np.ndarray, bits: int) -> np.ndarray:
    return (_cut(values, bits) ^ (1 << bits - 1)) - (1 << bits - 1)


def _fields(parameter: int, bits: int, count: int) -> list[int]:
    return [(int(parameter) >> bits * k) & ((1 << bits) - 1) for k in range(count)]


def levels_of_lane(
    x: np.ndarray, images: Mapping[str, np.ndarray], p: Mapping[str, int], in_bits: int, signed: bool, out_bits: int
) -> np.ndarray:
    """Codes of the levels that lane 0 gives.

    Args:
        x: codes of the inputs, int64 [N, rows].
        images: words by name, as `MidpointForm.images` gives them.
        p: parameters of the RTL.
        in_bits, signed, out_bits: of the streams.
    """
    memory = {name: image.ravel() for name, image in images.items()}
    rows, stages, limit = np.arange(x.shape[1]), p["STAGES"], p["LIMIT"]
    x_bits, spans = _clog2(limit + 2), _fields(p["SPAN_BITS"], 6, p["STAGES"])
    v_bits, offset_bits = spans[0], 2 + max(_clog2(max(abs(p["BASE"]), limit) + 1), in_bits)
    if p["MIRRORED"]:
        x = x ^ (((1 << in_bits) - 1) * memory["mirror"][rows])
    code = x ^ (int(signed) << in_bits - 1)
    base, end = _signed(p["BASE"] + np.array([0, limit]), offset_bits)
    x_q = np.where(code < base, 0, np.where(code > end, _cut(np.array(limit), x_bits), _cut(code - base, x_bits)))
    ends = memory["ends"][rows]
    start, span = _cut(ends, x_bits), _cut(ends >> x_bits, v_bits)
    cap = _cut(ends >> x_bits + v_bits, v_bits) if p["CAPPED"] else span
    past = np.maximum(x_q - start, 0)
    v = np.where(past > cap, cap, _cut(past, v_bits))
    between, known = np.broadcast_to(span, v.shape), np.zeros_like(v)
    stored = _fields(p["DISPLACEMENT_BITS"], 6, stages)
    for k, (bits, low) in enumerate(zip(spans, _fields(p["LOWEST"], 32, stages), strict=True)):
        word = memory[str(k)][(rows << k) | known] if stored[k] else np.zeros_like(known)
        v, between = _cut(v, bits), _cut(between, bits)
        middle = _cut((between >> 1) + _signed(word + low, bits + 1), bits)
        reached = v >= middle
        v = _cut(np.where(reached, v - middle, v), v_bits)
        between = np.where(reached, _cut(between - middle, bits), middle)
        known = _cut(known << 1 | reached, stages)
    level = _cut(p["BIAS"] + known, out_bits)
    if not p["DIP_BITS"]:
        return level
    dipped = np.zeros_like(v)
    for k in range(p["DIP_BITS"]):
        dipped = _cut(dipped << 1 | (x_q >= memory[f"dip{k}"][(rows << k) | dipped]), p["DIP_BITS"])
    turn, floor = memory["turn"][rows] >> out_bits, _cut(memory["turn"][rows], out_bits)
    below = _cut(floor + _cut(abs(dipped - turn), out_bits), out_bits)
    return np.where(dipped == (1 << p["DIP_BITS"]) - 1, level, below)
