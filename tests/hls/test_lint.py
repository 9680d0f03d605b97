"""What Vitis HLS does not synthesise is found; the library of the HLS back end holds none of it."""

import re
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from finn_build.errors import LintError
from finn_build.hls.design import LIBRARY, HlsDesign
from finn_build.hls.lint import RECURSION, RULES, WIDEST, lint_cpp
from finn_build.hls.steps import write_cpp

BAD = {
    "allocation": "int f(int n) {\n    int* x = new int[n];\n    return x[0];\n}\n",
    "template-library": "#include <vector>\n",
    "system-call": 'void f(int x) {\n    printf("%d", x);\n}\n',
    "long-double": "std::complex<long double> z;\n",
    "wide-word": "ap_uint<32769> row;\n",
    "wide-stream": "hls::stream<ap_uint<4097> > s;\n",
    "resource-pragma": "#pragma HLS RESOURCE variable=x core=RAM_1P\n",
    "style-option": "#pragma HLS PIPELINE II=1 -style=flp\n",
    "pipeline-interval": "#pragma HLS PIPELINE style=flp\n",
    "dependence-distance": "#pragma HLS DEPENDENCE variable=x type=inter direction=RAW distance=N true\n",
    "false-dependence": "#pragma HLS DEPENDENCE variable=x type=inter false\n",
    "main": "int main() {\n    return 0;\n}\n",
    "function-pointer": "typedef int (*step)(int);\n",
    "virtual-function": "struct A {\n    virtual int f() const = 0;\n};\n",
    "pointer-cast": "long f(const A* a) {\n    return *reinterpret_cast<const long*>(a);\n}\n",
    "rolled-loop": "void f(int x[9]) {\n    for (int i = 0; i < 9; ++i) {\n        x[i] = 0;\n    }\n}\n",
    "rolled-loop_line": "void f(int x[9]) {\n    while (x[0] > 3) --x[0];\n}\n",
    "recursion": "int f(int n) {\n    return n < 2 ? 1 : n * f(n - 1);\n}\n",
}


def test_every_rule_has_a_file() -> None:
    assert {name.partition("_")[0] for name in BAD} == {*RULES, *WIDEST, "recursion"}


@pytest.mark.parametrize("rule", BAD)
def test_a_file_that_breaks_a_rule_is_found(rule: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.cpp"
    path.write_text(BAD[rule])
    found = lint_cpp(path)
    assert len(found) == 1 and f": {rule.partition('_')[0]}: " in found[0], found


def test_a_rule_says_what_its_row_says() -> None:
    """Of docs/vivado.md, each rule in one row."""
    lines = (Path(__file__).parents[2] / "docs" / "vivado.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if re.match(r"\| H\d+ \|", line)]
    assert [row[0] for row in rows] == [f"H{n}" for n in range(1, len(rows) + 1)] and all(len(row) == 6 for row in rows)
    says = {rule: told[-1] for rule, told in {**RULES, **WIDEST}.items()} | {"recursion": RECURSION}
    named = {row[5].strip("`"): row[2].replace("`", "") for row in rows if row[5] != "–"}
    assert named.keys() == says.keys()
    assert not [rule for rule in says if says[rule] not in named[rule]]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("pipeline-interval", "#pragma HLS pipeline"),
        ("false-dependence", "#pragma HLS dependence variable=x inter false"),
        ("resource-pragma", "#pragma HLS resource variable=x core=RAM"),
        ("template-library", "#include <array>"),
        ("template-library", "#include <unordered_map>"),
        ("template-library", "#include <bits/stdc++.h>"),
        ("allocation", "auto p = std::make_unique<int>(3);"),
        ("system-call", "void f() { sleep(1); }"),
        ("function-pointer", "std::function<int(int)> f;"),
        ("pointer-cast", "B *p = (B *)q;"),
        ("pointer-cast", "auto p = static_cast<B *>(q);"),
        ("recursion", "int g(int n);\nint f(int n) {\n    return g(n);\n}\nint g(int n) {\n    return f(n);\n}"),
    ],
)
def test_other_spellings_are_found(rule: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.cpp"
    path.write_text(code + "\n")
    found = lint_cpp(path)
    assert found and all(f": {rule}: " in line for line in found), found


def test_what_only_simulation_compiles_passes(tmp_path: Path) -> None:
    path = tmp_path / "good.cpp"
    path.write_text(
        "#ifndef __SYNTHESIS__\n#include <vector>\n#endif\n// new int[3]\n"
        "ap_uint<32768> row;\nhls::stream<ap_uint<4096> > s;\n#pragma HLS PIPELINE II=1 style=flp\n"
    )
    assert not lint_cpp(path)


def test_the_library_holds_none_of_it() -> None:
    found = [line for path in sorted(LIBRARY.glob("*.h")) for line in lint_cpp(path)]
    assert LIBRARY.is_dir() and not found, "\n".join(found)


def test_a_build_stops_at_what_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--lint vivado` alone; the C++ is written either way."""
    sources = (tmp_path / "process.cpp", tmp_path / "accelerator.cpp")
    sources[0].write_text(BAD["resource-pragma"])
    sources[1].write_text("")
    (tmp_path / "accelerator.h").write_text("")
    design = HlsDesign(tmp_path, sources, (), (), (), {}, {})
    monkeypatch.setattr("finn_build.hls.steps.write_hls", lambda *given: design)
    for lint in ("", "2026.1"):
        build = SimpleNamespace(lint=lint, streams=None, board=None, out=tmp_path, not_run=[])
        refused = pytest.raises(LintError, match=r"1 place.*\n +process\.cpp:1: resource-pragma")
        with refused if lint else nullcontext():
            write_cpp(build, lambda fraction: None)  # type: ignore[arg-type]
        assert build.cpp is design
