from math import sqrt

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, f1_score

from brevitas_models.experiments.results import Results
from brevitas_models.experiments.summary import Spread, class_metrics, markdown, operations, pixel_metrics
from brevitas_models.experiments.tables import TABLES
from brevitas_models.training.segmentation import mask_metrics


def test_metrics_of_classes_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    truth, answers = random.integers(0, 4, 200), random.integers(0, 4, 200)
    found = class_metrics(confusion_matrix(truth, answers, labels=range(5)).tolist())  # class 4 is not in test
    assert found["accuracy"] == pytest.approx(np.mean(truth == answers))
    assert found["macro_f1"] == pytest.approx(f1_score(truth, answers, average="macro"))


def test_metrics_of_masks_are_those_of_torchmetrics() -> None:
    random = np.random.default_rng(1)
    truth, answers = random.random((2, 3, 1, 8, 8)) < 0.3
    found = pixel_metrics(confusion_matrix(truth.ravel(), answers.ravel()).tolist())
    expected = mask_metrics(torch.from_numpy(answers), torch.from_numpy(truth))
    assert found == pytest.approx(expected, abs=1e-6)


def test_nothing_found_is_no_division_by_zero() -> None:
    assert pixel_metrics([[90, 0], [10, 0]])["precision"] == 0.0
    assert pixel_metrics([[100, 0], [0, 0]])["dice"] == 0.0


def test_spread_is_mean_and_sample_deviation() -> None:
    assert str(Spread((0.9, 0.8, 0.7))) == "0.8000 ± 0.1000"
    assert str(Spread((0.9,))) == "0.9000"
    assert str(Spread(())) == "not run"


def test_operations_are_at_the_papers_size() -> None:
    assert operations("bi_shufflenet", rgb=True) == pytest.approx(8.99e7, rel=3e-3)  # table 5, row X
    assert operations("lbp_svm", rgb=False) is None


def line(system: str, split: int, right: int, protocol: str = "grouped") -> dict:
    """A result on NEU with two classes, `right` of 20 images right."""
    job = {"dataset": "neu", "system": system, "protocol": protocol, "split": split, "preset": "small"}
    counts = {"test": [[right - 10, 20 - right], [0, 10]], "images": {"train": 70, "val": 10, "test": 20}}
    return {**job, **counts, "path": "float", "classes": ["a", "b"], "seconds": 1}


def test_a_table_says_what_ran_and_where_it_is_below_the_paper(tmp_path) -> None:
    results = Results(tmp_path)
    for split, right in enumerate((18, 20)):
        results.add(line("bi_shufflenet", split, right))
    results.add(line("reactnet_a", 0, 16))
    results.add(line("reactnet_a", 0, 20, protocol="paper"))  # another protocol, never blended
    text = markdown(TABLES["table2"], results, "grouped", "small", range(5))
    assert "| Bi-ShuffleNet | float | 2 | 4.13 | 0.9500 ± 0.0707 |" in text
    assert "| ReActNet-A (binary) | float | 1 | 9.36 | 0.8000 |" in text
    assert "| Resnet18 | float | 0 | 174.22 | not run |" in text
    assert "below the paper's accuracy in 2 of 2 rows; most for ReActNet-A (binary): -0.1926" in text
    assert "ahead of binary ReActNet-A holds here: +0.1000 on the same 1 split(s), at 44% of its OPs" in text
    assert "with 20 test images one standard error of this difference is 0.1118" in text


def test_several_trainings_on_a_split_stand_beside_the_table(tmp_path) -> None:
    """The table has the first; results of before there were seeds are first ones."""
    for seed, right in ((2, 14), (0, 18), (1, 16)):
        Results(tmp_path).add({**line("bi_shufflenet", 0, right), **({"seed": seed} if seed else {})})
    text = markdown(TABLES["table2"], Results(tmp_path), "grouped", "small", range(5))
    assert "| Bi-ShuffleNet | float | 1 | 4.13 | 0.9000 |" in text
    assert "Bi-ShuffleNet (float), 3 trainings on split 0: accuracy 0.8000 ± 0.1000, ± over trainings" in text


@pytest.mark.parametrize(("protocol", "images"), [("grouped", 40), ("paper", 36)])
def test_an_image_that_two_random_splits_test_counts_once(tmp_path, protocol: str, images: int) -> None:
    results = Results(tmp_path)
    for split in (0, 1):
        results.add(line("bi_shufflenet", split, 18, protocol=protocol))
        results.add(line("reactnet_a", split, 16, protocol=protocol))
    text = markdown(TABLES["table2"], results, protocol, "small", range(5))
    error = sqrt((0.9 * 0.1 + 0.8 * 0.2) / images)
    assert f"on the same 2 split(s), at 44% of its OPs; with {images} test images one standard error" in text
    assert f"of this difference is {error:.4f}" in text
