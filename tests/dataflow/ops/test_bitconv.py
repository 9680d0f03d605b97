"""BitConv: kernels, strides and paddings, every kind of input and shortcut, at the corners of the folding."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qonnx.core.datatype import BaseDataType, DataType

from finn_build.arithmetic.affine import fit_affine
from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.arithmetic.step_function import StepFunction, compile_steps
from finn_build.errors import ConfigError
from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks

INT8 = DataType["INT8"]


def bitconv(
    image: tuple[int, int] = (5, 5),
    channels: int = 4,
    rows: int = 4,
    kernel: int = 3,
    stride: int = 1,
    padding: Sequence[int] | None = None,
    *,
    simd: int = 4,
    pe: int = 1,
    in_lanes: int = 1,
    lanes: int = 1,
    x: str = "INT4",
    shortcut: str = "none",
    scales: tuple[int, int] = (1, 2),
    steps: int = 15,
    table: bool = False,
    ram_style: str = "auto",
    shared: bool = False,
    lines: int = 0,
    steep: float = 1,
    price: int = 190,
    dilation: int = 1,
    mhz: float = 0.0,
) -> OpCase:
    """A case with random weights, thresholds and table; with `lines`, affine steps to levels of that many bits.

    Where they are `steep`, what is far from them outgrows the register of the division.
    """
    rng = np.random.default_rng([*image, channels, rows, kernel, simd, pe, steps])
    pads, mw = list(padding or [kernel // 2 * dilation] * 4), kernel * kernel * channels
    reach = mw * scales[0] + (8 * scales[1] if shortcut != "none" else 0)
    thresholds = np.sort(rng.integers(-reach // 2, reach // 2 + 2, (1 if shared else rows, steps)), axis=1)
    levels = rng.integers(-8, 8, (len(thresholds), steps + 1))
    affine: dict[str, Any] = {}
    if lines:
        found, affine = two_lines(
            rng,
            rows,
            mw * scales[0],
            DataType["INT4" if shortcut == "stream" else x],
            scales[1] if shortcut != "none" else 0,
            lines,
            steep,
        )
        thresholds, levels, table, steps = found.thresholds, found.table, found.table is not None, found.steps
    weights, signs = 2 * rng.integers(0, 2, (mw, rows)) - 1, rng.integers(-9, 10, channels)
    signs = np.clip(signs, int(DataType[x].min()), int(DataType[x].max()) + 1)
    out = "INT4" if table else "BIPOLAR" if steps == 1 else "INT4" if steps == 15 else f"UINT{steps.bit_length()}"
    out = f"INT{lines}" if lines else out
    attributes: dict[str, Any] = {
        "IFMDim": list(image), "IFMChannels": channels, "KernelDim": [kernel] * 2, "Stride": [stride] * 2,
        "Padding": pads, "Dilation": [dilation] * 2, "MH": rows,
        "SIMD": simd, "PE": pe, "InLanes": in_lanes, "Lanes": lanes, "inputDataType": x,
        "accDataType": integer_range_dtype(-mw, mw).name, "outputDataType": out, "shortcut": shortcut,
        "sumScale": scales[0], "shortcutScale": scales[1], "numSteps": steps,
        "outBias": 0 if table or out != "INT4" else -8, "hasTable": int(table), "ram_style": ram_style,
        "bramPrice": price, **affine, **({"clkMHz": mhz} if mhz else {}),
    }  # fmt: skip
    parameters = [(weights, DataType["BIPOLAR"]), (thresholds, DataType["INT16"])]
    parameters = ([] if x == "BIPOLAR" else [(signs, INT8)]) + parameters + ([(levels, INT8)] if table else [])

    def reference(image: np.ndarray, *rest: np.ndarray) -> np.ndarray:
        """Convolution by explicit loops over the kernel, steps by comparison with every threshold."""
        operands = list(rest)
        added = operands.pop(0) if shortcut == "stream" else image
        signed = image if x == "BIPOLAR" else np.where(image >= operands.pop(0), 1, -1)
        padded = np.pad(signed, ((0, 0), (pads[0], pads[2]), (pads[1], pads[3]), (0, 0)))
        height, width = ((padded.shape[a] - (kernel - 1) * dilation - 1) // stride + 1 for a in (1, 2))
        total = np.zeros((1, height, width, rows), np.int64)
        for ky in range(kernel):
            for kx in range(kernel):
                y, x0 = ky * dilation, kx * dilation
                part = padded[:, y : y + height * stride : stride, x0 : x0 + width * stride : stride]
                at = (ky * kernel + kx) * channels
                total += part[:, :height, :width] @ operands[0][at : at + channels]
        total = total * scales[0] + (0 if shortcut == "none" else added * scales[1])
        count = (total[..., None] >= operands[1]).sum(axis=-1)
        if table:
            rows_of = np.zeros(rows, int) if shared else np.arange(rows)
            return operands[2][rows_of, count]
        return 2 * count - 1 if out == "BIPOLAR" else count + attributes["outBias"]

    return OpCase(attributes, reference, parameters)


def never_negative(case: OpCase) -> OpCase:
    """Signs and weights of +1 alone: a sum that reaches the top of an unsigned type."""
    (signs, signs_type), (weights, bipolar), *rest = case.parameters
    parameters = [(np.full_like(signs, -8), signs_type), (np.ones_like(weights), bipolar), *rest]
    attributes = {**case.attributes, "accDataType": integer_range_dtype(0, len(weights)).name}
    return OpCase(attributes, case.reference, parameters)


def two_lines(
    rng: np.random.Generator, rows: int, reach: int, x: BaseDataType, scale: int, bits: int, steep: float
) -> tuple[StepFunction, dict[str, Any]]:
    """Batch norm of either sign and RPReLU with any slope, clipped at both ends, and the attributes of its lines."""
    low, high = int(x.min()) * scale - reach, int(x.max()) * scale + reach
    half = 2 ** (bits - 1)
    gain = rng.choice([-1, 1], rows) * rng.uniform(0.8, 3, rows) * steep * 2 * half / (high - low)
    knee, shift = rng.uniform(low, high, rows) / 3, rng.uniform(-half, half, rows) / 2
    slope = np.where(rng.random(rows) < 0.2, 0, rng.uniform(-0.6, 0.9, rows))

    def function(total: np.ndarray) -> np.ndarray:
        y = (total - knee) * gain
        return np.clip(np.round(np.where(y >= 0, y, slope * y) + shift), -half, half - 1).astype(np.int64)

    span = np.full(rows, low), np.full(rows, high)
    steps = compile_steps(function, *span)
    count = bits if steps.table is not None else steps.steps.bit_length()
    bias = -half if count == bits else steps.bias
    fit = fit_affine(steps, *span, count, bias)
    assert fit is not None
    lines = {"affineSteps": 1, "affineFraction": fit.fraction, "affineBits": list(fit.widths), "outBias": steps.bias}
    return steps, lines


CASES = [
    bitconv(shortcut="own"),
    bitconv(shortcut="own", pe=2, lanes=2, in_lanes=2, simd=2),
    bitconv((6, 7), 4, 4, simd=2, pe=4, shortcut="own", lanes=1),
    bitconv((4, 4), 6, 6, 1, simd=3, pe=1, shortcut="own", scales=(1, 4)),
    bitconv((4, 5), 4, 8, 3, 2, pe=2, x="BIPOLAR", steps=1),
    bitconv((7, 7), 4, 6, 5, 2, pe=3, in_lanes=4, lanes=3, steps=1),
    bitconv((6, 6), 4, 4, 1, 1, pe=4, lanes=4, in_lanes=4, x="BIPOLAR", steps=1),
    bitconv((4, 4), 4, 4, 1, shortcut="stream", x="BIPOLAR", simd=2),
    bitconv((6, 6), 3, 5, 3, 2, simd=3, shortcut="stream", pe=5, scales=(2, 3), table=True),
    bitconv((5, 4), 2, 3, 3, 1, (1, 0, 1, 2), simd=1, table=True, x="UINT4", steps=6),
    bitconv((5, 5), 4, 4, 3, 1, (0, 0, 0, 0), x="INT8", steps=7, simd=2, ram_style="block"),
    bitconv((3, 3), 8, 4, 3, 1, x="BIPOLAR", steps=3, simd=8, shared=True),
    bitconv((1, 1), 8, 4, 1, 1, x="INT2", steps=15, simd=8, shared=True),
    bitconv((3, 3), 132, 2, 3, 1, simd=132, in_lanes=4, steps=1),
    bitconv(
        (8, 3), 4, 4, shortcut="own", x="INT8", steps=255, table=True, pe=2, lanes=2, in_lanes=2, ram_style="block"
    ),
    bitconv((9, 2), 2, 2, 3, 2, simd=2, pe=2, steps=3),
    bitconv((6, 5), 4, 4, 3, shortcut="own", scales=(1, 4), lines=4),
    bitconv((5, 5), 6, 6, 1, simd=6, pe=2, lanes=2, in_lanes=2, shortcut="own", x="INT5", scales=(1, 8), lines=5),
    bitconv((5, 5), 8, 8, 1, simd=4, pe=1, shortcut="own", x="INT5", scales=(1, 16), lines=5),
    bitconv((5, 4), 4, 6, 3, 2, simd=2, pe=3, shortcut="stream", x="INT4", scales=(2, 3), lines=5),
    bitconv((4, 4), 12, 4, 3, simd=12, pe=4, lanes=2, x="BIPOLAR", lines=4),
    bitconv((4, 4), 4, 4, 3, simd=4, pe=2, lanes=2, in_lanes=2, shortcut="own", x="INT8", scales=(1, 3), lines=8),
    bitconv((3, 4), 4, 2, 1, simd=2, pe=2, lanes=2, shortcut="stream", x="INT6", lines=8, price=1),
    bitconv((4, 4), 8, 8, 1, shortcut="own", x="INT5", scales=(1, 16), lines=5, price=1),
    bitconv((4, 3), 8, 1, 3, simd=8, x="BIPOLAR", lines=3),
    bitconv((5, 4), 4, 4, 1, shortcut="own", x="INT6", scales=(1, 5), lines=6, steep=4),
    bitconv((6, 7), shortcut="own", pe=2, simd=2, dilation=2),
    bitconv((8, 6), 4, 2, 3, 2, padding=(3, 3, 0, 1), x="BIPOLAR", steps=1, simd=2, dilation=3),
    never_negative(bitconv(shortcut="own")),
    *(bitconv(image, 8, 4, simd=4, pe=2) for image in ((1, 1), (2, 1), (1, 3))),  # windows larger than the image
    bitconv((3, 3), 4, 80, 1, simd=2, steps=15, table=True),  # its thresholds, levels and lines read in pairs
    bitconv((4, 4), 4, 40, 1, simd=2, x="INT6", lines=5),
    bitconv((6, 8), shortcut="own", x="UINT4", price=1),  # the shortcut waits in block RAM
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("BitConv_rtl", CASES)


class TestBitConv(OpChecks):
    slack = 2  # how far the search lies behind the rows depends on the folding


@pytest.mark.parametrize("thresholds", [[-9999, -21, 0, 20, 9999], [-22, -9999, 9999, 21], [-9999], [9999]])
def test_steps_that_every_total_reaches_or_none(thresholds: list[int]) -> None:
    """The memory, searched as the hardware does, gives the count for every total that its type holds."""
    bench = OpBench("BitConv_rtl", [bitconv(steps=5, table=True)])
    op = bench.ops[0]
    bits, rows = op.total.bitwidth(), np.tile(np.sort(thresholds), (op.attr("MH"), 1))
    bench.model.set_initializer(op.onnx_node.input[-2], rows.astype(np.float32))
    words = [int(word, 16) for word in op.memory_files(bench.model)[f"{op.onnx_node.name}_step_0.mem"]]
    assert not op.rtl_parameters()["PAIRED"]  # a word a line
    for total in range(-(2 ** (bits - 1)), 2 ** (bits - 1)):
        node = 1
        for _ in range(op.stages):
            node = 2 * node + (total + 2 ** (bits - 1) >= words[node])
        assert node - 2**op.stages == sum(total >= t for t in thresholds), total


@pytest.mark.parametrize(
    ("kwargs", "text"),
    [
        ({"simd": 3}, "SIMD=3 does not divide IFMChannels=4; nearest legal: 2, 4"),
        ({"pe": 3}, "PE=3 does not divide MH=4; nearest legal: 2, 4"),
        ({"simd": 2, "in_lanes": 4}, "InLanes=4 does not divide SIMD=2; nearest legal: 2"),
        ({"pe": 2, "lanes": 4}, "Lanes=4 does not divide PE=2; nearest legal: 2"),
        ({"pe": 2, "lanes": 2, "shortcut": "own"}, "its input is its shortcut: InLanes=1 must be Lanes"),
    ],
)
def test_impossible_folding_is_refused(kwargs: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=f"^BitConv_rtl_0: {text}$"):
        OpBench("BitConv_rtl", [bitconv(**kwargs)]).ops[0].rtl_parameters()


def test_lines_that_do_not_give_the_steps_are_refused() -> None:
    case = bitconv()
    lines = {"affineSteps": 1, "affineFraction": 2, "affineBits": [12, 12]}
    bench = OpBench("BitConv_rtl", [OpCase({**case.attributes, **lines}, case.reference, case.parameters)])
    text = r"^BitConv_rtl_0: affineSteps=1, but no lines of \[12, 12\] bits give these steps; legal: 0$"
    with pytest.raises(ConfigError, match=text):
        bench.ops[0].memory_files(bench.model)


def test_one_step_is_no_line() -> None:
    """The serial division counts at least two bits; one level more, and two lines are found."""
    for steps, out, is_line in ((1, "BIPOLAR", False), (1, "UINT1", False), (3, "UINT2", True)):
        case = bitconv(rows=1, pe=1, lanes=1, steps=steps)
        parameters = [*case.parameters[:-1], (np.arange(steps)[None] * 8, INT8)]
        bench = OpBench("BitConv_rtl", [OpCase({**case.attributes, "outputDataType": out}, case.reference, parameters)])
        (op,) = bench.ops
        assert (op.fit_affine(bench.model) is not None) == is_line, (steps, out)  # type: ignore[attr-defined]


def test_a_unit_with_something_inside_is_not_widened() -> None:
    for kwargs, wider in (({}, True), ({"scales": (2, 2)}, False), ({"shortcut": "stream"}, False)):
        case = bitconv(padding=[0] * 4, **{"scales": (1, 2)} | kwargs)  # type: ignore[arg-type]
        assert bool(OpBench("BitConv_rtl", [case]).ops[0].widened()) == wider, kwargs


@pytest.mark.parametrize("simd", [1, 6])
def test_area_of_windows_of_one_place_is_that_of_synthesis(simd: int, tmp_path: Path) -> None:
    bench = OpBench("BitConv_rtl", [bitconv((6, 6), 24, 24, 1, simd=simd, shortcut="own")])
    found, told = bench.area(tmp_path, 0), bench.ops[0].resources()
    assert abs(told.lut / found["lut"] - 1) < 0.1 and abs(told.ff / found["ff"] - 1) < 0.1
