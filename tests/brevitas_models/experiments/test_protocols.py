from pathlib import Path

import numpy as np
import pytest

from brevitas_models.data.index import Row
from brevitas_models.experiments.datasets import DATASETS, DataSet, find_rows
from brevitas_models.experiments.protocols import PROTOCOLS, SPLIT_COUNT
from finn_build.errors import DataError

ROOT = Path("images")


def made_rows(images: int = 100, of_group: int = 4) -> list[Row]:
    """Two classes, in groups of overlapping images."""
    groups = [i // of_group for i in range(images)]
    return [Row(ROOT / f"{i}.png", "ab"[g % 2], f"g{g}", fold="") for i, g in enumerate(groups)]


def parts(rows: list[Row]) -> dict[str, set[str]]:
    return {split: {row.path.name for row in rows if row.split == split} for split in ("train", "val", "test")}


def test_the_papers_protocol_is_seven_to_one_to_two_at_random() -> None:
    split = parts(PROTOCOLS["paper"](ROOT, made_rows(), 0))
    assert [len(part) for part in split.values()] == [70, 10, 20]
    assert len(set.union(*split.values())) == 100
    assert split == parts(PROTOCOLS["paper"](ROOT, made_rows(), 0))
    others = [parts(PROTOCOLS["paper"](ROOT, made_rows(), number))["test"] for number in range(SPLIT_COUNT)]
    assert len({frozenset(test) for test in others}) == SPLIT_COUNT


def test_the_papers_protocol_divides_groups_and_ours_does_not() -> None:
    def divided(protocol: str) -> int:
        rows = PROTOCOLS[protocol](ROOT, made_rows(), 0)
        return sum(len({row.split for row in rows if row.group == group}) > 1 for group in {r.group for r in rows})

    assert divided("paper") > 0
    assert divided("grouped") == 0


def test_grouped_folds_test_every_image_once() -> None:
    tests = [parts(PROTOCOLS["grouped"](ROOT, made_rows(), number))["test"] for number in range(SPLIT_COUNT)]
    assert sum(map(len, tests)) == len(set.union(*tests)) == 100


def test_images_without_a_defect_are_kept_in_whole_groups(tmp_path: Path) -> None:
    lines = [f"images/{i}.png,{'free' if i < 60 else 'crack'},g{i // 3}" for i in range(90)]
    (tmp_path / "index.csv").write_text("\n".join(["path,class,group", *lines]))
    rows = find_rows(DataSet("magnetic_tile", "", free=20), tmp_path, seed=0)
    free = [row.group for row in rows if row.label == "free"]
    assert len(free) == 21 and sum(row.label == "crack" for row in rows) == 30
    assert np.unique(free, return_counts=True)[1].tolist() == [3] * 7
    assert free != [row.group for row in find_rows(DataSet("magnetic_tile", "", free=20), tmp_path, seed=1)][:21]


def test_a_folder_without_the_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text("path,class,group,mask\na.png,scratches,g0,m.png\n")
    with pytest.raises(DataError, match="no image of class 'patches'; classes: scratches"):
        find_rows(DATASETS["neu_patches"], tmp_path, seed=0)
