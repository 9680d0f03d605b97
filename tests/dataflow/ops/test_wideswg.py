"""WideSWG: every geometry against windows cut by hand; the interval of its slower half, whoever reads it."""

from pathlib import Path

import numpy as np
import pytest
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.passes.insert_fifos import InsertFIFOs
from finn_build.dataflow.passes.insert_width_converters import InsertWidthConverters
from finn_build.errors import ConfigError
from finn_build.rtl.stitch import stitch
from sim.stitched import simulate
from tests.dataflow.ops.op_case import FRAMES, OpBench, OpCase, OpChecks, random_values
from tests.dataflow.ops.test_mvau import mvau
from tests.dataflow.ops.test_swg import window_attributes, windows


def wideswg(
    image: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...] = (1, 1),
    padding: tuple[int, ...] = (0, 0, 0, 0),
    channels: int = 1,
    dtype: str = "UINT8",
    ram_style: str = "auto",
    cycles: int = 1,
    dilation: tuple[int, ...] = (1, 1),
) -> OpCase:
    attributes = window_attributes(
        image,
        kernel,
        stride,
        padding,
        dilation,
        channels,
        WindowCycles=cycles,
        inputDataType=dtype,
        ram_style=ram_style,
    )
    return OpCase(attributes, lambda x: windows(x, list(kernel), list(stride), list(padding), dilation))


