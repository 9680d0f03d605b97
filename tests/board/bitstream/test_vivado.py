"""The Vivado project, run as real Tcl against a strict recorder of Vivado's commands; nothing here is synthesised."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from finn_build.board.bitstream.reports import read_power, read_reports
from finn_build.board.bitstream.vivado import run_vivado, write_project
from finn_build.board.shell import Shell, write_shell
from finn_build.config import BOARD_DIR, Board, load_board
from finn_build.errors import BitstreamError, ConfigError
from finn_build.families import family_of
from finn_build.rtl.lint import RULES
from finn_build.rtl.stitch import stitch
from finn_build.state import Build
from tests.board.bitstream.vivado.block_design import VivadoError, module_cell
from tests.board.bitstream.vivado.session import Session
from tests.dataflow.ops.op_case import OpBench, OpCase

REPORTS = Path(__file__).parent / "reports"
BAD = Path(__file__).parents[2] / "rtl" / "lint" / "bad"
Shelled = tuple[Shell, Board]


def _project(shelled: Shelled, folder: Path, old: str = "", new: str = "") -> Path:
    """The script, with its first match of a pattern replaced."""
    script = write_project(*shelled, folder)
    if old:
        text, found = re.subn(old, new, script.read_text(), count=1)
        assert found, f"{old} is not in the script"
        script.write_text(text)
    return script


@pytest.mark.parametrize("with_board_files", [True, False])
def test_project_is_complete(shelled: Shelled, with_board_files: bool, tmp_path: Path) -> None:
    """Every file, pin and interface exists, everything is connected, and the run ends with all that is promised."""
    shell, board = shelled
    script = _project(shelled, tmp_path / "vivado")
    session = Session((board.board_part,) if with_board_files else ())
    if board.name == "zcu104" and not with_board_files:
        with pytest.raises(VivadoError, match=r"Vivado lacks the board files of xilinx.com:zcu104"):
            session.source(script)
        return
    session.source(script)
    made = {path.name for path in script.parent.iterdir()} - {"project"}
    assert made == {"build.tcl", "accelerator.bit", "accelerator.hwh", "timing.rpt", "utilization.rpt", "power.rpt"}
    assert {f.name for f in session.files} == {
        *(f.name for f in shell.sources), *(f.name for f in shell.folder.glob("*.mem")),
    }  # fmt: skip
    design = session.design
    assert design is not None
    size, base = 1 << 16, 0x4000_0000 if board.name == "pynq-z2" else 0xA000_0000
    assert design.addresses == {"signflow/s_axi_control/reg0": (base, size)}
    clock = float(design.cells["ps"].value(design.cells["ps"].entry["clock_parameter"]))
    assert clock == board.clk_mhz
    preset = "apply_board_preset 1" if with_board_files else "apply_board_preset 0"
    assert any(preset in line for line in session.log)
    explicit = any("PCW_UIPARAM_DDR_BUS_WIDTH {16 Bit}" in line for line in session.log)
    assert explicit == (not with_board_files)  # memory by the board's YAML where Vivado does not know the board


@pytest.mark.parametrize("name", sorted({p.stem for p in BOARD_DIR.glob("*.yaml")} - {"pynq-z2", "zcu104"}))
def test_every_other_board_has_a_project(name: str, lowered: Build, tmp_path: Path) -> None:
    """With its board files and, where Vivado can do without, with none named: part and clock are the board's."""
    board = load_board(name)
    shell = write_shell(stitch(lowered.streams, tmp_path / "rtl", part=board.part), board)
    for named in (board.board_part, "")[: 1 if family_of(board).ps.needs_preset else 2]:
        script = write_project(shell, replace(board, board_part=named), tmp_path / "vivado")
        session = Session((board.board_part,))
        session.source(script)
        assert (script.parent / "accelerator.bit").is_file() and session.project["part"] == board.part
        assert session.design is not None
        ps = session.design.cells["ps"]
        assert float(ps.value(ps.entry["clock_parameter"])) == board.clk_mhz
        wanted = {} if named else {k: str(v) for k, v in board.ps.items()}
        assert {key: str(ps.value(key)) for key in wanted} == wanted


