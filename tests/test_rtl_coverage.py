from pathlib import Path

import pytest

from finn_build.dataflow.ops.finn_op import RTL_DIR
from tests.rtl_coverage import read, report


def point(page: str, count: int, **fields: str) -> str:
    """One of Verilator's lines."""
    values = {"f": f"{RTL_DIR}/sf_x.sv", "l": "3", "n": "1", "page": f"v_{page}/sf_x", "o": "block"} | fields
    return "C '" + "".join(f"\1{key}\2{value}" for key, value in values.items()) + f"' {count}\n"


def test_counts_of_all_runs_and_instances_are_summed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = point("line", 0, S="3-5,8") + point("line", 0, l="9", S="9", h="one") + point("toggle", 0, o="a[0]")
    second = point("line", 2, S="3-5,8") + point("line", 0, l="9", S="9", h="two") + point("toggle", 1, o="a[0]")
    (tmp_path / "1").write_text(first + point("toggle", 0, o="a[1]") + point("line", 7, f="top.v"))
    (tmp_path / "2").write_text("# SystemC::Coverage-3\n" + second)
    (tmp_path / "3").write_text(point("line", 1, f="/design/sf_x.sv", S="10"))  # a copy, with its licence in front
    lines, toggles = read(tmp_path)
    assert list(lines) == ["sf_x.sv"]
    assert lines["sf_x.sv"] == {("3",): 2, ("4",): 2, ("5",): 2, ("8",): 3, ("9",): 0}
    assert report(lines, toggles) == 4 / 5
    assert "lines  80.0%  toggles  50.0%  lines never reached: 9\n" in capsys.readouterr().out
