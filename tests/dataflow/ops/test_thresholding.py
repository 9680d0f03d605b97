from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qonnx.core.datatype import DataType

from finn_build.arithmetic.midpoint import fit_midpoint
from finn_build.arithmetic.step_function import StepFunction, compile_steps
from finn_build.dataflow.ops._memory import hex_words
from finn_build.dataflow.ops._midpoint import MidpointForm, midpoint_attributes
from finn_build.errors import ConfigError, UnsupportedModelError
from tests.dataflow.ops.midpoint_widths import levels_of_lane
from tests.dataflow.ops.op_case import FRAMES, OpBench, OpCase, OpChecks, Reference

CHANNELS = 6


def _reference(x: np.ndarray, thresholds: np.ndarray, table: np.ndarray | None = None, bias: int = 0) -> np.ndarray:
    """By counting, with nothing of the implementation: no sorting, no search."""
    out = np.empty_like(x)
    for index in np.ndindex(x.shape):
        row = index[-1] if len(thresholds) > 1 else 0
        count = int((x[index] >= thresholds[row]).sum())
        out[index] = bias + count if table is None else table[row, count]
    return out


def steps(
    in_dtype: str, out_dtype: str, count: int, pe: int = 1, bias: int = 0, table: bool = False, shared: bool = False
) -> OpCase:
    rng = np.random.default_rng(count * 31 + pe)
    dtype, out = DataType[in_dtype], DataType[out_dtype]
    rows = 1 if shared else CHANNELS
    low, high = int(dtype.min()) - 1, int(dtype.max()) + 1  # beyond the range on both sides: always and never reached
    thresholds = np.sort(rng.integers(low, high + 1, (rows, count)), axis=1)  # repeated ones too
    parameters = [(thresholds, DataType["INT32"])]
    levels = None
    if table:
        levels = rng.integers(int(out.min()), int(out.max()) + 1, (rows, count + 1))
        levels = np.where(levels >= 0, 1, -1) if out_dtype == "BIPOLAR" else levels
        parameters.append((levels, out))
    attributes = {
        "NumChannels": CHANNELS, "PE": pe, "numSteps": count, "numInputVectors": [1, 3, 5], "inputDataType": in_dtype,
        "outputDataType": out_dtype, "outBias": bias, "hasTable": int(table), "sharedSteps": int(shared),
    }  # fmt: skip

    def reference(x: np.ndarray, *_: np.ndarray) -> np.ndarray:
        counted = _reference(x, thresholds, levels, bias)
        return 2 * counted - 1 if out_dtype == "BIPOLAR" and not table else counted

    return OpCase(attributes, reference, parameters)


def displaced(
    levels: Reference, in_dtype: str, out_dtype: str, channels: int, dip_bits: int, pe: int = 1,
    vectors: Sequence[int] = (1, 3, 5),
) -> OpCase:  # fmt: skip
    """A function of every channel, as displacements."""
    dtype = DataType[in_dtype]
    found = compile_steps(levels, np.full(channels, dtype.min()), np.full(channels, dtype.max()))
    tables = [] if found.table is None else [(found.table, DataType[out_dtype])]
    attributes = {
        "NumChannels": channels, "PE": pe, "numSteps": found.steps, "numInputVectors": list(vectors),
        "inputDataType": in_dtype, "outputDataType": out_dtype, "outBias": found.bias, "hasTable": len(tables),
    }  # fmt: skip
    case = OpCase(attributes, levels, [(found.thresholds, DataType["INT32"]), *tables])
    bench = OpBench("StepThresholding_rtl", [case])
    fit = bench.ops[0].fit_midpoint(bench.model, dip_bits)
    formats = fit and midpoint_attributes(fit)
    assert formats
    return replace(case, attributes=attributes | formats)


