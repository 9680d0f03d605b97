"""A small part of the long runs; what they would say of a fault."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import seed as seeded

from finn_build.dataflow.ops.base import StreamOp
from finn_build.errors import SignflowError
from tests.dataflow.ops.op_case import OpBench, OpCase
from tests.nightly import long_run as runs
from tests.nightly.strategies import OPS


@pytest.mark.parametrize("stem", ["fifo", "pool", "swg"])
def test_a_short_run(stem: str) -> None:
    assert runs.long_run(stem, 50_000, 1, 0, print) >= 50_000


@pytest.mark.parametrize("stem", OPS)
def test_what_is_drawn_computes_what_its_reference_does(stem: str) -> None:
    op_type, cases = OPS[stem]
    computed = []

    @seeded(1)
    @settings(max_examples=8, deadline=None, database=None)
    @given(case=cases)
    def is_right(case: OpCase) -> None:
        try:
            bench = OpBench(op_type, [case])
        except SignflowError:
            return  # it says no by itself
        bench.check_compute()
        computed.append(case)

    is_right()
    assert len(computed) > 3


def test_no_op_is_left_out() -> None:
    ops = {op.__name__ for op in StreamOp.__subclasses__() if op.__module__.startswith("finn_build.")}
    assert {op_type for op_type, _ in OPS.values()} == ops


def test_a_fault_is_made_as_small_as_it_goes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def faulty(op_type: str, case: OpCase, *_: object) -> int:
        assert case.attributes["depth"] < 17, f"{op_type} of depth {case.attributes['depth']}"
        return 0

    monkeypatch.setattr(runs, "run", faulty)
    monkeypatch.setattr(runs, "longest_path", lambda *_: 0.0)  # of what is right: a synthesis each
    with pytest.raises(AssertionError, match="StreamFIFO_rtl of depth 17"):
        runs.long_run("fifo", 100, 30, 0, print)
