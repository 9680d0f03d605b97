import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from finn_build.board.bitstream.report import add_reports, main, side_by_side
from finn_build.board.bitstream.reports import read_reports
from finn_build.errors import BitstreamError

_REPORTS = Path(__file__).parent / "reports"
_AREA = {"lut": 30000, "ff": 33000, "bram36": 66.5, "dsp": 28, "uram": 0}
_PART = "xc7z020clg400-1"
_SHEET = {
    "part": _PART,
    "clk_mhz": 125,
    "resources": {"estimate": _AREA, "yosys": _AREA | {"lut": 29000}, "vivado": None},
    "timing": {"worst_ns": 6.4, "mhz": 156.25},
}


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """Output folder of a build, with the reports of a run elsewhere."""
    (tmp_path / "report.json").write_text(json.dumps(_SHEET))
    for path in _REPORTS.glob("zynq_*.rpt"):
        (tmp_path / "vivado").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "vivado" / path.name.removeprefix("zynq_"))
    return tmp_path


def test_the_figures_go_into_the_sheet(build: Path) -> None:
    report = add_reports(build)
    assert report["resources"]["vivado"]["lut"] == 28360 and report["resources"]["vivado"]["wns_ns"] == 0.265
    assert json.loads((build / "report.json").read_text()) == report


def test_estimates_stand_beside_what_was_routed(build: Path) -> None:
    rows = {what: figures for what, *figures in side_by_side(add_reports(build))}
    assert rows["LUT"] == [30000, 29000, 28360]
    assert rows["longest path, ns"] == [None, 6.4, 7.735] and rows["highest clock, MHz"] == [None, 156.25, 129.28]


def _of_2020(text: str) -> str:
    """The tables of Vivado 2020.2, which have no column of prohibited sites."""
    return re.sub(r"\| +Prohibited +(\|.*)|\| +0 (\| +\d+ \| +\d+\.\d\d \|)", r"\1\2", text)


def _of_2024(text: str) -> str:
    """The header of Vivado 2024.2 on a host with a name of its own, and a clock that another one generates."""
    header = "Copyright 1986-2022 Xilinx, Inc. All Rights Reserved. Copyright 2022-2024 Advanced Micro Devices, Inc.\n"
    clocks = r"clk_in   {0.000 25.000}  50.000   20.000\n  \1 "
    return f"{header}| Host : M\xfcller running 64-bit\n" + re.sub(
        r"^(clk_\w+ +\{.*)", clocks, text, flags=re.MULTILINE
    )


@pytest.mark.parametrize("layout", [_of_2020, _of_2024])
@pytest.mark.parametrize("family", ["zynq", "zynqmp"])
def test_older_and_newer_layouts_say_the_same(
    build: Path, layout: Callable[[str], str], family: str, tmp_path: Path
) -> None:
    for name in ("timing", "utilization", "power"):
        text = (_REPORTS / f"{family}_{name}.rpt").read_text()
        (tmp_path / "vivado" / f"{name}.rpt").write_text(text)
    part = {"zynq": _PART, "zynqmp": "xczu7ev-ffvc1156-2-e"}[family]
    as_recorded = read_reports(tmp_path / "vivado", part)
    for path in (tmp_path / "vivado").iterdir():
        other = layout(path.read_text())
        assert path.stem != "utilization" or ("Prohibited" in other) == (layout is _of_2024)
        path.write_bytes(other.replace("\n", "\r\n").encode("latin-1"))
    assert read_reports(tmp_path / "vivado", part) == as_recorded


def test_a_build_without_estimates_of_clock_and_area(build: Path, capsys: pytest.CaptureFixture) -> None:
    sheet = _SHEET | {"resources": _SHEET["resources"] | {"yosys": None}, "timing": None}
    (build / "report.json").write_text(json.dumps(sheet))
    assert main([str(build)]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"LUT +30,000 +28,360 +\+5\.8%", shown) and re.search(r"highest clock, MHz +129\.28", shown)