def rsilu(
    in_dtype: str, bits: int, dip_bits: int, pe: int = 1, shift: float = 0.2, signed: bool = False, reach: float = 0.01,
    channels: int = 12, falls: bool = False,
) -> OpCase:  # fmt: skip
    """RSiLU of batch norm, quantized: steps that go down and up, as displacements; with little reach not all levels.

    Where it falls, one batch norm in three has a negative scale.
    """
    rng = np.random.default_rng(bits * 31 + dip_bits)
    dtype = DataType[in_dtype]
    out_dtype = f"{'INT' if signed else 'UINT'}{bits}"
    low, high = int(DataType[out_dtype].min()), int(DataType[out_dtype].max())
    scale = reach * rng.uniform(0.7, 1.4, channels) * 2048 / (int(dtype.max()) + 1)
    if falls:
        scale[::3] *= -1
    zeta, eta = rng.normal(0, 0.3, channels), shift * rng.uniform(0, 1, channels)

    def levels(x: np.ndarray, *_: np.ndarray) -> np.ndarray:
        a = x * scale - zeta
        return np.clip(np.rint((a / (1 + np.exp(-a)) + eta) * 2.0 ** (bits - 2)), low, high).astype(np.int64)

    return displaced(levels, in_dtype, out_dtype, channels, dip_bits, pe)


