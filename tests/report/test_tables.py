"""The sheet on a terminal: a line an op, however narrow; in a file a line a sentence."""

import json
from io import StringIO
from pathlib import Path

from rich.console import Console

from finn_build.report.tables import print_report

LAYER = "stages.0." * 6 + "conv"


def _said(classified: Path, width: int, terminal: bool) -> list[str]:
    report = json.loads((classified / "report.json").read_text()) | {"not_run": ["x " * 100]}
    report["layers"] = [row | {"layer": LAYER} for row in report["layers"]]
    file = StringIO()
    print_report(report, Console(file=file, width=width, force_terminal=terminal, color_system=None))
    return file.getvalue().splitlines()


def test_a_narrow_terminal_has_a_line_for_each_op(classified: Path) -> None:
    layers = json.loads((classified / "report.json").read_text())["layers"]
    for width in (80, 200):
        said = _said(classified, width, terminal=True)
        heads, rows = said[1].split(), said[2 : 2 + len(layers)]
        assert [row.split()[0] for row in rows] == [row["name"] for row in layers]
        assert all(len(line) <= width for line in said) and (LAYER in rows[0]) == (width == 200)
        assert {"predicted", "rtlsim", "LUT"} <= set(heads) and not {"Yosys", "ns"} & set(heads)


def test_a_file_has_a_line_for_each_sentence(classified: Path) -> None:
    assert any(line.startswith("Not run: x") and len(line) > 200 for line in _said(classified, 132, terminal=False))
