"""Ops, and integers and hardware of networks, are what they were; `python -m tests.records` records what was meant."""

from pathlib import Path

import pytest

from tests.records import changed, formulas, graphs, hands, ops, windows
from tests.records.record import Said, brief, differences


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("networks")


@pytest.mark.parametrize("stem", ops.OPS)
def test_ops_say_what_they_said(stem: str) -> None:
    assert not differences("ops", ops.said_of(stem), stem)


def test_windows_say_what_they_said() -> None:
    assert not differences("windows", windows.said_of_windows(), "windows")


def test_formulas_say_what_they_said() -> None:
    assert not differences("formulas", formulas.said_of_formulas(), "formulas")


@pytest.mark.parametrize("name", graphs.names())
def test_networks_are_the_same_integers(name: str, folder: Path) -> None:
    assert not differences("integers", {name: graphs.integers_of(name, folder)}, name)


@pytest.mark.parametrize("name", graphs.names())
def test_networks_become_the_same_hardware(name: str, folder: Path) -> None:
    assert not differences("streams", {name: graphs.streams_of(name, folder)}, name)


@pytest.mark.parametrize("group", range(changed.GROUPS))
def test_changed_networks_become_what_they_became(group: int, tmp_path: Path) -> None:
    assert not differences("changed", changed.said_of_changed(group, tmp_path), f"changed {group}")


@pytest.mark.parametrize("name", hands.CASES)
def test_networks_by_hand_become_the_same_hardware(name: str, tmp_path: Path) -> None:
    case = f"{name}, by hand"
    assert not differences("hands", {case: hands.hands_of(name, tmp_path)}, case)


def test_each_figure_that_differs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.records.record.recorded", lambda _: {"add 0": {"a": "1", "b": "2"}, "add 1": {}})
    now: dict[str, Said] = {"add 0": {"a": 1, "c": (2, 3)}}
    assert differences("ops", now, "add") == [
        "add 1: in one of record and tests alone",
        "add 0: b was 2, is None",
        "add 0: c was None, is 2, 3",
    ]


def test_long_figures_are_kept_as_checksums() -> None:
    assert brief([1, "x" * 30]) == "1, 30:398f8560"