CASES = [
    wideswg((16, 18), (9, 9), (2, 2), (4, 4, 4, 4)),
    wideswg((16, 18), (9, 9), (2, 2), (4, 4, 4, 4), ram_style="block", cycles=6),
    wideswg((12, 11), (3, 3), (2, 2), (1, 1, 1, 1), channels=3),
    wideswg((9, 7), (3, 3), padding=(1, 1, 1, 1), dtype="INT8", ram_style="block"),
    wideswg((9, 10), (5, 5), padding=(2, 2, 2, 2), channels=3, dtype="UINT4"),
    wideswg((9, 8), (5, 5), (2, 2), (2, 2, 2, 2), dtype="INT2", channels=2),
    wideswg((14, 13), (7, 7), (2, 2), (3, 3, 3, 3), channels=3),
    wideswg((11, 12), (7, 7), (3, 3), (3, 3, 3, 3), dtype="UINT1"),
    wideswg((12, 11), (9, 9), dtype="INT8"),
    wideswg((7, 8), (2, 2), (3, 3), dtype="INT3"),
    wideswg((7, 9), (2, 2), (3, 3), dtype="INT3"),  # a column that no window has
    wideswg((8, 8), (3, 3), (2, 2), (0, 0, 1, 1), dtype="UINT5"),
    wideswg((6, 5), (2, 2), padding=(0, 0, 1, 1), dtype="BINARY"),
    wideswg((6, 6), (3, 3), dtype="BIPOLAR", channels=2),
    wideswg((9, 1), (3, 1), (2, 1), (1, 0, 1, 0), channels=3, dtype="UINT6"),
    wideswg((5, 1), (3, 3), padding=(1, 1, 1, 1), dtype="UINT7"),
    wideswg((6, 2), (4, 3), padding=(2, 1, 1, 1), dtype="UINT3", ram_style="block"),
    wideswg((1, 9), (1, 3), padding=(0, 1, 0, 1), dtype="INT3"),
    wideswg((1, 1), (3, 3), padding=(1, 1, 1, 1)),
    wideswg((2, 3), (9, 9), padding=(4, 4, 4, 4)),
    wideswg((3, 3), (3, 3), padding=(2, 2, 2, 2), dtype="UINT2"),
    wideswg((9, 7), (1, 1), (2, 2), dtype="INT5"),
    wideswg((11, 5), (4, 2), (3, 1), (1, 0, 0, 1), dtype="INT6"),
    wideswg((5, 9), (3, 5), (1, 2), (1, 2, 1, 2), dtype="INT7"),
    wideswg((9, 8), (3, 3), padding=(2, 2, 2, 2), dilation=(2, 2), dtype="UINT4"),
    wideswg((9, 11), (2, 3), (2, 2), (1, 3, 2, 0), dilation=(3, 2), channels=2, dtype="INT3", cycles=5),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("WideSWG_rtl", CASES)


class TestWideSWG(OpChecks):
    pass


def random_case(rng: np.random.Generator) -> OpCase:
    kernel = tuple(int(k) for k in rng.integers(1, 10, 2))
    padding = tuple(int(rng.integers(0, k)) for k in (*kernel, *kernel))
    least = [max(1, k - padding[i] - padding[i + 2]) for i, k in enumerate(kernel)]
    image = tuple(int(size + rng.integers(0, 12)) for size in least)
    return wideswg(
        image,
        kernel,
        tuple(int(s) for s in rng.integers(1, 4, 2)),
        padding,
        channels=int(rng.integers(1, 4)),
        dtype=str(rng.choice(["UINT1", "INT2", "UINT8"])),
        ram_style=str(rng.choice(["auto", "block", "distributed"])),
    )


def test_random_geometries_keep_the_predicted_rate(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    bench = OpBench("WideSWG_rtl", [random_case(rng) for _ in range(40)], seed=11)
    bench.check_compute()
    bench.check_rtlsim(tmp_path)


def pair(case: OpCase, mh: int, pe: int, beats: int) -> ModelWrapper:
    """A window and the MVAU that reads it in `beats`, which takes mh / pe times as many cycles."""
    window = OpBench("WideSWG_rtl", [case]).model
    stream = getCustomOp(window.graph.node[0]).streams_out()[0]
    weights = OpBench(
        "BitMVAU_rtl",
        [mvau("UINT8", "INT8", stream.lanes, mh, stream.lanes // beats, pe, stream.shape[:-1], narrow=True)],
    )
    model = weights.model
    swg, reader = window.graph.node[0], model.graph.node[0]
    swg.output[0] = reader.input[0]
    del model.graph.input[0]
    model.graph.input.insert(0, window.graph.input[0])
    model.graph.value_info.append(window.graph.output[0])
    model.graph.value_info[-1].name = reader.input[0]
    model.graph.node.insert(0, swg)
    model.set_tensor_datatype(swg.input[0], DataType["UINT8"])
    model.set_tensor_datatype(reader.input[0], DataType["UINT8"])
    return model.transform(InsertWidthConverters())


@pytest.mark.parametrize(
    ("case", "mh", "pe", "beats"),
    [
        (wideswg((32, 32), (9, 9), (2, 2), (4, 4, 4, 4), cycles=6), 6, 1, 1),
        (wideswg((32, 32), (9, 9), (2, 2), (4, 4, 4, 4), cycles=5), 5, 1, 1),
        (wideswg((20, 17), (5, 5), (1, 1), (2, 2, 2, 2), cycles=3), 6, 2, 1),
        (wideswg((20, 17), (3, 3), (1, 1), (1, 1, 1, 1), cycles=2), 4, 2, 1),
        (wideswg((20, 17), (7, 7), (2, 2), (3, 3, 3, 3), channels=3, cycles=4), 4, 1, 1),
        (wideswg((21, 22), (3, 3), (2, 2), (0, 0, 1, 1), cycles=7), 7, 1, 1),
        (wideswg((16, 18), (9, 9), (2, 2), (4, 4, 4, 4), channels=3, cycles=9), 6, 2, 3),
    ],
)
def test_with_an_mvau_it_loses_no_cycle(tmp_path: Path, case: OpCase, mh: int, pe: int, beats: int) -> None:
    interval, expected = interval_of_pair(tmp_path, case, mh, pe, beats)
    assert interval == expected


def test_with_fewer_columns_in_between_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finn_build.dataflow.ops.wideswg.fifo_depth", lambda *_: 16)
    interval, expected = interval_of_pair(tmp_path, wideswg((32, 32), (9, 9), (2, 2), (4, 4, 4, 4), cycles=6), 6, 1)
    assert interval > expected


@pytest.mark.parametrize("ahead", [False, True])
def test_windows_given_ahead_hide_the_start_of_a_row(tmp_path: Path, ahead: bool) -> None:
    """Its reader takes a window in less time than the columns of a row's first one take to come in."""
    case = wideswg((9, 13), (4, 7), (2, 1), (3, 0, 0, 3), cycles=4)
    interval, expected = interval_of_pair(tmp_path, case, 8, 2, ahead=ahead)
    assert interval == expected if ahead else interval > expected


def interval_of_pair(
    folder: Path, case: OpCase, mh: int, pe: int, beats: int = 1, ahead: bool = False
) -> tuple[float, int]:
    """Measured and expected interval between frames, with the FIFOs for it if asked; the sums are right."""
    model = pair(case, mh, pe, beats)
    model = model.transform(InsertFIFOs(1)) if ahead else model
    swg, reader = getCustomOp(model.graph.node[0]), getCustomOp(model.graph.node[-1])
    assert swg.attr("WindowCycles") == beats * mh // pe
    image = random_values(np.random.default_rng(3), DataType["UINT8"], (FRAMES, *swg.streams_in()[0].shape))
    design = stitch(model, folder, top="pair")
    got, result = simulate(design, {swg.onnx_node.input[0]: image}, FRAMES)
    weights = model.get_initializer(reader.onnx_node.input[1]).astype(np.int64)
    for f in range(FRAMES):
        assert np.array_equal(got[reader.onnx_node.output[0]][f], case.reference(image[f]) @ weights)
    ends = next(iter(result.streams[s.signal] for s in design.outputs)).frame_end
    return (ends[-1] - ends[0]) / (FRAMES - 1), max(swg.get_exp_cycles(), reader.get_exp_cycles())


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (
            {"image": (6, 6), "kernel": (3, 3), "padding": (1, 1, 1, 1), "dtype": "BIPOLAR"},
            r"WideSWG_rtl_0: padding \[1, 1, 1, 1\] of BIPOLAR input, which has no 0; use SWG_rtl",
        ),
        ({"image": (2, 6), "kernel": (3, 3)}, r"kernel of height 3 does not fit an image of 2 padded by 0 \+ 0"),
        ({"image": (6, 6, 1), "kernel": (3, 3)}, r"IFMDim=\[6, 6, 1\] must hold 2 integers"),
    ],
)
def test_impossible_windows_are_refused(kwargs: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        OpBench("WideSWG_rtl", [wideswg(**kwargs)])
