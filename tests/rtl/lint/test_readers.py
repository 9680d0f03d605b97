"""Readers of the RTL besides Verilator and Yosys: slang by itself, warnings included."""

import re
from pathlib import Path

import pytest

from finn_build.rtl import icarus
from tests.rtl.lint.slang import complaints

RTL = Path(__file__).resolve().parents[3] / "finn_build" / "rtl"


def test_slang_reads_the_library_without_a_warning() -> None:
    assert complaints(sorted(RTL.rglob("*.sv"))) == ""


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("wire b; inner i(.b(q));", "unconnected-input-port"),
        ("wire signed [3:0] s = {a, a, a, a}; assign q = s[0];", "sign-conversion"),
        ("wire [3:0] v = {a, 3'b0} >> 4; assign q = v[0];", "shift-count-overflow"),
        ("if (1) assign q = a;", "unnamed-generate"),
    ],
)
def test_a_warning_of_slang_is_told(text: str, warning: str, tmp_path: Path) -> None:
    path = tmp_path / "warned.sv"
    path.write_text(
        "module inner(input wire a, output wire b);\n    assign b = a;\nendmodule\n"
        f"module warned(input wire a, output wire q);\n    {text}\nendmodule\n"
    )
    assert f"[-W{warning}]" in complaints([path])


def test_icarus_is_asked_for_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="apt-get install iverilog"):
        icarus.read_with_icarus(tmp_path)


def test_no_argument_of_a_function_has_the_name_of_a_function() -> None:
    """Verilator looks names up in the modules above as well: in large designs its lint says that one hides another."""
    library = [path.read_text() for path in sorted(RTL.rglob("*.sv"))]
    heads = [head for text in library for head in re.findall(r"\bfunction automatic ([^;]*?(\w+)\(([^;]*)\));", text)]
    functions = {name for _, name, _ in heads}
    arguments = {part.split()[-1] for _, _, inside in heads for part in inside.split(",") if part.strip()}
    assert len(functions) > 20 and len(arguments) > 10
    assert not functions & arguments
