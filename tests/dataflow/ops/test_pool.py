from pathlib import Path

import numpy as np
import pytest
from qonnx.core.datatype import DataType

from finn_build.errors import ConfigError
from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks
from tests.dataflow.ops.test_swg import counts, window_attributes


def pooled(
    x: np.ndarray,
    kernel: list[int],
    stride: list[int],
    padding: list[int],
    function: str,
    dilation: tuple[int, ...] = (1, 1),
) -> np.ndarray:
    """Pool from the definition: each window is cut to the image, then reduced; [1, H, W, C] -> [1, OH, OW, C]."""
    _, height, width, channels = x.shape
    rows, columns = counts((height, width), kernel, stride, padding, dilation)
    out = np.zeros((1, rows, columns, channels), dtype=np.int64)
    for oy, ox in np.ndindex(rows, columns):
        y, x0 = (
            [t for t in range(o * s - p, o * s - p + (k - 1) * d + 1, d) if 0 <= t < size]
            for o, s, p, k, d, size in zip((oy, ox), stride, padding, kernel, dilation, (height, width), strict=False)
        )
        inside = x[0][np.ix_(y, x0)].reshape(-1, channels)
        out[0, oy, ox] = inside.max(axis=0) if function == "max" else inside.sum(axis=0)
    return out


def pool(
    image: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...] = (0, 0, 0, 0),
    *,
    function: str = "max",
    dtype: str = "BIPOLAR",
    channels: int = 4,
    pe: int = 2,
    ram_style: str = "auto",
    dilation: tuple[int, ...] = (1, 1),
) -> OpCase:
    attributes = window_attributes(
        image,
        kernel,
        stride,
        padding,
        dilation,
        channels,
        PE=pe,
        Function=function,
        inputDataType=dtype,
        ram_style=ram_style,
    )
    return OpCase(attributes, lambda x: pooled(x, list(kernel), list(stride), list(padding), function, dilation))


TYPES = ("BIPOLAR", "TERNARY", "UINT1", "UINT4", "INT3", "INT8")
CASES = [
    *(pool((6, 8), (2, 2), (2, 2), dtype=dtype) for dtype in TYPES),
    *(pool((6, 8), (2, 2), (2, 2), dtype=dtype, function="sum") for dtype in TYPES),
    *(pool((5, 6), (3, 3), (2, 2), (1, 1, 1, 1), dtype=dtype) for dtype in TYPES),
    *(pool((5, 6), (3, 3), (2, 2), (1, 1, 1, 1), dtype=dtype, function="sum") for dtype in TYPES),
    pool((7, 9), (2, 2), (2, 2), dtype="INT4", channels=6, pe=1),
    pool((7, 7), (3, 2), (3, 2), dtype="UINT2", channels=6, pe=6),
    pool((5, 4), (5, 4), (5, 4), dtype="UINT4", function="sum", channels=6, pe=3),
    pool((4, 4), (4, 4), (4, 4), dtype="INT4", function="sum", channels=3, pe=3),
    pool((6, 6), (1, 1), (1, 1), dtype="INT4"),
    pool((7, 6), (1, 1), (2, 2), dtype="INT4"),
    pool((7, 8), (2, 2), (3, 3), dtype="UINT2"),
    pool((6, 7), (3, 3), (1, 1), (1, 1, 1, 1), dtype="UINT2", channels=6, pe=1),
    pool((9, 8), (2, 2), (1, 1), (0, 0, 1, 1), dtype="INT2", ram_style="block"),
    pool((6, 6), (2, 2), (2, 2), (1, 1, 1, 1), dtype="BIPOLAR", function="sum"),
    pool((10, 7), (5, 3), (2, 3), (2, 1, 2, 0), dtype="INT5", channels=3, pe=3),
    pool((7, 8), (3, 2), (1, 1), (2, 0, 2, 0), dtype="INT3", dilation=(2, 3)),
    pool((7, 7), (2, 2), (2, 2), dtype="UINT3", function="sum", pe=1, dilation=(3, 2)),
    pool((4, 3), (3, 1), (3, 3), (2, 0, 0, 0), pe=4),  # more padded places than pixels before the first window's
    *(pool(image, (3, 3), (1, 1), (1, 1, 1, 1), dtype="INT4") for image in ((1, 1), (2, 1), (1, 3))),
    # Pixels beside the last tile, next to a row of results that fills its memory, and to a single one.
    *(pool(image, (2, 2), (2, 2), dtype="INT4", function="sum", channels=2, pe=2) for image in ((5, 9), (3, 3))),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("StreamPool_rtl", CASES)


class TestPool(OpChecks):
    def test_both_structures_are_covered(self, bench: OpBench) -> None:
        assert {op.rtl_parameters()["TILED"] for op in bench.ops} == {0, 1}


def random_case(rng: np.random.Generator) -> OpCase:
    kernel = tuple(int(k) for k in rng.integers(1, 6, 2))
    padding = tuple(int(rng.integers(0, k)) for k in (*kernel, *kernel))
    least = [max(1, k - padding[i] - padding[i + 2]) for i, k in enumerate(kernel)]
    pe, folds = (int(n) for n in rng.integers(1, 4, 2))
    return pool(
        tuple(int(size + rng.integers(0, 9)) for size in least),
        kernel,
        tuple(int(s) for s in rng.integers(1, 4, 2)),
        padding,
        function=str(rng.choice(["max", "sum"])),
        dtype=str(rng.choice(TYPES)),
        channels=pe * folds,
        pe=pe,
    )


def test_random_geometries_keep_the_predicted_rate(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    bench = OpBench("StreamPool_rtl", [random_case(rng) for _ in range(20)], seed=11)
    bench.check_compute()
    bench.check_rtlsim(tmp_path)


def test_type_of_a_sum_holds_every_total() -> None:
    for dtype, expected in (("BIPOLAR", "INT4"), ("UINT4", "UINT6"), ("INT3", "INT5"), ("UINT1", "UINT3")):
        (op,) = OpBench("StreamPool_rtl", [pool((4, 4), (2, 2), (2, 2), dtype=dtype, function="sum")]).ops
        assert op.get_output_datatype() == DataType[expected]


def test_pe_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ConfigError, match="StreamPool_rtl_0: PE=3 does not divide IFMChannels=4; nearest legal: 2, 4"):
        OpBench("StreamPool_rtl", [pool((6, 6), (2, 2), (2, 2), pe=3)])


def test_registers_of_tiled_pools_are_those_of_synthesis(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    cases = []
    for _ in range(3):
        kh, kw, rows, columns = (int(n) for n in rng.integers(1, 5, 4))
        image = kh * rows + int(rng.integers(0, kh)), kw * columns + int(rng.integers(0, kw))
        cases.append(pool(image, (kh, kw), (kh, kw), dtype="INT3", pe=int(rng.choice([1, 2, 4]))))
    bench = OpBench("StreamPool_rtl", cases)
    for i, op in enumerate(bench.ops):
        assert abs(bench.area(tmp_path, i)["ff"] - op.resources().ff) <= 1, cases[i].attributes