DISPLACED = [
    *(rsilu("INT13", 8, 5, pe) for pe in (1, 2, 3)),
    *(rsilu("INT16", 8, dip_bits, shift=0) for dip_bits in (0, 1, 3)),
    rsilu("UINT12", 8, 6, shift=0.5),
    rsilu("INT18", 8, 5, signed=True),
    rsilu("INT14", 8, 4, shift=0.1, reach=0.002),  # not all levels are reached
    rsilu("INT12", 4, 1, channels=96),
    *(rsilu(dtype, 8, 4, pe, shift=0.1, falls=True) for dtype, pe in (("INT13", 2), ("UINT12", 1), ("INT18", 1))),
]
CASES = [
    *DISPLACED,
    *(steps("INT9", "BIPOLAR", 1, pe) for pe in (1, 2, 3, 6)),
    *(steps(dtype, "UINT2", 3) for dtype in ("BIPOLAR", "BINARY", "UINT4", "INT2", "INT18")),
    *(steps("INT10", f"UINT{int(n).bit_length()}", n, pe=2) for n in (2, 4, 7, 8, 14, 15, 16, 100, 255)),
    steps("INT10", "INT4", 15, bias=-8, pe=3),
    steps("UINT8", "INT8", 254, bias=-127),
    *(steps("INT12", out, n, pe, table=True) for out, n, pe in (("BIPOLAR", 1, 1), ("INT4", 15, 2), ("UINT8", 255, 1))),
    steps("INT12", "INT4", 11, pe=6, table=True),
    steps("INT7", "UINT4", 15, pe=2, shared=True),
    steps("INT7", "BIPOLAR", 2, pe=3, table=True, shared=True),
    steps("INT11", "INT9", 400, table=True),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("StepThresholding_rtl", CASES)


class TestStepThresholding(OpChecks):
    pass


def test_an_input_has_room_for_the_window_and_for_one_number_beyond() -> None:
    for beyond in range(1, 70):  # the first number that no step reaches
        form = MidpointForm(1, 0, [-3, beyond - 4], 0, 0, 0, [2], [1], [0])
        assert 2**form.x_bits > beyond >= 2 ** (form.x_bits - 1)


def test_displacements_are_taken_where_they_are_smaller(bench: OpBench) -> None:
    forms = [op.midpoint for op in bench.ops]
    assert all(forms[: len(DISPLACED)]) and not any(forms[len(DISPLACED) :])
    assert {form.capped for form in forms if form} == {form.mirrored for form in forms if form} == {0, 1}
    wide = replace(
        DISPLACED[0], attributes=dict(DISPLACED[0].attributes) | {"PE": 12}
    )  # a lane a channel: few words each
    assert OpBench("StepThresholding_rtl", [wide]).ops[0].midpoint is None


def test_lanes_that_do_not_divide_are_refused() -> None:
    bench = OpBench("StepThresholding_rtl", [steps("INT4", "UINT1", 1)])
    bench.ops[0].set_nodeattr("PE", 4)
    with pytest.raises(ConfigError, match="PE=4 does not divide NumChannels=6; nearest legal: 3, 6"):
        bench.ops[0].rtl_parameters()


def line(in_dtype: str, seed: int, channels: int = 96) -> OpCase:
    """8-bit steps behind few values: what is never reached goes on far beyond the input's type, on both sides."""
    rng = np.random.default_rng(seed)
    slope, offset = rng.choice((-1, 1), channels) * rng.uniform(0.1, 6, channels), rng.uniform(-60, 60, channels)

    def levels(x: np.ndarray, *_: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(x * slope + offset), -128, 127).astype(np.int64)

    return displaced(levels, in_dtype, "INT8", channels, 1)


def test_windows_beyond_the_inputs_type(tmp_path: Path) -> None:
    bench = OpBench("StepThresholding_rtl", [line(t, s) for s, t in enumerate(("INT7", "UINT6", "INT8", "INT6"))])
    far = [op.midpoint.window for op in bench.ops if op.midpoint]
    assert len(far) == len(bench.ops) and all(low < -256 and high > 256 for low, high in far)
    bench.check_lint(tmp_path)
    bench.check_rtlsim(tmp_path)
    bench.check_csim(tmp_path / "hls")


def test_every_integer_around_the_ends_of_the_window(tmp_path: Path) -> None:
    """The last threshold is the window's end; beyond it no step is reached that a short dip does not have."""
    channel, shape = np.arange(24), (1, 16, 8)

    def rises(x: np.ndarray, *_: np.ndarray) -> np.ndarray:
        return np.clip(x - channel, -100, 100)

    def dips(x: np.ndarray, *_: np.ndarray) -> np.ndarray:
        return np.where(channel < 23, np.clip(x - channel, 0, 90) - (x > -60) - (x > -50), x > 40)

    cases = [
        displaced(rises, "INT9", "INT8", 24, 0, vectors=shape),
        displaced(rises, "INT9", "INT8", 24, 3, vectors=shape),
        displaced(dips, "INT9", "INT8", 24, 2, vectors=shape),
    ]
    bench = OpBench("StepThresholding_rtl", cases)
    windows = [op.midpoint.window for op in bench.ops if op.midpoint]
    assert len(windows) == len(cases) and all(low > -256 and high < 255 for low, high in windows)
    every = np.broadcast_to(np.arange(-256, 256)[:, None], (512, 24)).reshape(FRAMES, *shape, 24)
    bench.values = dict.fromkeys(bench.values, every)
    bench.check_rtlsim(tmp_path)


def _any_steps(rng: np.random.Generator, low: int, high: int, bits: int, signed: bool) -> StepFunction:
    """Of some channels: lines of any slope and place, one in three with RSiLU's dip."""
    channels, span = 5, high - low + 1
    least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    slope = (most - least) / span * np.exp(rng.uniform(-3, 3, channels)) * rng.choice((-1, 1), channels)
    middle = rng.uniform(low - span, high + span, channels)
    dips = rng.random() < 1 / 3

    def levels(x: np.ndarray) -> np.ndarray:
        a = (x - middle) * slope
        a = a / (1 + np.exp(-np.clip(a * 8 / (most - least), -60, 60))) if dips else a + (most + least) / 2
        return np.clip(np.rint(a), least, most).astype(np.int64)

    return compile_steps(levels, np.full(channels, low), np.full(channels, high))


def test_every_signal_of_the_displacements_is_wide_enough() -> None:
    """Random steps, far beyond their input's type too, in the widths of the RTL, at every input there is."""
    taken, far = 0, 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        in_bits, out_bits, signed, out_signed = (int(rng.integers(*ends)) for ends in ((3, 11), (2, 9), (0, 2), (0, 2)))
        low, high = (-(1 << in_bits - 1), (1 << in_bits - 1) - 1) if signed else (0, (1 << in_bits) - 1)
        steps = _any_steps(rng, low, high, out_bits, bool(out_signed))
        fit = fit_midpoint(steps, 5, low, high, int(rng.integers(0, 5)))
        formats = fit and midpoint_attributes(fit)
        if not fit or not formats:
            continue
        form = MidpointForm(5, **formats)
        x = np.arange(low, high + 1)[:, None].repeat(5, axis=1)
        files, parameters = form.images(fit, out_bits), form.parameters(low)
        found = levels_of_lane(x & ((1 << in_bits) - 1), files, parameters, in_bits, bool(signed), out_bits)
        assert np.array_equal(found, steps(x) & ((1 << out_bits) - 1)), seed
        taken, far = taken + 1, far + (form.window[0] < low or form.window[1] > high)
    assert taken > 60 and far > 30, (taken, far)


def test_parameters_that_do_not_fit_their_memory_are_refused() -> None:
    assert hex_words(np.array([[-8, 15]]), 4) == ["f8"]
    for value in (-9, 16):
        with pytest.raises(UnsupportedModelError, match=rf"a memory of 4 bits a value: {value} to {value} do not fit"):
            hex_words(np.array([[value]]), 4)
