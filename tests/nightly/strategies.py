"""What each op may be: parameters drawn by Hypothesis, as cases of the op's test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st
from qonnx.core.datatype import DataType

from tests.dataflow.ops.op_case import OpCase
from tests.dataflow.ops.test_add import add
from tests.dataflow.ops.test_bitconv import bitconv
from tests.dataflow.ops.test_border import border
from tests.dataflow.ops.test_concat import concat
from tests.dataflow.ops.test_depthtospace import depth_to_space
from tests.dataflow.ops.test_duplicate import duplicate
from tests.dataflow.ops.test_dwc import dwc
from tests.dataflow.ops.test_eltwise import eltwise
from tests.dataflow.ops.test_fifo import fifo
from tests.dataflow.ops.test_labelselect import label
from tests.dataflow.ops.test_mvau import masked, mvau
from tests.dataflow.ops.test_pad import pad
from tests.dataflow.ops.test_pool import pool
from tests.dataflow.ops.test_split import split
from tests.dataflow.ops.test_swg import swg
from tests.dataflow.ops.test_thresholding import steps
from tests.dataflow.ops.test_upsample import upsample
from tests.dataflow.ops.test_vvau import vvau
from tests.dataflow.ops.test_weigh import weigh
from tests.dataflow.ops.test_wideswg import wideswg

Draw = Callable[[st.SearchStrategy[Any]], Any]
SIGNED = st.sampled_from([f"INT{bits}" for bits in range(2, 9)])
INTEGERS = st.sampled_from([f"{sign}INT{bits}" for sign in ("", "U") for bits in range(2, 9)])
TYPES = st.one_of(st.just("BIPOLAR"), st.just("BINARY"), INTEGERS)
STYLES = st.sampled_from(["auto", "block", "distributed"])
SMALL = st.integers(1, 4)
CLOCKS = st.sampled_from([0.0, 60.0, 250.0])  # 0: the op's own
PRICES = st.sampled_from([0, 1])  # LUTs that a RAMB18 is worth; 0: the op's own
DILATIONS = st.tuples(st.integers(1, 3), st.integers(1, 3))


def of_divisors(draw: Draw, count: int) -> int:
    """A divisor."""
    return draw(st.sampled_from([n for n in range(1, count + 1) if count % n == 0]))


def geometry(draw: Draw, dilation: tuple[int, int], largest: int = 5) -> tuple[tuple[int, int], ...]:
    """Image, kernel, stride and padding of a window that fits."""
    kernel = draw(st.tuples(st.integers(1, largest), st.integers(1, largest)))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = draw(st.tuples(*(st.integers(0, k - 1) for k in (*reach, *reach))))
    least = [max(1, k - padding[a] - padding[a + 2]) for a, k in enumerate(reach)]
    image = tuple(draw(st.integers(size, size + 7)) for size in least)
    return image, kernel, draw(st.tuples(st.integers(1, 3), st.integers(1, 3))), padding


@st.composite
def windows(draw: Draw) -> OpCase:
    channels, dilation = draw(SMALL) * draw(SMALL), draw(DILATIONS)
    options = {"channels": channels, "simd": of_divisors(draw, channels), "dtype": draw(TYPES)}
    return swg(*geometry(draw, dilation), **options, ram_style=draw(STYLES), dilation=dilation)


@st.composite
def wide_windows(draw: Draw) -> OpCase:
    dilation = draw(DILATIONS)
    options = {"ram_style": draw(STYLES), "cycles": draw(st.integers(1, 4)), "dilation": dilation}
    return wideswg(*geometry(draw, dilation, 4), draw(st.integers(1, 3)), draw(INTEGERS), **options)


@st.composite
def depthwise(draw: Draw) -> OpCase:
    channels, dilation, weights = (
        draw(SMALL) * draw(SMALL),
        draw(DILATIONS),
        draw(st.one_of(st.just("BIPOLAR"), SIGNED)),
    )
    return vvau(
        *geometry(draw, dilation, 4), dilation, channels=channels, pe=of_divisors(draw, channels), weights=weights,
        x=draw(st.one_of(TYPES, st.just("TERNARY"))), narrow=draw(st.booleans()) and weights != "BIPOLAR",
        res_type=draw(st.sampled_from(["auto", "lut"])), ram_style=draw(STYLES), price=draw(PRICES) or 190,
    )  # fmt: skip


@st.composite
def pools(draw: Draw) -> OpCase:
    channels, dilation = draw(SMALL) * draw(SMALL), draw(DILATIONS)
    options = {"channels": channels, "pe": of_divisors(draw, channels), "dtype": draw(TYPES), "dilation": dilation}
    options |= {"function": draw(st.sampled_from(["max", "sum"])), "ram_style": draw(STYLES)}
    return pool(*geometry(draw, dilation, 4), **options)


@st.composite
def products(draw: Draw) -> OpCase:
    weights = draw(st.one_of(st.sampled_from(["BIPOLAR", "INT8"]), SIGNED))
    simd, pe = draw(st.one_of(st.integers(1, 12), st.just(48))), draw(SMALL)
    x = draw(st.one_of(TYPES, st.sampled_from(["TERNARY", "UINT8"])))
    if draw(st.integers(0, 7)) == 0:
        return masked(simd * draw(SMALL) * 4, pe * draw(SMALL), simd, pe, channels=2 * simd)
    return mvau(
        x, weights, simd * draw(SMALL), pe * draw(SMALL), simd, pe, (1, draw(SMALL)), draw(STYLES),
        narrow=draw(st.booleans()) and weights != "BIPOLAR", res_type=draw(st.sampled_from(["auto", "lut"])),
        mhz=draw(CLOCKS), price=draw(PRICES),
    )  # fmt: skip


@st.composite
def convolutions(draw: Draw) -> OpCase:
    simd, pe, kernel = draw(SMALL), draw(SMALL), draw(st.sampled_from([1, 2, 3, 5]))
    channels, rows, lines = simd * draw(SMALL), pe * draw(SMALL), draw(st.sampled_from([0, 0, 3, 4, 8]))
    image = draw(st.tuples(st.integers(kernel, 8), st.integers(kernel, 8)))
    shortcut, x = draw(st.sampled_from(["none", "stream", "own"])), draw(st.one_of(st.just("BIPOLAR"), INTEGERS))
    stride, in_lanes, lanes = draw(st.integers(1, 2)), of_divisors(draw, simd), of_divisors(draw, pe)
    if shortcut == "own":  # as many pixels, channels and lanes leave as enter
        kernel, stride, x, rows = kernel | 1, 1, draw(INTEGERS), channels
        pe = simd = channels
        lanes = in_lanes = of_divisors(draw, channels)
    return bitconv(
        image, channels, rows, kernel, stride, simd=simd, pe=pe, in_lanes=in_lanes, lanes=lanes, x=x,
        shortcut=shortcut, scales=draw(st.tuples(SMALL, SMALL)), lines=lines, table=draw(st.booleans()),
        steps=draw(st.sampled_from([1, 3, 6, 7, 15])), steep=draw(st.sampled_from([1, 4])), ram_style=draw(STYLES),
        price=draw(PRICES) or 190, dilation=draw(st.integers(1, 2)), mhz=draw(CLOCKS),
    )  # fmt: skip


@st.composite
def step_functions(draw: Draw) -> OpCase:
    count, table = draw(st.integers(1, 300)), draw(st.booleans())
    out = "INT9" if table else f"UINT{count.bit_length()}"
    bias = 0 if table or draw(st.booleans()) else -(count // 2)
    out = f"INT{count.bit_length() + 1}" if bias else out
    return steps(draw(INTEGERS), out, count, of_divisors(draw, 6), bias, table=table, shared=draw(st.booleans()))


@st.composite
def joins(draw: Draw) -> OpCase:
    inputs, pe = draw(SMALL), draw(SMALL)
    turns = draw(st.permutations([*range(inputs), *draw(st.lists(st.integers(0, inputs - 1), max_size=5))]))
    types = [draw(TYPES) for _ in range(inputs)]
    return concat([t for t in turns for _ in range(pe)], types, pe, [draw(st.sampled_from([1, 2, 8])) for _ in types])


@st.composite
def parts(draw: Draw) -> OpCase:
    outputs, pe = draw(SMALL), draw(SMALL)
    turns = draw(st.permutations([*range(outputs), *draw(st.lists(st.integers(-1, outputs - 1), max_size=5))]))
    return split([t for t in turns for _ in range(pe)], pe, draw(TYPES))


@st.composite
def paddings(draw: Draw) -> OpCase:
    image, padding = draw(st.tuples(st.integers(2, 7), st.integers(2, 7))), draw(st.tuples(*[st.integers(-2, 3)] * 4))
    assume(all(image[a] + min(0, padding[a]) + min(0, padding[a + 2]) > 0 for a in (0, 1)))
    channels = draw(SMALL) * draw(SMALL)
    dtype = draw(TYPES)
    value = draw(st.sampled_from([int(DataType[dtype].min()), int(DataType[dtype].max())]))
    return pad(image, padding, channels, of_divisors(draw, channels), dtype, value)


@st.composite
def borders(draw: Draw) -> OpCase:
    image, mode, channels = draw(st.tuples(SMALL, SMALL)), draw(st.sampled_from(["reflect", "edge"])), draw(SMALL)
    most = [size - 1 if mode == "reflect" else 3 for size in image] * 2
    padding = draw(st.tuples(*(st.integers(0, m) for m in most)))
    return border(image, padding, mode, channels, of_divisors(draw, channels), draw(TYPES), draw(STYLES))


@st.composite
def weights_of_places(draw: Draw) -> OpCase:
    rows, columns = (draw(st.lists(st.integers(1, 9), min_size=1, max_size=5)) for _ in range(2))
    channels = draw(SMALL)
    return weigh(rows, columns, channels, of_divisors(draw, channels), draw(TYPES))


@st.composite
def larger(draw: Draw) -> OpCase:
    image, scale, channels = draw(st.tuples(SMALL, SMALL)), draw(st.tuples(SMALL, SMALL)), draw(SMALL) * draw(SMALL)
    options = {"pe": of_divisors(draw, channels), "dtype": draw(TYPES), "ram_style": draw(STYLES)}
    return upsample(image, scale, channels, function=draw(st.sampled_from(["nearest", "zeros"])), **options)


@st.composite
def blocks(draw: Draw) -> OpCase:
    image, channels = draw(st.tuples(SMALL, SMALL)), draw(SMALL) * draw(SMALL)
    return depth_to_space(
        image, draw(st.integers(2, 4)), channels, of_divisors(draw, channels), draw(TYPES), draw(STYLES)
    )


@st.composite
def labels(draw: Draw) -> OpCase:
    count = draw(st.integers(1, 40))
    return label(count, of_divisors(draw, count), draw(TYPES))


@st.composite
def converters(draw: Draw) -> OpCase:
    narrow = of_divisors(draw, 24)
    lanes = [narrow, narrow * of_divisors(draw, 24 // narrow)]
    return dwc(*(lanes if draw(st.booleans()) else lanes[::-1]), draw(TYPES))


DIVISORS_OF_6 = st.sampled_from([1, 2, 3, 6])
RESOURCES = st.sampled_from(["auto", "lut", "dsp"])
FACTORS = st.integers(-127, 127).filter(bool)
OPS: dict[str, tuple[str, st.SearchStrategy[OpCase]]] = {
    "add": ("StreamAdd_rtl", st.builds(add, TYPES, TYPES, st.integers(1, 127), FACTORS, DIVISORS_OF_6)),
    "bitconv": ("BitConv_rtl", convolutions()),
    "border": ("StreamBorder_rtl", borders()),
    "concat": ("StreamConcat_rtl", joins()),
    "depthtospace": ("DepthToSpace_rtl", blocks()),
    "duplicate": ("DuplicateStreams_rtl", st.builds(duplicate, st.integers(2, 5), DIVISORS_OF_6, TYPES)),
    "dwc": ("StreamDWC_rtl", converters()),
    "eltwise": (
        "StreamEltwise_rtl",
        st.builds(eltwise, st.sampled_from(["mul", "max", "min"]), TYPES, TYPES, DIVISORS_OF_6, RESOURCES),
    ),
    "fifo": ("StreamFIFO_rtl", st.builds(fifo, st.integers(2, 300), STYLES, TYPES, DIVISORS_OF_6)),
    "labelselect": ("LabelSelect_rtl", labels()),
    "mvau": ("BitMVAU_rtl", products()),
    "pad": ("StreamPad_rtl", paddings()),
    "pool": ("StreamPool_rtl", pools()),
    "split": ("StreamSplit_rtl", parts()),
    "swg": ("SWG_rtl", windows()),
    "thresholding": ("StepThresholding_rtl", step_functions()),
    "upsample": ("Upsample_rtl", larger()),
    "vvau": ("StreamVVAU_rtl", depthwise()),
    "weigh": ("StreamWeigh_rtl", weights_of_places()),
    "wideswg": ("WideSWG_rtl", wide_windows()),
}
