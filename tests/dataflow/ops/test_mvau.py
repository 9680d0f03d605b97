"""BitMVAU: every activation type with every kind of weights, at the corners of the folding."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qonnx.core.datatype import DataType

from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.errors import ConfigError, SimulationError
from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks, random_values

ACTIVATIONS = ("BIPOLAR", "TERNARY", "BINARY", "UINT2", "UINT4", "UINT8", "INT2", "INT4", "INT8")


def mvau(
    activations: str,
    weights: str,
    mw: int,
    mh: int,
    simd: int,
    pe: int,
    vectors: Sequence[int] = (1,),
    ram_style: str = "auto",
    pixel: int = 0,
    narrow: bool = False,
    mhz: float = 0.0,
    res_type: str = "auto",
    price: int = 0,
) -> OpCase:
    """A case with random weights; the first and last row reach the ends of the accumulator's type."""
    rng = np.random.default_rng([mw, mh, simd, pe, len(activations)])
    in_dtype, weight_dtype = DataType[activations], DataType[weights]
    matrix = random_values(rng, weight_dtype, (mw, mh))
    matrix[:, 0] = int(weight_dtype.min())
    if narrow:
        matrix = np.maximum(matrix, int(weight_dtype.min()) + 1)
    matrix[:, -1] = int(weight_dtype.max())
    reach = mw * max(abs(int(weight_dtype.min())), 1) * max(abs(int(in_dtype.min())), int(in_dtype.max()))
    attributes = {
        "MW": mw,
        "MH": mh,
        "SIMD": simd,
        "PE": pe,
        "PixelChannels": pixel,
        "numInputVectors": list(vectors),
        "inputDataType": activations,
        "weightDataType": weights,
        "outputDataType": integer_range_dtype(-reach, reach).name,
        "NarrowWeights": int(narrow),
        "ram_style": ram_style,
        "resType": res_type,
        **({"clkMHz": mhz} if mhz else {}),
        **({"lutsPerBram18": price} if price else {}),
    }
    return OpCase(attributes, lambda x, w: np.einsum("...i,ij->...j", x, w), [(matrix, weight_dtype)])


