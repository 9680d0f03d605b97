"""Each rule of the lint has a file that breaks it, and only it; the library breaks none."""

import re
from pathlib import Path

import pytest

from finn_build.rtl.lint import RULES, VERSIONS, lint

ROOT = Path(__file__).resolve().parents[3]
RTL = ROOT / "finn_build" / "rtl"
BAD = Path(__file__).parent / "bad"


FILES = sorted(p.name for p in BAD.iterdir() if p.suffix in (".v", ".sv"))  # <rule>[_<variant>].sv


def _rule(name: str) -> str:
    return Path(name).stem.partition("_")[0]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_breaks_a_rule_is_found(name: str) -> None:
    rule = _rule(name)
    top = "bad" if rule.startswith("block-design") else None
    findings = lint([BAD / name], top, memories=BAD, block_design=True)
    assert {f.rule.id for f in findings} == {rule}, "\n".join(map(str, findings))
    assert all(f.line >= 1 and RULES[rule].says in str(f) for f in findings)


def test_every_rule_has_a_file() -> None:
    assert {_rule(name) for name in FILES} == set(RULES)


def test_the_library_breaks_no_rule() -> None:
    found = lint(sorted(RTL.rglob("*.sv")))
    assert not found, "\n".join(map(str, found))


def test_constructs_of_both_languages_pass_where_they_belong(tmp_path: Path) -> None:
    """What is refused in a .v file is none in a .sv file."""
    path = tmp_path / "good.sv"
    path.write_text((BAD / "verilog-type.v").read_text())
    assert not lint([path])


def _rows() -> list[list[str]]:
    lines = (ROOT / "docs" / "vivado.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:2] == "| "]
    return [row for row in rows if row[0].isdigit()]


ROWS = _rows()
RULES_OF_ROWS = [(int(row[0]), name) for row in ROWS for name in re.findall(r"(?<!allowed by )`([a-z0-9-]+)`", row[-1])]


def test_the_record_names_every_rule() -> None:
    """Rules and rows of docs/vivado.md are the same set, and each row has a source."""
    assert len(ROWS) >= 60
    assert [int(row[0]) for row in ROWS] == list(range(1, len(ROWS) + 1))
    assert all(len(row) == 7 and all(row) for row in ROWS)
    assert {name for _, name in RULES_OF_ROWS} == set(RULES)
    since = dict(found for row in ROWS for found in re.findall(r"`([a-z-]+)` from (\d+\.\d)", row[-1]))
    assert since == {rule.id: rule.since for rule in RULES.values() if rule.since != VERSIONS[0]}


@pytest.mark.parametrize(("row", "name"), RULES_OF_ROWS)
def test_a_rule_says_what_its_row_says_that_vivado_prints(row: int, name: str) -> None:
    """The recorded synthesis fails with the rule's words, so with the row's."""
    assert RULES[name].says in ROWS[row - 1][2].replace("`", ""), (row, ROWS[row - 1][2])


@pytest.mark.parametrize(("name", "last_to_take_it"), [("memory-commas.sv", "2025.2"), ("dynamic-cast.sv", "2022.2")])
def test_a_version_of_vivado_is_asked_for(name: str, last_to_take_it: str) -> None:
    """Commas in memory files are taken before 2026.1, $cast before 2023.1; one version later they are found."""
    later = VERSIONS[VERSIONS.index(last_to_take_it) + 1]
    assert lint([BAD / name], memories=BAD, version=later)
    assert not lint([BAD / name], memories=BAD, version=last_to_take_it)
