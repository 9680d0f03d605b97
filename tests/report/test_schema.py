"""report.json against its schema: every key is documented, and nothing that is documented is missing."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text())


def _faults(report: object) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(report)]


def test_a_real_report_is_as_documented(classified: Path) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    report = json.loads((classified / "report.json").read_text())
    assert report["accuracy"] and report["layers"] and _faults(report) == []
    report["layers"][0]["speed"] = 1
    del report["cycles"]["ii"]
    report["throughput_fps"] = "fast"
    assert len(_faults(report)) == 3


@pytest.mark.parametrize("empty", [None, [], {}])
def test_what_is_no_report_is_refused(empty: object) -> None:
    assert _faults(empty)
