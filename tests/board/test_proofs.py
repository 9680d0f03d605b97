"""The small pieces of the shell, proven for any traffic; and each proof fails on an injected bug."""

from pathlib import Path

import pytest

from finn_build.dataflow.ops.base import FIFO_RTL
from finn_build.dataflow.ops.finn_op import RTL_DIR
from tests.board.prove import holds

PROOFS = Path(__file__).parent / "rtl"
SHELL = RTL_DIR / "shell"
CASES = {
    "bursts-64": ("bursts_proof", {"WORD_BYTES": 8, "ADDR_BITS": 32, "COUNT_BITS": 30}),
    "bursts-128": ("bursts_proof", {"WORD_BYTES": 16, "ADDR_BITS": 40, "COUNT_BITS": 29}),
    "gearbox-8-1": ("gearbox_proof", {"IN_BYTES": 8, "OUT_BYTES": 1}),
    "gearbox-8-3": ("gearbox_proof", {"IN_BYTES": 8, "OUT_BYTES": 3}),
    "gearbox-3-8": ("gearbox_proof", {"IN_BYTES": 3, "OUT_BYTES": 8}),
    "gearbox-8-12": ("gearbox_proof", {"IN_BYTES": 8, "OUT_BYTES": 12, "UNIT": 4}),
    "gearbox-5-16": ("gearbox_proof", {"IN_BYTES": 5, "OUT_BYTES": 16}),
    "axilite": ("axilite_proof", {}),
    "reader": ("reader_proof", {}),
    "writer": ("writer_proof", {}),
    "skip": ("skip_proof", {}),
    "monitor": ("monitor_proof", {}),
    "clocks": ("clocks_proof", {}),
    "registers": ("registers_proof", {}),
}
BUGS = [
    ("bursts_proof", "sf_shell_bursts.sv", "- {1'b0, place_q[LOW+:STEP]}", ""),
    ("bursts_proof", "sf_shell_bursts.sv", "left_q <= COUNT_BITS'(room)", "left_q < COUNT_BITS'(room)"),
    ("gearbox_proof", "sf_shell_gearbox.sv", "p <= LAST", "p < LAST"),
    ("gearbox_proof", "sf_shell_gearbox.sv", "&& !there[2*GIVE-1]", ""),
    ("axilite_proof", "sf_shell_axilite.sv", "s_axi_wvalid && !s_axi_bvalid", "s_axi_wvalid"),
    ("axilite_proof", "sf_shell_axilite.sv", "if (read) s_axi_rdata", "if (s_axi_arvalid) s_axi_rdata"),
    ("axilite_proof", "sf_shell_axilite.sv", "{looked_q[0], s_axi", "{s_axi_arvalid && looked_q == '0, s_axi"),
    ("reader_proof", "sf_shell_reader.sv", "&& fits_q", ""),
    ("reader_proof", "sf_shell_reader.sv", "&& !halt", ""),
    ("writer_proof", "sf_shell_writer.sv", "&& !halt", ""),
    ("reader_proof", "sf_shell_reader.sv", "if (room) m_axi_arvalid", "if (room || halt) m_axi_arvalid"),
    ("writer_proof", "sf_shell_writer.sv", "room && held_q", "room && burst_valid"),
    ("writer_proof", "sf_shell_writer.sv", "words_q == (STEP + 1)'(1)", "words_q == (STEP + 1)'(2)"),
    ("skip_proof", "sf_shell_skip.sv", "!begins && !begun_q &&", "!begun_q &&"),
    ("skip_proof", "sf_shell_skip.sv", "left_q ? 2 * BEAT_BYTES : BEAT_BYTES", "BEAT_BYTES"),
    ("skip_proof", "sf_shell_skip.sv", "move ? waiting_q > COUNT'(GROUP) : waiting_q", "waiting_q"),
    ("skip_proof", "sf_shell_skip.sv", "|| none_q ||", "||"),
    ("skip_proof", "sf_shell_skip.sv", "none_q || m_axi_arvalid)", "none_q)"),
    ("skip_proof", "sf_shell_skip.sv", "!answered && (none_q", "(none_q"),
    ("skip_proof", "sf_shell_skip.sv", "m_axi_bvalid && m_axi_bready", "m_axi_wvalid && m_axi_wready && m_axi_wlast"),
    ("writer_proof", "sf_shell_writer.sv", "&& flights_q != '1", ""),
    ("monitor_proof", "sf_shell_monitor.sv", "{3{running}} & ", ""),
    ("monitor_proof", "sf_shell_monitor.sv", "if (stalled != '1) ", ""),
    ("monitor_proof", "sf_shell_monitor.sv", "if (starved != '1) ", ""),
    ("clocks_proof", "sf_shell_clocks.sv", "else if (done) start_q <= start_next_q;", ""),
    ("clocks_proof", "sf_shell_clocks.sv", "(!under_way_q || (done && !ahead_q))", "!under_way_q"),
    ("clocks_proof", "sf_shell_clocks.sv", "ahead_q ? 32'(start_next_q) : 32'(start_q)", "32'(start_q)"),
    ("registers_proof", "sf_shell_registers.sv", "= {16'd0, high_q}", "= {16'd0, cycles[47:32]}"),
    ("registers_proof", "sf_shell_registers.sv", "read_address[4] ? job_cycles[47:32] : ", ""),
]


def _sources(top: str, shell: Path = SHELL) -> list[Path]:
    parts = ("axilite", "gearbox", "bursts", "reader", "writer", "skip", "monitor", "clocks", "registers")
    library = [RTL_DIR / source for source in FIFO_RTL]
    return [*library, *(shell / f"sf_shell_{part}.sv" for part in parts), PROOFS / f"{top}.sv"]


@pytest.mark.parametrize("case", CASES)
def test_proven(case: str) -> None:
    top, parameters = CASES[case]
    proven, log = holds(top, _sources(top), parameters)
    assert proven, log


@pytest.mark.parametrize(("top", "name", "right", "wrong"), BUGS)
def test_a_bug_is_not_proven(tmp_path: Path, top: str, name: str, right: str, wrong: str) -> None:
    for path in SHELL.glob("*.sv"):
        text = path.read_text()
        if path.name == name:
            assert text.count(right) == 1, f"{name} has no longer `{right}`"
            text = text.replace(right, wrong)
        (tmp_path / path.name).write_text(text)
    proven, log = holds(top, _sources(top, tmp_path))
    assert not proven and "proof did fail" in log
