from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from finn_build.dataflow.ops._ring import least_words
from finn_build.errors import ConfigError
from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks


def counts(
    image: Sequence[int], kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int], dilation: Sequence[int]
) -> tuple[int, int]:
    """Rows and columns of windows."""
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    rows, columns = ((image[a] + padding[a] + padding[a + 2] - reach[a]) // stride[a] + 1 for a in (0, 1))
    return rows, columns


def windows(
    x: np.ndarray, kernel: list[int], stride: list[int], padding: list[int], dilation: Sequence[int] = (1, 1)
) -> np.ndarray:
    """Windows element by element, from the definition; [1, H, W, C] -> [1, OH, OW, kh*kw*C]."""
    _, height, width, channels = x.shape
    rows, columns = counts((height, width), kernel, stride, padding, dilation)
    out = np.zeros((1, rows, columns, *kernel, channels), dtype=np.int64)
    for oy, ox, ky, kx in np.ndindex(rows, columns, *kernel):
        y, x0 = oy * stride[0] + ky * dilation[0] - padding[0], ox * stride[1] + kx * dilation[1] - padding[1]
        if 0 <= y < height and 0 <= x0 < width:
            out[0, oy, ox, ky, kx] = x[0, y, x0]
    return out.reshape(1, rows, columns, -1)


def window_attributes(
    image: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    channels: int,
    **others: Any,
) -> dict[str, Any]:
    """Attributes of an op with a window."""
    geometry = {"IFMDim": image, "KernelDim": kernel, "Stride": stride, "Padding": padding, "Dilation": dilation}
    return {name: list(sizes) for name, sizes in geometry.items()} | {"IFMChannels": channels, **others}


def swg(
    image: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...] = (1, 1),
    padding: tuple[int, ...] = (0, 0, 0, 0),
    *,
    channels: int = 4,
    simd: int = 2,
    dtype: str = "BIPOLAR",
    ram_style: str = "auto",
    dilation: tuple[int, ...] = (1, 1),
) -> OpCase:
    attributes = window_attributes(
        image, kernel, stride, padding, dilation, channels, SIMD=simd, inputDataType=dtype, ram_style=ram_style
    )
    return OpCase(attributes, lambda x: windows(x, list(kernel), list(stride), list(padding), dilation))


