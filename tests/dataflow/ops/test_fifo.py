from pathlib import Path

import numpy as np
import pytest

from finn_build.dataflow.ops._ram import bram_multiplexers, lutram_luts, single_port_luts, uram_blocks
from finn_build.errors import ConfigError
from tests.dataflow.ops.op_case import OpBench, OpCase, OpChecks

DEPTHS = (2, 3, 4, 17, 18, 33, 34, 65, 100)


def fifo(depth: int, ram_style: str, dtype: str = "INT4", lanes: int = 3) -> OpCase:
    attributes = {"shape": [1, 5, 6], "lanes": lanes, "dataType": dtype, "depth": depth, "ram_style": ram_style}
    return OpCase(attributes, lambda x: x)


CASES = [
    *(fifo(depth, "distributed") for depth in DEPTHS),
    *(fifo(depth, "block", "BIPOLAR", 1) for depth in DEPTHS),
    fifo(600, "auto", "UINT8", 6),
    fifo(70, "ultra", "INT8", 2),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("StreamFIFO_rtl", CASES)


class TestFIFO(OpChecks):
    def test_capacity_is_the_depth(self, bench: OpBench) -> None:
        for op in bench.ops:
            assert op.rtl_parameters()["DEPTH"] == op.attr("depth")

    def test_auto_takes_block_ram_only_for_large_contents(self) -> None:
        small, large = OpBench("StreamFIFO_rtl", [fifo(64, "auto"), fifo(2048, "auto", "UINT8", 6)]).ops
        assert (small.resources().bram18, large.resources().bram18) == (0, 6)


def test_depth_below_two_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^StreamFIFO_rtl_0: depth=1; legal: 2 and more$"):
        OpBench("StreamFIFO_rtl", [fifo(1, "auto")])


def test_values_survive_as_given() -> None:
    values = np.arange(30).reshape(1, 5, 6) % 8
    (op,) = OpBench("StreamFIFO_rtl", [fifo(2, "auto")]).ops
    assert np.array_equal(op.compute(values)[0], values)


def test_registers_are_those_of_synthesis(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    cases = [fifo(int(rng.integers(2, 200)), style, "INT4", 2) for style in ("distributed", "block", "distributed")]
    bench = OpBench("StreamFIFO_rtl", cases)
    for i, op in enumerate(bench.ops):
        assert bench.area(tmp_path, i)["ff"] == op.resources().ff, cases[i].attributes


def test_multiplexers_of_block_ram_are_those_of_synthesis(tmp_path: Path) -> None:
    bench = OpBench("StreamFIFO_rtl", [fifo(3001, "block", "INT18", 2)])
    found, told = bench.area(tmp_path, 0), bench.ops[0].resources()
    assert found["bram18"] == told.bram18 == 6 and abs(told.lut / found["lut"] - 1) < 0.1
    assert [bram_multiplexers(*shape) for shape in ((6400, 36), (2304, 36), (1800, 32), (9216, 1))] == [144, 72, 0, 0]


@pytest.mark.parametrize(
    ("words", "dual", "single", "ultra"),
    [
        (32, 8, 4, 1),
        (33, 12, 7, 1),
        (64, 12, 7, 1),
        (65, 33, 14, 1),
        (256, 59, 28, 1),
        (257, 79, 35, 1),
        (4097, 964, 455, 2),
    ],
)
def test_memories_of_one_more_word_take_the_next_cells(words: int, dual: int, single: int, ultra: int) -> None:
    """Of seven bits: cells of 32 words and 6 bits, of 64 and 3, and a 4:1 multiplexer a bit for each four banks."""
    assert (lutram_luts(words, 7), single_port_luts(words, 7)) == (dual, single)
    assert [uram_blocks(words, width) for width in (72, 73)] == [ultra, 2 * ultra]
