"""The mutator itself: what it finds, what it leaves alone, that mutants are chosen at run time, seen or not seen."""

import importlib
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from pyslang import Bag, SourceManager
from pyslang.ast import Compilation, CompilationOptions
from pyslang.syntax import SyntaxTree

from tests.mutants import python, rtl_run
from tests.mutants.__main__ import EQUIVALENT, equivalent
from tests.mutants.checks import OPS, home, others
from tests.mutants.living import give, living, pairs
from tests.mutants.mutant import Mutant
from tests.mutants.python import ROOT
from tests.mutants.python import mutants as python_mutants
from tests.mutants.rtl import mutants, schema

MODULE = """module m #(
    parameter int N = 2 + 1
) (
    input wire clk, input wire [3:0] a,
    output logic q
);
    localparam int M = N - 1;
    wire unused = a[0] & clk;
    if (N > 2) begin : g_more
        wire [3:0] b = {2{a[1:0]}} + 4'd15;
        always_ff @(posedge clk) if (a == b) q <= a[0] && !b[1];
    end
    initial q = 1'b0;
endmodule
"""


def test_what_is_found_in_rtl_and_what_is_constant(tmp_path: Path) -> None:
    path = tmp_path / "m.sv"
    path.write_text(MODULE)
    assert [mutant.name.removeprefix("m.sv: ") for mutant in mutants(path)] == [
        "{2{a[1:0]}} + 4'd15 => ({2{a[1:0]}}) - (4'd15)",
        "4'd15 => 4'd0, in wire [3:0] b = {2{a[1:0]}} + 4'd15;",
        "a == b => !(a == b)",
        "a == b => (a) != (b)",
        "q <= a[0] && !b[1]; => ;",
        "a[0] && !b[1] => (a[0]) || (!b[1])",
        "a[0] && !b[1] => ((a[0]) != 0)",
        "a[0] && !b[1] => ((!b[1]) != 0)",
        "0 => 1, in always_ff @(posedge clk) if (a == b) q <= a[0] && !b[1];",
        "!b[1] => ((b[1]) != 0), in always_ff @(posedge clk) if (a == b) q <= a[0] && !b[1];",
        "1 => 2, in always_ff @(posedge clk) if (a == b) q <= a[0] && !b[1];",
    ]


def test_mutants_of_one_file_are_chosen_by_a_number(tmp_path: Path) -> None:
    path = tmp_path / "m.sv"
    path.write_text(MODULE)
    found = {m.name.removeprefix("m.sv: ").partition(", in ")[0]: m for m in mutants(path)}
    names = ["a == b => (a) != (b)", "q <= a[0] && !b[1]; => ;", "!b[1] => ((b[1]) != 0)"]
    text = schema(MODULE, dict(enumerate((found[name] for name in names), 1)), Path("number"))
    assert 'initial $readmemh("number", sf_mutant);' in text
    assert (
        "if (((sf_mutant[0] == 1) ? ((a) != (b)) : (a == b))) begin if (!(sf_mutant[0] == 2)) "
        "q <= a[0] && ((sf_mutant[0] == 3) ? (((b[1]) != 0)) : (!b[1])); end\n"
    ) in text


def test_every_mutant_of_the_library_can_be_chosen_when_a_simulation_begins() -> None:
    manager = SourceManager()
    compilation = Compilation(Bag([CompilationOptions()]))
    for path in sorted(rtl_run.LIBRARY.rglob("*.sv")):
        text = schema(path.read_text(), dict(enumerate(mutants(path), 1)), Path("number"))
        compilation.addSyntaxTree(SyntaxTree.fromText(text, manager, path.name, path.name))
    said = compilation.getAllDiagnostics()
    assert [f"{manager.getFileName(d.location)}: {d.code}" for d in said if d.isError()] == []


def test_every_file_of_the_library_has_checks_that_look_at_it() -> None:
    homes = {path.name: home(path) for path in rtl_run.LIBRARY.rglob("*.sv")}
    assert {name: stem for name, stem in homes.items() if stem not in (*OPS, "shell", "skip")} == {}
    assert others(rtl_run.LIBRARY / "swg" / "sf_swg_core.sv") == ["bitconv", "pool", "vvau"]