CASES = [
    swg((6, 7), (3, 3), padding=(1, 1, 1, 1)),
    swg((7, 6), (3, 3), padding=(1, 1, 1, 1), dtype="UINT3", ram_style="block"),
    swg((7, 6), (3, 3), padding=(1, 1, 1, 1), dtype="BIPOLAR", ram_style="block"),
    swg((7, 6), (3, 3), padding=(1, 1, 1, 1), dtype="UINT8", ram_style="ultra"),
    swg((6, 7), (3, 3), dtype="INT4"),
    swg((6, 6), (3, 3), dtype="BIPOLAR", channels=3, simd=3),
    swg((8, 5), (3, 3), (2, 2), (1, 1, 1, 1)),
    swg((7, 8), (3, 3), (2, 2), (1, 1, 1, 1), dtype="UINT2"),
    swg((8, 8), (3, 3), (2, 2), (0, 0, 1, 1), dtype="UINT1"),
    swg((9, 10), (5, 5), padding=(2, 2, 2, 2), channels=6, simd=3),
    swg((9, 8), (5, 5), (2, 2), (2, 2, 2, 2), channels=6, simd=1),
    swg((10, 9), (9, 9), padding=(4, 4, 4, 4), channels=2, simd=1),
    swg((9, 12), (9, 9), (3, 3), (4, 4, 4, 4), channels=2, simd=2),
    swg((12, 11), (9, 9), dtype="INT8", channels=2, simd=2),
    swg((6, 6), (2, 2), (2, 2)),
    swg((7, 7), (2, 2), (2, 2), dtype="INT2"),
    swg((7, 8), (2, 2), (3, 3), dtype="INT2"),
    swg((6, 5), (2, 2), padding=(0, 0, 1, 1)),
    swg((8, 7), (4, 4), (1, 1), (1, 1, 2, 2), dtype="UINT8"),
    swg((9, 7), (1, 1), (2, 2)),
    swg((8, 6), (1, 1), (2, 2), channels=4, simd=4, dtype="UINT4"),
    swg((10, 11), (1, 1), (3, 3), channels=4, simd=1, dtype="UINT4"),
    swg((1, 9), (1, 3), (1, 1), (0, 1, 0, 1), dtype="INT3"),
    swg((9, 1), (3, 1), (2, 1), (1, 0, 1, 0), channels=3, simd=3),
    swg((5, 9), (3, 5), (1, 2), (1, 2, 1, 2)),
    swg((3, 3), (3, 3), padding=(2, 2, 2, 2), dtype="UINT2"),
    swg((3, 3), (3, 3), dtype="UINT2", channels=1, simd=1),
    swg((11, 5), (4, 2), (3, 1), (1, 0, 0, 1), dtype="INT5"),
    swg((16, 16), (3, 3), padding=(1, 1, 1, 1), channels=8, simd=1),
    swg((8, 9), (3, 3), padding=(2, 2, 2, 2), dilation=(2, 2)),
    swg((7, 9), (3, 3), dilation=(2, 3), dtype="UINT3", channels=3, simd=1, ram_style="block"),
    swg((9, 8), (3, 3), (2, 2), (2, 2, 2, 2), dilation=(2, 2), dtype="INT3", channels=2, simd=2),
    swg((1, 12), (1, 3), padding=(0, 4, 0, 0), dilation=(1, 2), dtype="UINT4"),
    swg((4, 5), (2, 3), padding=(3, 0, 0, 4), dilation=(4, 4), dtype="UINT2", channels=2, simd=1),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("SWG_rtl", CASES)


class TestSWG(OpChecks):
    def test_padded_bipolar_is_ternary(self, bench: OpBench) -> None:
        types = {(op.attr("inputDataType"), any(op.attr("Padding")), op.get_output_datatype().name) for op in bench.ops}
        assert ("BIPOLAR", True, "TERNARY") in types
        assert ("BIPOLAR", False, "BIPOLAR") in types
        assert ("UINT3", True, "UINT3") in types


def random_case(rng: np.random.Generator) -> OpCase:
    dilation = tuple(int(d) for d in rng.choice([1, 1, 2, 3], 2))
    kernel = tuple(int(k) for k in rng.integers(1, [10 if d == 1 else 5 for d in dilation]))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = tuple(int(rng.integers(0, k)) for k in (*reach, *reach))
    least = [max(1, k - padding[i] - padding[i + 2]) for i, k in enumerate(reach)]
    image = tuple(int(size + rng.integers(0, 12)) for size in least)
    simd, folds = (int(n) for n in rng.integers(1, 4, 2))
    return swg(
        image,
        kernel,
        tuple(int(s) for s in rng.integers(1, 4, 2)),
        padding,
        channels=simd * folds,
        simd=simd,
        dtype=str(rng.choice(["BIPOLAR", "UINT1", "INT2", "UINT3"])),
        ram_style=str(rng.choice(["auto", "block", "distributed"])),
        dilation=dilation,
    )


def test_random_geometries_keep_the_predicted_rate(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    bench = OpBench("SWG_rtl", [random_case(rng) for _ in range(30)], seed=7)
    bench.check_compute()
    bench.check_rtlsim(tmp_path)


@pytest.mark.parametrize(("image", "stride"), [((16, 16), (1, 1)), ((17, 15), (2, 2))])
def test_a_dilated_kernel_takes_no_more_beats_than_one_that_is_not(image: tuple, stride: tuple) -> None:
    dense, dilated = (
        OpBench("SWG_rtl", [swg(image, (3, 3), stride, (d,) * 4, dilation=(d, d))]).ops[0] for d in (1, 2)
    )
    assert dilated.get_exp_cycles() == dense.get_exp_cycles()
    assert dilated.streams_out()[0].beats == dense.streams_out()[0].beats


def test_a_ring_one_word_smaller_is_slower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [swg((6, 7), (3, 3), dtype="INT4"), swg((8, 8), (3, 3), (2, 2), (1, 1, 1, 1)), swg((6, 6), (2, 2), (2, 2))]
    smaller = lambda window, *_: (least_words(window) - 1, "distributed")  # noqa: E731
    monkeypatch.setattr("finn_build.dataflow.ops._windowed.ring_choice", smaller)
    bench = OpBench("SWG_rtl", cases)
    results = bench.simulate(tmp_path)
    for op in bench.ops:
        assert results[op.onnx_node.name].cycles > op.get_exp_cycles()


def test_simd_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ConfigError, match="SWG_rtl_0: SIMD=3 does not divide IFMChannels=4; nearest legal: 2, 4"):
        OpBench("SWG_rtl", [swg((6, 6), (3, 3), simd=3)])


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"image": (2, 6), "kernel": (3, 3)}, r"kernel of height 3 does not fit an image of 2 padded by 0 \+ 0"),
        (
            {"image": (6, 6), "kernel": (3, 3), "padding": (0, 0, 0, 3)},
            "padding 0 before and 3 after in width; legal: 0 to 2, smaller than the kernel",
        ),
        ({"image": (6, 6), "kernel": (3, 3), "stride": (0, 1)}, "kernel 3, stride 0, dilation 1: each must be >= 1"),
        ({"image": (6, 6), "kernel": (3, 3), "dilation": (1, 3)}, r"kernel of width 7 does not fit an image of 6"),
        ({"image": (6, 6, 1), "kernel": (3, 3)}, r"IFMDim=\[6, 6, 1\] must hold 2 integers"),
    ],
)
def test_impossible_windows_are_refused(kwargs: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        OpBench("SWG_rtl", [swg(**kwargs)])
