"""Windows over images of any size, and what is joined of what the network says of them."""

from dataclasses import replace

import numpy as np
import pytest
from signflow_driver.errors import InputError
from signflow_driver.inspection import Inspection, cut, judge, places

CLASSES = ("crack", "free", "rust")


@pytest.mark.parametrize(("side", "stride"), [(8, 8), (8, 5), (8, 1), (16, 12)])
@pytest.mark.parametrize("shape", [(8, 8), (16, 16), (17, 30), (41, 9), (33, 64)])
def test_windows_cover_an_image_and_stay_inside(shape: tuple[int, int], side: int, stride: int) -> None:
    if min(shape) < side:
        shape = (max(shape[0], side), max(shape[1], side))
    corners = places(*shape, Inspection(side, stride))
    covered = np.zeros(shape, int)
    for top, left in corners:
        assert 0 <= top <= shape[0] - side and 0 <= left <= shape[1] - side
        covered[top : top + side, left : left + side] += 1
    assert covered.min() >= 1 and len(np.unique(corners, axis=0)) == len(corners)
    for axis in (0, 1):
        assert np.diff(np.unique(corners[:, axis])).max(initial=0) <= stride


def test_windows_are_the_pixels_at_their_places() -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 21, 34), dtype=np.uint8)
    how = Inspection(8, 6)
    for (top, left), window in zip(places(21, 34, how), cut(image, how, 8), strict=True):
        assert np.array_equal(window, image[:, top : top + 8, left : left + 8])


def test_larger_windows_are_means_of_blocks() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 16, 16), dtype=np.uint8)
    window = cut(image, Inspection(16, 16), 4)[0, 0]
    means = image[0].reshape(4, 4, 4, 4).mean((1, 3))
    assert np.array_equal(window, np.floor(means + 0.5))


def test_an_image_smaller_than_a_window_is_reflected() -> None:
    image = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    assert cut(image, Inspection(4, 4), 4)[0, 0].tolist() == [[0, 1, 2, 2], [3, 4, 5, 5], [3, 4, 5, 5], [0, 1, 2, 2]]
    verdict = judge(np.array([[9.0, 0.0, 0.0]]), (2, 3), Inspection(4, 4), CLASSES)
    assert verdict.mask.shape == (2, 3) and verdict.mask.all()


def test_windows_see_a_black_margin_and_the_verdict_leaves_it_out() -> None:
    image = np.full((1, 5, 9), 7, np.uint8)
    how = Inspection(4, 3, threshold=2.0, margin=2)
    corners, windows = places(5, 9, how), cut(image, how, 4)
    assert corners.min() == -2 and corners.max(0).tolist() == [3, 7]  # the last end two pixels outside
    around = np.pad(image[0], 2)
    for (top, left), window in zip(corners, windows[:, 0], strict=True):
        assert np.array_equal(window, around[top + 2 : top + 6, left + 2 : left + 6])
    masks = np.where(windows > 0, 1.0, -1.0)  # the surface itself
    verdict = judge(masks, (5, 9), how, ())
    assert verdict.mask.shape == (5, 9) and verdict.mask.all() and verdict.score == 45
    small = cut(np.full((1, 1, 1), 7, np.uint8), Inspection(8, 8, margin=2), 8)[0, 0]
    assert np.argwhere(small).tolist() == [[2, 2], [2, 7], [7, 2], [7, 7]]  # margin first, then its reflection


def test_the_window_with_the_largest_margin_decides() -> None:
    logits = np.array([[1.0, 3.0, 2.0], [0.0, 1.0, 4.0], [2.0, 0.0, 1.0]])
    verdict = judge(logits, (4, 12), Inspection(4, 4, threshold=1.5), CLASSES)
    assert verdict.scores.tolist() == [-1.0, 3.0, 2.0]
    assert verdict.labels == ("free", "rust", "crack") and (verdict.label, verdict.score) == ("rust", 3.0)
    assert verdict.mask.tolist() == [[0] * 4 + [1] * 8] * 4
    assert judge(logits, (4, 12), Inspection(4, 4, threshold=3.0), CLASSES).label == "free"


def test_mean_logits_of_the_windows_decide_where_that_is_wanted() -> None:
    """Two windows that are a little rusty outweigh one that is a little cracked; the windows' own scores stay."""
    logits = np.array([[1.0, 3.0, 2.0], [0.0, 1.0, 4.0], [5.0, 1.0, 4.0]], np.float32)
    how = Inspection(4, 4, threshold=1.5, join="mean")
    verdict = judge(logits, (4, 12), how, CLASSES)
    assert (verdict.label, verdict.score) == ("rust", 5 / 3) and verdict.scores.tolist() == [-1.0, 3.0, 4.0]
    assert judge(logits, (4, 12), Inspection(4, 4, threshold=1.5), CLASSES).label == "crack"
    free = judge(logits, (4, 12), replace(how, threshold=5 / 3), CLASSES)
    assert free.label == "free" and not free.mask.any() and verdict.mask.any()  # whatever single windows say


def test_overlapping_masks_are_joined_by_the_majority() -> None:
    masks = np.full((3, 1, 4, 4), -1.0)
    masks[0, 0, :, 2:] = 1.0
    masks[1, 0, :, :2] = 1.0
    masks[2, 0, 0, 3] = 1.0
    verdict = judge(masks, (4, 8), Inspection(4, 2, threshold=8.0), ())
    assert verdict.mask.tolist() == [[0, 0, 1, 1, 0, 0, 0, 1], *[[0, 0, 1, 1, 0, 0, 0, 0]] * 3]
    assert (verdict.label, verdict.score) == ("defect", 9.0) and verdict.scores.tolist() == [8.0, 8.0, 1.0]
    assert judge(masks, (4, 8), Inspection(4, 2, threshold=9.0), ()).label == "free"


def test_masks_of_larger_windows_have_the_images_size() -> None:
    masks = -np.ones((1, 1, 2, 2))
    masks[0, 0, 0, 1] = 1
    assert judge(masks, (4, 4), Inspection(4, 4), ()).mask.tolist() == [[0, 0, 1, 1]] * 2 + [[0] * 4] * 2


def test_what_does_not_fit_is_told() -> None:
    with pytest.raises(InputError, match="side=10 is not a multiple of the network's 4 pixels"):
        cut(np.zeros((1, 20, 20), np.uint8), Inspection(10, 5), 4)
    with pytest.raises(InputError, match="join='median'; legal: max, mean"):
        Inspection(4, 4, join="median")
    with pytest.raises(InputError, match="margin=-1; legal: a number of pixels, 0 for none"):
        Inspection(4, 4, margin=-1)
    with pytest.raises(InputError, match="inspection needs a class 'free'; the network's: a, b"):
        judge(np.zeros((1, 2)), (4, 4), Inspection(4, 4), ("a", "b"))
