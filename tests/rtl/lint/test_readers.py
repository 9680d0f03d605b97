"""Readers of the RTL besides Verilator and Yosys: slang by itself, warnings included. Icarus is run by hand."""

from pathlib import Path

import pytest
from pyslang import driver

from finn_build.rtl import icarus

RTL = Path(__file__).resolve().parents[3] / "finn_build" / "rtl"
# A vector shifted by its whole width is zero, and meant: the last group leaves nothing behind.
OPTIONS = "-Wdefault -Wno-shift-count-overflow -Werror -DSYNTHESIS -U__slang__"


def _accepts(*files: Path) -> bool:
    slang = driver.Driver()
    slang.addStandardArgs()
    line = f"slang {OPTIONS} {' '.join(map(str, files))}"
    assert slang.parseCommandLine(line, driver.CommandLineOptions()) and slang.processOptions()
    assert slang.parseAllSources()
    compilation = slang.createCompilation()
    slang.reportCompilation(compilation, True)
    return bool(slang.reportDiagnostics(True))


def test_slang_reads_the_library_without_a_warning() -> None:
    assert _accepts(*sorted(RTL.rglob("*.sv")))


def test_a_warning_of_slang_is_an_error_here(tmp_path: Path) -> None:
    """Another file with one of its default warnings: a connection that is not there."""
    path = tmp_path / "open.sv"
    path.write_text(
        "module inner(input wire a, output wire b);\n    assign b = a;\nendmodule\n"
        "module open(output wire q);\n    inner i(.b(q));\nendmodule\n"
    )
    assert not _accepts(path)


def test_icarus_is_asked_for_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="apt-get install iverilog"):
        icarus.read_with_icarus(tmp_path)