def test_mutants_of_an_op_are_seen_and_what_changes_nothing_is_not(tmp_path: Path) -> None:
    path = rtl_run.LIBRARY / "split" / "sf_split.sv"
    text, before = path.read_text(), "valid && taken"
    start = text.index(before)
    line = text[:start].count("\n") + 1
    nothing = Mutant(path, line, start, start + len(before), before, "taken && valid")
    faults = mutants(path)[::4]
    assert len(faults) > 3 and rtl_run.survivors("split", [*faults, nothing], tmp_path) == [nothing]


def test_what_is_found_in_python(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text('def f(a: int = 1) -> tuple[int, 3]:\n    """2"""\n    return min(a < 2, -a) or f"{a + 1}"\n')
    assert [mutant.name.removeprefix("m.py: ").partition(", in ")[0] for mutant in python_mutants(path)] == [
        "1 => (2)",
        "min(a < 2, -a) or f\"{a + 1}\" => (min(a < 2, -a) and f'{a + 1}')",
        'min(a < 2, -a) or f"{a + 1}" => (min(a < 2, -a))',
        "min(a < 2, -a) or f\"{a + 1}\" => (f'{a + 1}')",
        "min(a < 2, -a) => (max(a < 2, -a))",
        "a < 2 => (a <= 2)",
        "2 => (3)",
        "-a => (a)",
    ]


def test_a_number_is_called_by_its_line_and_strict_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text("def f(a):\n    return zip(a[0], a[1:], strict=True)\n")
    line = "return zip(a[0], a[1:], strict=True)"
    assert [m.name for m in python_mutants(path)] == [f"m.py: {n} => ({n + 1}), in {line}" for n in (0, 1)]


def test_living_functions_get_a_fault_and_what_ran_on_import_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sf_living.py"
    path.write_text(
        "ONE = [1 for _ in range(1)]\n\n\nclass A:\n    def f(self, a: int) -> int:\n        return a + 5\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("sf_living")
    living.cache_clear()
    faults = {m.after: m for m in python_mutants(path)}
    code = pairs(faults["(a - 5)"])
    assert pairs(faults["(2)"]) is None and code is not None
    give(code, str(path))
    assert module.A().f(1) == -4


def test_tests_that_fail_without_a_fault_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    (mutant, *_) = python_mutants(ROOT / "sim" / "packing.py")
    monkeypatch.setattr(python, "looks_of", lambda _: ([], ["tests/that_is_gone.py"]))
    with pytest.raises(RuntimeError, match=r"its tests fail without a fault: tests/that_is_gone\.py"):
        python.run_python([mutant], print)


def test_the_command_counts_mutants_of_python() -> None:
    command = [sys.executable, "-m", "tests.mutants", "python", "--count", "2", "--only", "sim/packing.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    said = [line for line in done.stdout.splitlines() if "seen: line " in line]
    seen = sum(line.startswith("seen: line ") for line in said)
    assert len(said) == 2 and seen > 0 and all(": packing.py: " in line for line in said), done.stdout + done.stderr
    assert f"\n{seen} of 2 mutants seen: " in done.stdout


def test_what_is_called_equivalent_is_there_and_has_its_reason() -> None:
    texts: dict[str, str] = defaultdict(str)  # ops and their C++ have files of one name
    for path in (*ROOT.glob("**/sf_*.sv"), *(ROOT / "finn_build").rglob("*.py")):
        texts[path.name] += path.read_text()
    for name, reason in equivalent().items():
        file, change = name.split(": ", 1)
        before, _, context = change.partition(" => ")[0], *change.partition(", in ")[1:]
        assert all(" ".join(text.split()) in " ".join(texts[file].split()) for text in (before, context)), name
        assert len(reason.split()) > 3
    assert isinstance(yaml.safe_load(EQUIVALENT.read_text()), dict)
