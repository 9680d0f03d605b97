"""What cuts the paths between ops, proven for any traffic; and each proof fails on an injected bug."""

from pathlib import Path

import pytest

from finn_build.dataflow.ops.finn_op import RTL_DIR
from finn_build.rtl.stitch import stitch
from tests.board.prove import holds
from tests.dataflow.ops.op_case import OpBench
from tests.dataflow.ops.test_fifo import fifo
from tests.dataflow.ops.ways_through import ways_through

PROOFS = Path(__file__).parent / "rtl"
SOURCES = ("lib/sf_ram.sv", "lib/sf_fifo.sv", "dwc/sf_dwc.sv", "duplicate/sf_duplicate.sv")
CASES = {
    "half-buffer": ("fifo_proof", {"DEPTH": 1}),
    "full-buffer": ("fifo_proof", {"DEPTH": 2}),
    "wide-full-buffer": ("fifo_proof", {"DEPTH": 2, "WIDTH": 65}),
    "shift-registers": ("fifo_proof", {"DEPTH": 4}),
    "lutram": ("fifo_proof", {"DEPTH": 34, "WIDTH": 1}),
    "widen-2": ("dwc_proof", {"RATIO": 2, "WIDEN": 1}),
    "widen-5": ("dwc_proof", {"RATIO": 5, "WIDEN": 1}),
    "narrow-2": ("dwc_proof", {"RATIO": 2, "WIDEN": 0}),
    "narrow-5": ("dwc_proof", {"RATIO": 5, "WIDEN": 0}),
    "duplicate-2": ("duplicate_proof", {"OUTPUTS": 2}),
    "duplicate-3": ("duplicate_proof", {"OUTPUTS": 3}),
}
BUGS = [
    ("half-buffer", "if (write) front_q", "if (in0_valid) front_q"),
    ("full-buffer", "if (!full) spare_q", "if (write || !room_q) spare_q"),
    ("full-buffer", "full ? spare_q : in0_data", "!in0_valid ? spare_q : in0_data"),
    ("wide-full-buffer", "&& (full_q || in0_valid)", "&& in0_valid"),
    ("shift-registers", "!(in0_valid && last)", "!in0_valid"),
    ("shift-registers", "PLACES - 2)", "PLACES - 1)"),
    ("lutram", "RAM_STYLE == 0 ? room_q", "RAM_STYLE == 0 ? 1'b1"),
    ("lutram", "if (read != write)", "if (read || write)"),
    ("lutram", "!write && (empty_q", "(empty_q"),
    ("widen-2", "room_q || !last", "1'b1"),
    ("widen-5", "if (!full_q) wide_q <= whole", "if (step) wide_q <= whole"),
    ("narrow-5", "part_q == LAST - 1'b1", "part_q == LAST"),
    ("narrow-2", "if (part_q == '0) last_q", "if (part_q == LAST) last_q"),
    ("narrow-5", "valid_q <= step", "valid_q <= full_q"),
    ("narrow-2", "if (advance) narrow_q", "if (out0_ready) narrow_q"),
    ("duplicate-3", "& ~served_q", ""),
    ("duplicate-3", "else if (valid) served_q", "else served_q"),
]


@pytest.mark.parametrize("case", CASES)
def test_proven(case: str) -> None:
    top, parameters = CASES[case]
    proven, log = holds(top, [*(RTL_DIR / s for s in SOURCES), PROOFS / f"{top}.sv"], parameters)
    assert proven, log


@pytest.mark.parametrize(("case", "right", "wrong"), BUGS)
def test_a_bug_is_not_proven(tmp_path: Path, case: str, right: str, wrong: str) -> None:
    top, parameters = CASES[case]
    texts = {Path(source).name: (RTL_DIR / source).read_text() for source in SOURCES}
    assert sum(text.count(right) for text in texts.values()) == 1, f"no longer there, or twice: `{right}`"
    for name, text in texts.items():
        (tmp_path / name).write_text(text.replace(right, wrong))
    proven, log = holds(top, [*(tmp_path / name for name in texts), PROOFS / f"{top}.sv"], parameters)
    assert not proven and "proof did fail" in log


def test_a_way_through_an_op_is_found(tmp_path: Path) -> None:
    bench = OpBench("StreamFIFO_rtl", [fifo(2, "distributed")])
    design, copy = stitch(bench.model, tmp_path, top="side_by_side", connect=False), tmp_path / "sf_fifo.sv"
    copy.write_text(copy.read_text().replace("in0_ready = room_q;", "in0_ready = room_q || out0_ready;"))
    assert ways_through(design, tmp_path) == {("StreamFIFO_rtl_0__out0_V_tready", "StreamFIFO_rtl_0__in0_V_tready")}