def test_clock_behind_another_pll_than_the_boards_is_refused(tmp_path: Path, forked: Shelled) -> None:
    """PYNQ takes over the dividers, not the PLL: behind 1600 MHz they would make 77 of 125 MHz on the board."""
    with pytest.raises(VivadoError, match=r"IO_PLL_FREQMHZ is 1600\.000, the board's is 1000: .* not be 125 MHz"):
        Session().source(_project(forked, tmp_path, r" +CONFIG\.PCW_ENET0_PERIPHERAL_ENABLE.*\n", ""))


def test_every_master_gets_a_port_of_its_own(forked: Shelled, tmp_path: Path) -> None:
    """Two masters, the second of which only writes, meet at the memory."""
    session = Session()
    session.source(_project(forked, tmp_path))
    assert session.design is not None
    links = session.design.links
    assert (links["signflow/m_axi_0"], links["signflow/m_axi_1"]) == ("memory/S00_AXI", "memory/S01_AXI")
    with pytest.raises(VivadoError, match="interface signflow/m_axi_1 is not connected"):
        Session().source(_project(forked, tmp_path, r" +signflow/m_axi_1.*\n", ""))
    with pytest.raises(VivadoError, match="no interface pin memory/S01_AXI"):
        Session().source(_project(forked, tmp_path, "memory 2", "memory 1"))


