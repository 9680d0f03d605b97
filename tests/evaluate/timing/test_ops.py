"""Ops whose logic grows with their parameters keep PYNQ-Z2's clock, by the estimate after synthesis.

Sums that had no register between them, a comparison of all lanes in series and a place found by three sums in a row
took 9 to 25 ns of 8; no preset has these ops, so that only networks of users found it.
"""

from pathlib import Path

import pytest

from tests.dataflow.ops.op_case import OpBench, OpCase
from tests.dataflow.ops.test_add import add
from tests.dataflow.ops.test_border import border
from tests.dataflow.ops.test_labelselect import label
from tests.dataflow.ops.test_weigh import weigh

WANTED_NS = 6.4  # four fifths of a period at 125 MHz


@pytest.mark.parametrize(
    ("op_type", "case"),
    [
        ("StreamAdd_rtl", add("INT16", "INT16", 1023, -341)),
        ("StreamBorder_rtl", border((19, 22), (1, 1, 2, 3), "reflect", channels=24, pe=6)),
        ("LabelSelect_rtl", label(40, 8, "INT24")),
        ("StreamWeigh_rtl", weigh((20, 15, 12, 15, 20), (20, 15, 12, 15, 20), channels=16, pe=2)),
    ],
)
def test_the_longest_path(op_type: str, case: OpCase, tmp_path: Path) -> None:
    depths = OpBench(op_type, [case]).depths(tmp_path, 0)
    assert max(depths.inside, *depths.from_inputs.values(), *depths.to_outputs.values()) < WANTED_NS