def test_a_folder_that_is_no_build(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(
        BitstreamError, match=r"holds no report\.json or estimate\.json; give the output folder of a build"
    ):
        add_reports(tmp_path)
    assert main([str(tmp_path)]) == 1 and capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize("sheet", ["{", "[]", "{}", '{"resources": {"estimate": {"lut": 1}, "yosys": null}}'])
def test_a_sheet_of_something_else(build: Path, sheet: str) -> None:
    (build / "report.json").write_text(sheet)
    with pytest.raises(BitstreamError, match=r"report\.json: not the figures of a build; build again"):
        add_reports(build)
    assert (build / "report.json").read_text() == sheet


@pytest.mark.parametrize(
    ("figure", "other", "told"),
    [
        ("0.265", "  inf", "WNS: no number but 'inf'"),  # no path is constrained
        ("0.265", "   NA", "WNS: no number but 'NA'"),
        ("0.265", "8.000", "WNS of 8 ns leaves nothing of a period of 8 ns"),
        ("WHS(ns)", "WNS(ns)", "WHS: no number but None"),  # of a report of setup alone
    ],
)
def test_a_timing_report_without_a_figure(build: Path, figure: str, other: str, told: str) -> None:
    path = build / "vivado" / "timing.rpt"
    path.write_text(path.read_text().replace(figure, other))
    with pytest.raises(BitstreamError, match=re.escape(told)):
        read_reports(build / "vivado", _PART)


def test_a_slack_below_zero_is_a_figure(build: Path) -> None:
    path = build / "vivado" / "timing.rpt"
    path.write_text(path.read_text().replace(" 0.265", "-0.265"))
    assert ["longest path, ns", None, 6.4, 8.265] in [list(row) for row in side_by_side(add_reports(build))]


def test_a_slack_below_zero_is_told(build: Path, capsys: pytest.CaptureFixture) -> None:
    path = build / "vivado" / "timing.rpt"
    path.write_text(path.read_text().replace(" 0.265", "-0.265"))
    assert main([str(build)]) == 0
    assert "The clock is missed: setup slack of -0.265 ns at 8 ns" in capsys.readouterr().out


def _with_a_clock(text: str, period: str, slack: str) -> str:
    """A second clock beside ours, with a slack of its own."""
    text = re.sub(r"^(clk_fpga_0 +\{.*)", rf"\1\nclk_other {{0.000 1.000}} {period} 500.000", text, flags=re.MULTILINE)
    return re.sub(r"^(clk_fpga_0 +0\.265.*)", rf"\1\nclk_other {slack} 0.000 0 1", text, flags=re.MULTILINE)


def test_a_clock_that_was_not_asked_for_is_told(build: Path, capsys: pytest.CaptureFixture) -> None:
    (build / "report.json").write_text(json.dumps(_SHEET | {"clk_mhz": 150}))
    assert main([str(build)]) == 0
    assert "Constrained to 8 ns (125.0 MHz); the build is for 150 MHz" in capsys.readouterr().out


def test_the_period_is_that_of_the_clock_of_the_worst_slack(build: Path) -> None:
    path = build / "vivado" / "timing.rpt"
    text = path.read_text()
    path.write_text(_with_a_clock(text, "4.000", "1.500"))
    assert read_reports(build / "vivado", _PART)["clk_period_ns"] == 8
    path.write_text(_with_a_clock(text, "4.000", "0.265"))
    with pytest.raises(BitstreamError, match=r"WNS of 0\.265 ns is of none or several of clk_fpga_0, clk_other"):
        read_reports(build / "vivado", _PART)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("xc7z020clg400-1", "xczu7ev-ffvc1156-2-e", "of xczu7ev-ffvc1156-2-e; the build is for xc7z020clg400-1"),
        (": Routed", ": Synthesized", "of a design that is Synthesized, not routed; report the implemented one"),
        ("Slice LUTs ", "Instance   ", "by hierarchy; wanted is what `report_utilization` says without -hierarchical"),
    ],
)
def test_a_utilization_report_of_something_else(build: Path, right: str, wrong: str, told: str) -> None:
    path = build / "vivado" / "utilization.rpt"
    path.write_text(path.read_text().replace(right, wrong))
    with pytest.raises(BitstreamError, match=re.escape(told)):
        add_reports(build)


def test_power_may_be_missing(build: Path, capsys: pytest.CaptureFixture) -> None:
    (build / "vivado" / "power.rpt").unlink()
    assert main([str(build)]) == 0 and "No power.rpt" in capsys.readouterr().out
    assert json.loads((build / "report.json").read_text())["resources"]["vivado"].get("power_w") is None


def test_a_missing_report(build: Path) -> None:
    (build / "vivado" / "timing.rpt").unlink()
    with pytest.raises(BitstreamError, match=r"timing\.rpt: Vivado left no such report"):
        add_reports(build)
    assert json.loads((build / "report.json").read_text()) == _SHEET