def masked(mw: int, mh: int, simd: int, pe: int, channels: int) -> OpCase:
    """Zero-padded ±1 activations, whole pixels of zeros: one mask bit a beat."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        inside = rng.integers(0, 2, (*shape[:-1], shape[-1] // channels)).repeat(channels, axis=-1)
        return random_values(rng, DataType["BIPOLAR"], shape) * inside

    return replace(mvau("TERNARY", "BIPOLAR", mw, mh, simd, pe, (1, 2), pixel=channels), draw=draw)


ONE_BIT = [
    *(mvau(a, "BIPOLAR", 18, 4, 6, 2) for a in ACTIVATIONS),
    mvau("BIPOLAR", "BIPOLAR", 1, 1, 1, 1),
    mvau("BIPOLAR", "BIPOLAR", 9, 6, 9, 6, vectors=(1, 3)),
    mvau("BIPOLAR", "BIPOLAR", 9, 6, 1, 1, ram_style="block"),
    mvau("BIPOLAR", "BIPOLAR", 576, 2, 192, 1),
    mvau("BINARY", "BIPOLAR", 64, 3, 64, 3),
    mvau("UINT2", "BIPOLAR", 25, 4, 5, 1, vectors=(1, 2, 2), ram_style="distributed"),
    mvau("INT8", "BIPOLAR", 21, 6, 7, 3, vectors=(1, 2)),
    mvau("UINT4", "BIPOLAR", 90, 2, 45, 1),
    mvau("UINT8", "BIPOLAR", 1, 4, 1, 2),
    mvau("TERNARY", "BIPOLAR", 45, 3, 15, 3),
    mvau("INT5", "BIPOLAR", 96, 2, 96, 1, mhz=150.0),  # a register behind the eighth level of its compressor
    mvau("UINT2", "BIPOLAR", 24, 4, 6, 2, vectors=(1, 2), price=1),  # its vector in block RAM
    *(masked(54, 4, simd, pe, channels=6) for simd, pe in ((3, 2), (6, 1), (1, 4), (2, 2))),
    masked(9 * 258, 1, 129, 1, channels=258),
    masked(6, 4, 6, 4, channels=6),  # beats wait before the products
]
WIDER = [
    *(mvau(a, "INT4", 12, 4, 4, 2) for a in ACTIVATIONS),
    mvau("UINT8", "INT8", 27, 2, 9, 2, vectors=(1, 3)),
    mvau("UINT8", "INT8", 4, 2, 1, 1, vectors=(1, 2)),
    mvau("INT8", "INT2", 15, 3, 15, 3),
    mvau("BIPOLAR", "INT2", 10, 4, 5, 1, ram_style="block"),
    mvau("TERNARY", "INT8", 6, 1, 3, 1),
    mvau("UINT8", "INT8", 20, 4, 10, 2, res_type="lut"),
    mvau("INT4", "INT3", 6, 3, 3, 3, vectors=(1, 2), res_type="lut"),
]
# Two rows in a DSP slice: chains with and without a guard bit, short last chains, odd rows; one row for wide types.
PACKED = [
    *(mvau("UINT8", "INT8", 3 * simd, 6, simd, 2, narrow=True) for simd in (1, 3, 4, 5, 8, 9, 11, 27)),
    *(mvau("UINT8", "INT8", simd, 4, simd, 4, vectors=(1, 2)) for simd in (1, 2, 3, 7, 12)),
    mvau("UINT8", "INT8", 81, 6, 81, 2, narrow=True),
    mvau("INT8", "INT8", 20, 5, 10, 5, narrow=True),
    mvau("INT8", "INT8", 20, 3, 10, 3),
    mvau("UINT8", "INT4", 34, 4, 17, 2),
    mvau("INT4", "INT4", 18, 4, 18, 4, narrow=True),
    mvau("UINT4", "INT2", 13, 2, 13, 2),
    mvau("INT12", "INT8", 10, 4, 10, 2),
    mvau("INT12", "INT6", 10, 4, 10, 2, narrow=True),
    mvau("BINARY", "INT8", 10, 4, 10, 2),
    mvau("UINT8", "INT8", 18, 8, 9, 4, narrow=True, ram_style="block"),
]


@pytest.fixture(scope="module", params=["one_bit", "wider", "packed"])
def bench(request: pytest.FixtureRequest) -> OpBench:
    return OpBench("BitMVAU_rtl", {"one_bit": ONE_BIT, "wider": WIDER, "packed": PACKED}[request.param])


class TestBitMVAU(OpChecks):
    pass


def test_products_of_machine_words(tmp_path: Path) -> None:
    """As C simulation of networks takes them: vector and weights are arrays of numbers, kept from beat to beat."""
    cases = [
        mvau("INT8", "BIPOLAR", 21, 6, 7, 3, vectors=(1, 2)),
        mvau("TERNARY", "BIPOLAR", 45, 3, 15, 3),
        mvau("BIPOLAR", "BIPOLAR", 70, 4, 70, 2, vectors=(1, 2)),
        mvau("BIPOLAR", "INT2", 10, 4, 5, 1),
        mvau("UINT8", "INT8", 81, 6, 27, 2, vectors=(1, 2)),
        mvau("INT16", "BIPOLAR", 6, 4, 3, 2),
    ]
    OpBench("BitMVAU_rtl", cases).check_csim(tmp_path / "hls", strict=False)


class TestExtremes(OpChecks):
    """Every activation and every weight at an end of its type, all alike in the first two frames."""

    @pytest.fixture(scope="class")
    def bench(self) -> OpBench:
        types = [("UINT8", "INT8"), ("INT8", "INT8"), ("UINT8", "INT4"), ("INT4", "INT4"), ("UINT8", "INT6")]
        cases = [
            extreme(mvau(x, w, 2 * simd, 4, simd, 2, narrow=narrow))
            for x, w in types
            for simd in (4, 9, 16)
            for narrow in (False, True)
        ]
        bench = OpBench("BitMVAU_rtl", cases)
        rng = np.random.default_rng(8)
        for name, op in zip(bench.values, bench.ops, strict=True):
            dtype, shape = op.get_input_datatype(), bench.values[name].shape
            ends = np.where(rng.integers(0, 2, shape), int(dtype.min()), int(dtype.max()))
            ends[0], ends[1] = int(dtype.min()), int(dtype.max())
            bench.values[name] = ends
        return bench


def extreme(case: OpCase) -> OpCase:
    """Rows 0 and 1 all at the low end of the weights, row 2 high, row 3 alternating."""
    ((matrix, dtype),) = case.parameters
    low, high = int(dtype.min()) + int(case.attributes["NarrowWeights"]), int(dtype.max())
    alternating = np.where(np.arange(len(matrix)) % 2, low, high)
    rows = [np.full(len(matrix), low), np.full(len(matrix), low), np.full(len(matrix), high), alternating]
    return OpCase(case.attributes, case.reference, [(np.stack(rows, axis=1), dtype)])


def test_half_padded_beat_is_caught(tmp_path: Path) -> None:
    broken = OpBench("BitMVAU_rtl", [mvau("TERNARY", "BIPOLAR", 6, 1, 3, 1, pixel=3)])
    broken.values["BitMVAU_rtl_0_in0"][...] = [1, 0, 1, -1, -1, 1]
    with pytest.raises(SimulationError):
        broken.simulate(tmp_path)


def test_general_ternary_takes_two_planes() -> None:
    spanning = OpBench("BitMVAU_rtl", [mvau("TERNARY", "BIPOLAR", 54, 4, 9, 2, pixel=6)]).ops[0]
    assert spanning.rtl_parameters()["MASKED"] == 0


@pytest.mark.parametrize(
    ("simd", "pe", "text"),
    [
        (5, 1, "BitMVAU_rtl_0: SIMD=5 does not divide MW=18; nearest legal: 3, 6"),
        (6, 3, "BitMVAU_rtl_0: PE=3 does not divide MH=4; nearest legal: 2, 4"),
    ],
)
def test_impossible_folding_is_refused(simd: int, pe: int, text: str) -> None:
    op = OpBench.__new__(OpBench)  # the bench would already trip over the shapes
    op.op_type, op.cases = "BitMVAU_rtl", [mvau("BIPOLAR", "BIPOLAR", 18, 4, simd, pe)]
    with pytest.raises(ConfigError, match=f"^{text}$"):
        op.ops[0].rtl_parameters()


def test_wide_types_have_their_own_slices() -> None:
    def slices(activations: str, weights: str, narrow: bool = False) -> int:
        case = mvau(activations, weights, 8, 4, 8, 4, narrow=narrow)
        return OpBench("BitMVAU_rtl", [case]).ops[0].resources().dsp

    assert slices("UINT8", "INT8") == slices("INT8", "INT8", narrow=True) == slices("INT12", "INT4") == 16
    assert slices("INT12", "INT8") == slices("UINT20", "INT2") == 32


def test_weights_that_are_not_narrow_are_refused(tmp_path: Path) -> None:
    case = mvau("UINT8", "INT8", 8, 2, 4, 2)
    bench = OpBench("BitMVAU_rtl", [OpCase(case.attributes | {"NarrowWeights": 1}, case.reference, case.parameters)])
    with pytest.raises(ConfigError, match="BitMVAU_rtl_0: NarrowWeights=1, but a weight is -128; set it to 0"):
        bench.simulate(tmp_path)


@pytest.mark.parametrize(("activations", "simd"), [("BIPOLAR", 96), ("UINT4", 24)])
def test_popcounts_keep_to_the_clock(tmp_path: Path, activations: str, simd: int) -> None:
    case = mvau(activations, "BIPOLAR", 8 * simd, 8, simd, 1)
    slow, fast = (replace(case, attributes=case.attributes | {"clkMHz": mhz}) for mhz in (50.0, 200.0))
    bench = OpBench("BitMVAU_rtl", [slow, fast])
    (slow_ns, fast_ns) = (bench.depths(tmp_path, i).inside for i in (0, 1))
    assert [bool(bench.ops[i].rtl_parameters()["REGISTERED"]) for i in (0, 1)] == [False, True]
    assert fast_ns < 1000 / 200 < slow_ns < 1000 / 50
