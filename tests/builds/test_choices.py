"""The benchmark of choices on a tiny set of images: real trainings, continued where they stopped, and its table."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import choices
from tests.brevitas_models.nets import write_image

TWO = {choices.SHIPPED: {}, "r = 4": {"shortcut_bits": 4}}
SHORT = ["--size", "32", "--epochs1", "1", "--epochs2", "1", "--epochs", "1", "--folds", "2"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(choices, "CHOICES", TWO)
    lines = [f"{label}{n}.png,{label},{label}{n // 2}" for label in ("dark", "light") for n in range(10)]
    for line in lines:
        write_image(tmp_path / line.split(",")[0], np.full((32, 32), 40 if "dark" in line else 200, dtype=np.uint8))
    (tmp_path / "index.csv").write_text("\n".join(["path,class,group", *lines]) + "\n")
    return tmp_path


@pytest.mark.slow
def test_what_is_measured_stays_and_the_rest_is_measured(folder: Path) -> None:
    out = folder / "out"
    command = ["--data", str(folder), "--out", str(out), *SHORT]
    choices.main(command)
    results = out / "results.jsonl"
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    assert [(row["fold"], row["choice"]) for row in rows] == [(2, choice) for choice in TWO]
    assert all(row["images"] == 4 and 0 <= row["test"] <= 1 for row in rows)
    trainings = [torch.load(path, weights_only=True)["config"] for path in sorted(out.glob("fold2/*/last.pt"))]
    assert [run["overrides"].get("shortcut_bits") for run in trainings] == [None, 4, None]
    assert [run["init"] for run in trainings] == [str(out / "fold2" / "base" / "best.pt")] * 2 + [""]
    assert {run["fold"] for run in trainings} == {2}
    results.write_text(json.dumps(rows[0]) + "\n")
    choices.main(command)
    assert [json.loads(line) for line in results.read_text().splitlines()] == rows
    with pytest.raises(SystemExit, match="choose another --out for other settings"):
        choices.main([*command, "--seed", "1"])


def row(fold: int, choice: str, test: float, images: int) -> choices.Row:
    return {"fold": fold, "choice": choice, "train": 1.0, "val": 0.5, "test": test, "images": images}


def test_table_of_complete_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "CHOICES", TWO)
    rows = [row(0, choices.SHIPPED, 0.5, 100), row(0, "r = 4", 0.75, 100)]
    rows += [row(3, choices.SHIPPED, 0.75, 300), row(3, "r = 4", 0.875, 300), row(4, "r = 4", 0.0, 1000)]
    head, _, shipped, other = choices.table(rows).splitlines()
    assert head.startswith("| choice, folds 0, 3 |")
    assert shipped.split(" | ")[3:] == ["0.6250 ± 0.1768", "0.6875 ± 0.0232 of 400", " |"]
    assert other.split(" | ")[3:] == ["0.8125 ± 0.0884", "0.8438 ± 0.0182 of 400", "+0.1875 ± 0.0625 |"]