BREAKS = {
    "unknown parameter": ("create_bd_design system", "set_param synth.elaboration.rodin 2", "no parameter"),
    "unknown command": ("create_bd_design", "create_bd_dezign", "invalid command name"),
    "message rule of no project": (r"\ncreate_project.*\n", "\n", "set_msg_config: no project is open"),
    "unknown option": ("-norecurse", "-recurse", "unknown or incomplete option -recurse"),
    "missing source": (r"shell\.sv\n", "shel.sv\n", "shel.sv does not exist"),
    "source left out": (r" +sf_shell_reader\.sv\n", "", "elaborating signflow_top: .*sf_shell_reader"),
    "memory left out": (r" +build_hash\.mem\n", "", "Synth 8-4445: .* reads build_hash.mem"),
    "wrong IP": ("proc_sys_reset", "proc_sys_rst", "nothing matches"),
    "wrong pin of the PS": (r"ps/(FCLK_CLK0|pl_clk0)\b", "ps/CLK", "no pin ps/CLK"),
    "wrong pin of the shell": ("signflow/ap_clk", "signflow/clk", "no pin signflow/clk"),
    "wrong interface": ("memory/S00_AXI", "memory/S0_AXI", "no interface pin memory/S0_AXI"),
    "wrong module": ("-reference signflow_top", "-reference shell_top", "module shell_top is in 0 of the added files"),
    "module in SystemVerilog": ("-reference signflow_top", "-reference sf_shell", "SystemVerilog at the top"),
    "wrong parameter": (r"CONFIG\.(PCW_USE_M_AXI_GP0|PSU__USE__M_AXI_GP0)", "CONFIG.USE_GP0", "no parameter USE_GP0"),
    "wrong value": (r"(DATA_WIDTH) \{(64|128)\}", r"\1 {48}", "cannot be 48"),
    "port switched off": (r"(USE_S_AXI_HP0|USE__S_AXI_GP2) \{1\}", r"\1 {0}", "no pin ps/"),
    "narrow port": (r"(DATA_WIDTH) \{(64|128)\}", r"\1 {32}", "bits, ps/"),
    "clock of a port open": (r"ps/(S_AXI_HP0_ACLK|saxihp0_fpd_aclk)\n", "\n", "input ps/.* is not connected"),
    "reset as a clock": (r"ps/(FCLK_CLK0|pl_clk0)\]", "reset/peripheral_aresetn]", "rst reset/.* drives clk"),
    "interrupt open": (r"connect_bd_net \[get_bd_pins signflow/interrupt\].*\n", "", "is not connected"),
    "interface open": (r" +signflow/m_axi_0.*\n", "", "interface .* is not connected"),
    "no address": (r"assign_bd_address -offset(.*\\\n)*.*reg0\]\n", "", "s_axi_control has no address"),
    "address elsewhere": (r"0x[4A]0000000", "0x10000000", "is outside"),
    "no memory": (r"\nassign_bd_address\n", "\n", "sees no memory"),
    "no validation": (r"\nvalidate_bd_design\n", "\n", "not validated"),
    "wrapper not made": (r"\nmake_wrapper.*\n", "\n", "not wrapper made"),
    "wrong top": ("top system_wrapper", "top system", "the top is system"),
    "no bitstream asked for": ("-to_step write_bitstream", "-to_step route_design", "makes no bitstream"),
    "reports before the run": (r"\nopen_run impl_1\n", "\n", "not opened"),
    "wrong property": ("set_property strategy", "set_property strategie", "no property strategie"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_recorder_refuses(name: str, shelled: Shelled, tmp_path: Path) -> None:
    """Each break of the script is an error: a recorder that lets one pass would prove nothing."""
    old, new, message = BREAKS[name]
    script = _project(shelled, tmp_path, old, new)
    with pytest.raises(VivadoError, match=message):
        Session((shelled[1].board_part,)).source(script)


@pytest.mark.parametrize(("slack", "what"), [("WNS", "setup"), ("WHS", "hold"), ("TPWS", "pulse width")])
def test_a_missed_clock_ends_the_script_by_hand_too(slack: str, what: str, shelled: Shelled, tmp_path: Path) -> None:
    script, board = _project(shelled, tmp_path), shelled[1]
    with pytest.raises(VivadoError, match=f"misses {board.clk_mhz:g} MHz: {what} slack -0.313 ns, see timing.rpt"):
        Session((board.board_part,), **{slack: "-0.313"}).source(script)
    assert not list(script.parent.glob("*.bit")) and (script.parent / "timing.rpt").is_file()


@pytest.mark.parametrize(
    "rule", ["string-type", "jump", "ram-style-value", "implicit-net", "loop-limit", "undeclared", "parameter-missing"]
)
def test_recorded_synthesis_refuses_what_vivado_refuses(rule: str, forked: Shelled, tmp_path: Path) -> None:
    """A file that breaks a rule of the record, added to the project, ends the run with Vivado's own message."""
    bad = f"set sources {{\\n    {BAD / rule}.sv"
    script = _project(forked, tmp_path, r"set sources \{", bad)
    with pytest.raises(VivadoError, match=re.escape(RULES[rule].says)):
        Session().source(script)


@pytest.mark.parametrize("name", sorted(path.name for path in BAD.iterdir() if path.suffix in (".v", ".sv")))
def test_recorded_vivado_knows_every_rule(name: str) -> None:
    """Each file that breaks a rule ends synthesis, or the reference to its module, with what the record says."""
    rule = RULES[Path(name).stem.partition("_")[0]]
    session = Session()
    session.files = [BAD / name]
    with pytest.raises(VivadoError, match=re.escape(rule.says)):
        session._synthesise()
        module_cell("bad", "bad", session.files)


def test_a_memory_beyond_the_limit_of_a_variable(tmp_path: Path) -> None:
    """A FIFO of UltraRAM of 1.2 Mbit: the project raises the limit to what its blocks hold, and would fail without."""
    attributes = {"shape": [1, 5, 6], "lanes": 6, "dataType": "INT12", "depth": 16500, "ram_style": "ultra"}
    board = load_board("zcu104")
    design = stitch(OpBench("StreamFIFO_rtl", [OpCase(attributes, lambda x: x)]).model, tmp_path / "rtl")
    assert 16500 * 72 <= design.memory_bits < 2_000_000
    script = write_project(write_shell(design, board), board, tmp_path / "vivado")
    session = Session((board.board_part,))
    session.source(script)
    assert session.var_size_limit == design.memory_bits
    script.write_text(re.sub(r"set_param .*", "", script.read_text()))
    with pytest.raises(VivadoError, match=r"\[Synth 8-4556\].*sf_ram\.sv"):
        Session((board.board_part,)).source(script)


def test_recorded_vivado_2025_2_takes_commas() -> None:
    session = Session(version="2025.2")
    session.files = [BAD / "memory-commas.sv"]
    session._synthesise()


def test_recorded_synthesis_refuses_a_memory_file(forked: Shelled, tmp_path: Path) -> None:
    path = forked[0].folder / "build_hash.mem"
    text = path.read_text()
    path.write_text(",".join(text.split()) + "\n")
    try:
        with pytest.raises(VivadoError, match=r"usage of illegal digit.*build_hash.mem:1"):
            Session().source(_project(forked, tmp_path))
    finally:
        path.write_text(text)


def test_recorder_refuses_a_fixed_frequency(shelled: Shelled, tmp_path: Path) -> None:
    """The PS of the ZCU104 makes 166.665 MHz: a port that insists on 166.667 does not validate."""
    shell, board = shelled
    top = shell.folder / f"{shell.top}.v"
    text = top.read_text()
    top.write_text(
        text.replace("ASSOCIATED_RESET ap_rst_n", f"ASSOCIATED_RESET ap_rst_n, FREQ_HZ {board.clk_mhz * 1e6:.0f}")
    )
    try:
        session, script = Session((board.board_part,)), _project(shelled, tmp_path)
        if board.name == "zcu104":
            with pytest.raises(VivadoError, match="BD 41-237"):
                session.source(script)
        else:
            session.source(script)
    finally:
        top.write_text(text)


def test_run_gives_the_figures_of_the_reports(shelled: Shelled, vivado_on_path: Path, tmp_path: Path) -> None:
    bitstream = run_vivado(_project(shelled, tmp_path / "vivado"), shelled[1])
    assert bitstream.bit.is_file() and bitstream.handoff is not None and bitstream.handoff.is_file()
    assert bitstream.bit.stem == bitstream.handoff.stem  # PYNQ finds the second by the first
    expected = {
        "pynq-z2": {"lut": 28360, "ff": 33470, "bram36": 66.5, "dsp": 28, "uram": 0, "wns_ns": 0.265, "whs_ns": 0.012,
                    "wpws_ns": 2.75, "clk_period_ns": 8.0, "power_w": 2.041},
        "zcu104": {"lut": 42347, "ff": 51206, "bram36": 86.5, "dsp": 163, "uram": 4, "wns_ns": 0.041, "whs_ns": 0.012,
                   "wpws_ns": 1.458, "clk_period_ns": 6.0, "power_w": 4.512},
    }  # fmt: skip
    assert bitstream.figures == expected[shelled[1].name]
    assert vivado_on_path.read_text().startswith("create_project")


def test_failures_say_where(shelled: Shelled, vivado_on_path: Path, tmp_path: Path, monkeypatch) -> None:
    script = _project(shelled, tmp_path / "a", "proc_sys_reset", "proc_sys_rst")
    with pytest.raises(BitstreamError, match=r"Vivado failed, see .*vivado\.log: ERROR: .*nothing matches"):
        run_vivado(script, shelled[1])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="vivado is not on PATH"):
        run_vivado(script, shelled[1])


@pytest.mark.parametrize(
    "old, new, message",
    [
        (r"^ +0\.265 ", "     -0.313 ", "misses 125 MHz by 0.313 ns; build again with a lower --clk"),
        (r"97631        2\.750 ", "97631       -0.250 ", "misses 125 MHz by 0.25 ns"),
        (r"8\.000  ", "16.000  ", "constrained to 16 ns, asked for 8 ns"),
        (r"WNS\(ns\)", "NA", "holds no timing summary"),
    ],
)
def test_missed_clocks_are_errors(old: str, new: str, message: str, tmp_path: Path, monkeypatch) -> None:
    from finn_build.board.bitstream import vivado
    from finn_build.config import load_board

    for name in ("timing", "utilization", "power"):
        (tmp_path / f"{name}.rpt").write_text((REPORTS / f"zynq_{name}.rpt").read_text())
    timing = tmp_path / "timing.rpt"
    timing.write_text(re.sub(old, new, timing.read_text(), flags=re.MULTILINE))
    with pytest.raises(BitstreamError, match=message):
        vivado._check_timing(read_reports(tmp_path, "xc7z020clg400-1"), load_board("pynq-z2"), tmp_path)


def test_missing_rows_and_reports_are_errors(tmp_path: Path) -> None:
    with pytest.raises(BitstreamError, match=r"utilization\.rpt: Vivado left no such report"):
        read_reports(tmp_path, "xc7z020clg400-1")
    text = (REPORTS / "zynq_utilization.rpt").read_text()
    (tmp_path / "utilization.rpt").write_text(text.replace("| DSPs  ", "| DSQs  "))
    with pytest.raises(BitstreamError, match=r"utilization\.rpt: DSPs: no number"):
        read_reports(tmp_path, "xc7z020clg400-1")


def test_a_junction_too_hot_still_has_a_power(tmp_path: Path) -> None:
    text = (REPORTS / "zynqmp_power.rpt").read_text()
    (tmp_path / "power.rpt").write_text(text.replace("4.512        |", "95.342 (Junction temp exceeded!) |"))
    assert read_power(tmp_path / "power.rpt") == {"power_w": 95.342}
