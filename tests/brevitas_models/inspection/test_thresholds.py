import numpy as np
import pytest

from brevitas_models.inspection.thresholds import Scores, standard_error
from finn_build.errors import DataError


def scores(free: list[float], defects: list[float]) -> Scores:
    return Scores(np.array(free + defects), np.array([False] * len(free) + [True] * len(defects)))


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 0.5, 0.99])
def test_no_more_false_alarms_than_wanted_and_no_lower_threshold_has_so_few(rate: float) -> None:
    random = np.random.default_rng(0)
    of = scores(random.normal(0, 1, 37).round(1).tolist(), random.normal(1, 1, 20).round(1).tolist())
    point = of.choose(rate)
    assert point == of.at(point.threshold) and point.false_alarms <= rate
    lower = [of.at(value - 1e-6) for value in of.values if value - 1e-6 < point.threshold]
    assert all(other.false_alarms > rate or other.found == point.found for other in lower)


def test_threshold_lies_between_scores() -> None:
    assert scores([1.0, 2.0], [4.0]).choose(0.0).threshold == 3.0
    assert scores([1.0, 2.0], [4.0]).choose(0.5).threshold == 1.5
    assert scores([1.0, 5.0], [4.0]).choose(0.0) == scores([1.0, 5.0], [4.0]).at(5.0)


def test_points_count_images() -> None:
    point = scores([0.0, 1.0, 2.0, 3.0], [2.5, 9.0]).at(1.5)
    assert (point.false_alarms, point.found) == (0.5, 1.0)


def test_curves() -> None:
    of = scores([0.0, 2.0], [1.0, 3.0])
    assert of.roc()[2] == 0.75
    assert of.precision_recall()[2] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert [point.false_alarms for point in of.table((0.0, 0.5))] == [0.0, 0.5]


def test_images_of_one_kind_alone_have_no_threshold() -> None:
    with pytest.raises(DataError, match="images with and without a defect; of 2 have 2"):
        scores([], [1.0, 2.0])


def test_error_of_a_share_counts_groups_and_not_their_images() -> None:
    alarms, alone = np.arange(20) % 4 == 0, [str(number) for number in range(20)]
    assert standard_error(alarms, alone) == pytest.approx(np.sqrt(0.25 * 0.75 / 19))
    assert standard_error(alarms.repeat(6), np.repeat(alone, 6).tolist()) == pytest.approx(np.sqrt(0.25 * 0.75 / 19))
    assert np.isnan(standard_error(alarms, ["one tile"] * 20))


def test_error_of_a_share_is_how_far_shares_of_other_tiles_lie() -> None:
    random = np.random.default_rng(0)
    drawn = [
        (np.arange(12).repeat(counts), (random.random(12) < 0.4).repeat(counts))
        for counts in random.integers(4, 8, (2000, 12))
    ]
    errors = [standard_error(alarms, groups.astype(str).tolist()) for groups, alarms in drawn]
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(
        np.std([alarms.mean() for _, alarms in drawn]), rel=0.05
    )
